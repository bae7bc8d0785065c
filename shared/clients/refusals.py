"""Error answers of the models, in all their shapes, as typed errors.

The shapes: the Azure gateway's `{"error": {"code", "message"}}`, Mistral's flat `{"object": "error", "message", "type",
"code"}` whose message may be `{"detail": [...]}`, FastAPI's bare `{"detail": [...]}` or `{"detail": "…"}`, the
`/models` routes' flat `{"status", "code", "detail", "message"}` or `{"error": {"code", "message", "target",
"details"}}`, Cohere's bare `{"message"}`, and anything that is not JSON. Status and code decide; words only explain,
for services reuse words like "content policy" for quite different things.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.clients.retry_after import retry_after
from shared.errors import (
    Blocked,
    DarkroomError,
    Invalid,
    NotDeployed,
    Refused,
    Throttled,
    TooLarge,
    Unauthorised,
    Unavailable,
    Unsupported,
)

_LONGEST_WORDS = 400
_RETRYABLE = frozenset({408, 409, 425, 500, 502, 503, 504})
_FILTERS = frozenset(
    {
        "contentfilter",
        "content_filter",
        "content_policy_violation",
        "moderation_blocked",
        "responsibleaipolicyviolation",
    }
)
_USERS = frozenset(
    {
        "image_generation_user_error",
        "invalid_request_error",
        "invalid_value",
        "parameter_not_supported",
        "unknown_parameter",
    }
)
_LIMITS = frozenset({"429", "rate_limit_exceeded", "rate_limited", "too_many_requests"})
_TOO_MANY_PAGES = "3730"
_DAMAGED_FILE = "3310"


@dataclass(frozen=True)
class Refusal:
    """An error answer taken apart: what the service called it, its words, and the fields it will not have."""

    status: int
    codes: frozenset[str]
    words: str
    unknown_fields: tuple[str, ...]
    moderation: str = ""

    @classmethod
    def read(cls, status: int, body: bytes) -> "Refusal":
        """Take an error body apart; one that is no JSON object gives no words."""
        try:
            parsed = json.loads(body)
        except (ValueError, RecursionError):
            parsed = None
        return cls.of(status, parsed)

    @classmethod
    def of(cls, status: int, parsed: Any) -> "Refusal":
        """An error that was read as JSON already; one that is no object gives no words."""
        outer = parsed if isinstance(parsed, dict) else {}
        inner = outer["error"] if isinstance(outer.get("error"), dict) else outer
        message = inner.get("message")
        problems = _problems(inner)
        words = _words(message or inner.get("detail"), problems)
        codes = {str(inner.get(k)).lower() for k in ("code", "type") if inner.get(k) is not None}
        unknown = tuple(_field(p) for p in problems if p.get("type") == "extra_forbidden")
        return cls(
            status,
            frozenset(codes | _inner_codes(inner)),
            " ".join(words.split())[:_LONGEST_WORDS],
            unknown,
            _moderation(inner),
        )

    def error(self, deployment: str, headers: Mapping[str, str], now: datetime) -> DarkroomError:
        """The typed error that this answer is."""
        said = f": {self.words}" if self.words else "."
        if self.status == 429:
            pause = retry_after(headers, self.words, now)
            return Throttled(f"The deployment {deployment} asks for a pause (429).", after=pause)
        if self.status in _RETRYABLE or self.status >= 500:
            pause = retry_after(headers, self.words, now)
            return Unavailable(f"The deployment {deployment} did not answer (HTTP {self.status}).", after=pause)
        if self.status in (401, 402, 403, 404):
            return self._for_the_operator(deployment, said)
        if self.codes & _FILTERS:
            return Refused(f"A content filter refused the request{self.moderation}{said}")
        return self._permanent(deployment, said)

    def without_status(self, deployment: str, now: datetime) -> DarkroomError:
        """The typed error that an error within a success or a stream is; no status tells, so its code must."""
        if self.codes & _FILTERS or self.codes & _USERS:
            return self.error(deployment, {}, now)
        status = 429 if self.codes & _LIMITS else 500
        return Refusal(status, self.codes, self.words, (), self.moderation).error(deployment, {}, now)

    def _for_the_operator(self, deployment: str, said: str) -> DarkroomError:
        if self.status == 402:
            return Blocked(f"The budget of the deployment {deployment} is spent{said}")
        if self.status == 403 and "blocked" in self.words.lower():
            return Blocked(f"The service has blocked the whole resource of {deployment}{said}")
        if self.status == 404:
            return _not_deployed(deployment, self.codes, said)
        return _unauthorised(deployment, self.status, self.words, said)

    def _permanent(self, deployment: str, said: str) -> DarkroomError:
        if self.unknown_fields:
            names = ", ".join(self.unknown_fields)
            return Unsupported(f"The deployment {deployment} does not know {names}.", fields=self.unknown_fields)
        if self.status == 413 or _TOO_MANY_PAGES in self.codes:
            return TooLarge(f"The deployment {deployment} takes no request of this size{said}")
        if _DAMAGED_FILE in self.codes:
            return Invalid(
                f"The model cannot read the file; it is damaged or of an unsupported kind{said}", code="damaged"
            )
        return Invalid(f"The deployment {deployment} refused the request (HTTP {self.status}){said}")


def error_within(told: Any, deployment: str, now: datetime) -> DarkroomError | None:
    """The typed error that the JSON of a success or of an event is, as Microsoft's reference shows them; else None."""
    if not isinstance(told, dict):
        return None
    if not isinstance(told.get("error"), dict) and not {"code", "message"} <= told.keys():
        return None
    return Refusal.of(400, told).without_status(deployment, now)


