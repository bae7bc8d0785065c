"""The safety system: it refuses prompts that carry a mark, each in one of the shapes that the service sends."""

import re
from collections.abc import Callable

from local.foundry.errors import ServiceError
from local.foundry.images import refusals

_MARK = re.compile(r"\[\[refuse:(\w+)\]\]")
_OUTPUT_MARK = "[[refuse-output]]"
_REJECTED = (
    "Your request was rejected as a result of our safety system. Your prompt may contain text that is not allowed by "
    "our safety system."
)
_KINDS = ("hate", "sexual", "violence", "self_harm")


def check_prompt(prompt: str, created: int) -> None:
    """Raise the refusal that a mark such as `[[refuse:violence]]` asks for; see docs/emulator.md for the marks."""
    mark = _MARK.search(prompt)
    if mark is None:
        return
    by_name: dict[str, Callable[[], ServiceError]] = {
        "content_policy_violation": lambda: refusals.against_policy(_REJECTED, filters("jailbreak"), prompt),
        "contentFilter": lambda: refusals.filtered(created, "Your task failed as a result of our safety system."),
    }
    raise by_name.get(mark[1], lambda: _blocked("input", mark[1]))()


def refused_output(prompt: str) -> ServiceError | None:
    """The refusal of the picture itself, when the prompt asks for it."""
    return _blocked("output", "sexual") if _OUTPUT_MARK in prompt else None


def filters(detected: str = "") -> dict[str, dict[str, object]]:
    """Content filter results in which nothing is wrong but `detected`."""
    graded: dict[str, dict[str, object]] = {kind: {"severity": "safe", "filtered": False} for kind in _KINDS}
    found: dict[str, dict[str, object]] = {
        kind: {"detected": kind == detected, "filtered": kind == detected} for kind in ("jailbreak", "profanity")
    }
    return {**graded, **found, "custom_blocklists": {"filtered": False, "details": []}}


def _blocked(stage: str, category: str) -> ServiceError:
    message = (
        "Your request was rejected by the safety system. If you believe this is an error, contact support. "
        f"safety_violations=[{category}]."
    )
    return refusals.moderated(message, stage, [category])