def _not_deployed(deployment: str, codes: frozenset[str], said: str) -> NotDeployed:
    if codes & {"deploymentnotfound", "unknown_model"}:
        return NotDeployed(
            f"The endpoint has no deployment named {deployment}{said}",
            remedy="Deploy the model under this name, or name the deployment in the setting or the message.",
        )
    return NotDeployed(
        f"The endpoint has no such route for {deployment} (404){said}",
        remedy="Check the endpoint's address and route in the settings: Foundry and serverless ones differ.",
    )


def _unauthorised(deployment: str, status: int, words: str, said: str) -> Unauthorised:
    if "audience" in words.lower():
        return Unauthorised(
            f"The token for {deployment} is not accepted (HTTP {status}){said}",
            remedy="Its audience comes from the scope setting; try https://ai.azure.com/.default instead of "
            "https://cognitiveservices.azure.com/.default or the other way round.",
        )
    return Unauthorised(
        f"The key or identity for {deployment} is not accepted (HTTP {status}){said}",
        remedy="Check the key; with Microsoft Entra ID give the identity the role Cognitive Services User, and wait "
        "ten minutes.",
    )


def _moderation(error: Mapping[str, Any]) -> str:
    """At what stage a filter refused, and for what, where the answer tells: ` (input: violence)`."""
    details = error.get("moderation_details")
    if isinstance(details, dict):
        stage, categories = details.get("moderation_stage"), details.get("categories")
    else:
        inner = error.get("inner_error") or error.get("innererror")
        results = (
            inner.get("content_filter_results") or inner.get("content_filter_result") if isinstance(inner, dict) else {}
        )
        filters = results.items() if isinstance(results, dict) else ()
        stage = None
        categories = [name for name, found in filters if isinstance(found, dict) and found.get("filtered")]
    names = ", ".join(str(name)[:40] for name in categories[:10]) if isinstance(categories, list) else ""
    told = ": ".join(part for part in (str(stage)[:40] if stage else "", names) if part)
    return f" ({told})" if told else ""


def _inner_codes(error: Mapping[str, Any]) -> set[str]:
    inner = error.get("inner_error") or error.get("innererror")
    return {str(inner.get("code")).lower()} if isinstance(inner, dict) else set()


def _problems(error: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What was wrong with which field, wherever a shape has it."""
    message = error.get("message")
    places = [message.get("detail") if isinstance(message, dict) else None, error.get("detail"), error.get("details")]
    found = [one for place in places for one in (place if isinstance(place, list) else [place])]
    return [one for one in found if isinstance(one, dict)] or [{"target": error.get("target")}]


def _field(problem: Mapping[str, Any]) -> str:
    place = problem.get("loc") or problem.get("target")
    where = [str(step) for step in (place if isinstance(place, list) else [place]) if step not in ("body", None)]
    return re.sub(r"[^A-Za-z0-9_.\[\]-]", "", ".".join(where))[:80]


def _words(message: Any, problems: list[dict[str, Any]]) -> str:
    sentences = "; ".join(filter(None, map(_sentence, problems)))
    if not isinstance(message, str):
        return sentences
    return f"{message} ({sentences})" if sentences else message


def _sentence(problem: Mapping[str, Any]) -> str:
    return f"{_field(problem)}: {problem.get('msg') or problem.get('message') or ''}".strip(": ")
