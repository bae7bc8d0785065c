"""Our image client against the running emulator: whatever the service refuses, the client says what it is."""

import time
from typing import Any

import pytest
from PIL import Image

from shared.clients.credentials import Entra, Key
from shared.errors import Blocked, Invalid, NotDeployed, Refused, Throttled, Unauthorised, Unavailable
from tests.contract.images.making import PROMPT, ROUTES, SMALL, Service, pictures
from tests.contract.tokens import Tokens


@pytest.mark.parametrize("model", ["gpt-image-2", "dall-e-3"])
@pytest.mark.parametrize(
    ("mark", "says"),
    [
        ("[[refuse:violence]]", "(input: violence)"),
        ("[[refuse:content_policy_violation]]", "(jailbreak)"),
        ("[[refuse:contentFilter]]", "safety system"),
        ("[[refuse-output]]", "(output: sexual)"),
    ],
)
def test_every_shape_of_moderation_is_a_refusal_with_its_stage_and_categories(
    service: Service, model: str, mark: str, says: str
) -> None:
    """Of the prompt and of the picture."""
    with pytest.raises(Refused) as raised:
        service.make({"prompt": f"A lighthouse {mark}"}, model=model)

    assert says in raised.value.message
    assert mark not in raised.value.message


def test_a_picture_that_is_refused_at_the_end_of_a_stream_is_a_refusal(service: Service) -> None:
    """After partial pictures have come."""
    with pytest.raises(Refused, match="output: sexual"):
        service.make({"prompt": "[[refuse-output]]", **SMALL, "stream": True, "partial_images": 2})

    assert len(service.partials) == 2


def test_a_stream_that_breaks_off_with_an_error_event_is_unavailable(service: Service) -> None:
    """After a partial picture, and perhaps after the work."""
    service.control("POST", "faults", kind="stream_error", events=1)

    with pytest.raises(Unavailable) as raised:
        service.make(PROMPT | SMALL | {"stream": True, "partial_images": 2})

    assert raised.value.reached
    assert len(service.partials) == 1


def test_a_blocked_resource_is_not_a_refused_prompt(service: Service) -> None:
    """Though the service speaks of content policy."""
    service.control("POST", "faults", kind="status", status=403)

    with pytest.raises(Blocked):
        service.make(PROMPT)


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ({"after_seconds": 7}, 7.0),
        ({"after_ms": 1500}, 1.5),
        ({"after_seconds": 9, "message_only": True}, 9.0),
        ({}, None),
    ],
    ids=["seconds", "ms", "words", "nothing"],
)
def test_a_pause_is_understood_however_it_is_told(service: Service, fault: dict[str, Any], after: float | None) -> None:
    """Headers in seconds and milliseconds, or words alone."""
    service.control("POST", "faults", kind="status", status=429, **fault)

    with pytest.raises(Throttled) as raised:
        service.make(PROMPT)

    assert raised.value.after == after


def test_a_rate_limit_tells_when_to_come_back(service: Service) -> None:
    """The emulator's own gateway, not a fault on request."""
    service.control("PUT", "limits", requests_per_minute=1)
    service.make(PROMPT | SMALL)

    with pytest.raises(Throttled) as raised:
        service.make(PROMPT | SMALL)

    assert raised.value.after is not None
    assert 50 < raised.value.after <= 60


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_service_that_is_down_is_unavailable_and_may_have_billed(service: Service, status: int) -> None:
    """The job decides how often to ask again."""
    service.control("POST", "faults", kind="status", status=status)

    with pytest.raises(Unavailable, match=f"HTTP {status}") as raised:
        service.make(PROMPT)

    assert raised.value.reached


@pytest.mark.parametrize("streaming", [{}, {"stream": True, "partial_images": 1}], ids=["whole", "stream"])
@pytest.mark.parametrize(
    "fault", [{"kind": "null"}, {"kind": "cut", "bytes": 3000}, {"kind": "reset"}], ids=lambda fault: str(fault["kind"])
)
def test_an_answer_that_is_none_is_unavailable(
    service: Service, fault: dict[str, Any], streaming: dict[str, Any]
) -> None:
    """A null, a cut and a reset; the next answer is taken."""
    service.control("POST", "faults", **fault)

    with pytest.raises(Unavailable):
        service.make(PROMPT | SMALL | streaming)

    assert len(pictures(service.make(PROMPT | SMALL | streaming))) == 1


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_a_slow_answer_does_not_outstay_the_deadline(service: Service, kind: str) -> None:
    """Neither one that comes late nor one that never stops coming."""
    service.control("POST", "faults", kind=kind, seconds=3)
    began = time.monotonic()

    with pytest.raises(Unavailable):
        service.make(PROMPT | SMALL, seconds=0.6)

    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({**PROMPT, "colour": "red"}, "Unknown parameter: 'colour'."),
        ({"size": "1024x1024"}, "'prompt'"),
        ({**PROMPT, "size": "4096x4096"}, "3840"),
        ({**PROMPT, "n": 11}, "'n'"),
        ({"prompt": "x" * 32_001}, "string too long"),
    ],
)
def test_what_the_service_will_not_have_is_invalid_in_its_own_words(
    service: Service, fields: dict[str, Any], says: str
) -> None:
    """Where nothing is checked here, the service's sentence is what people get."""
    with pytest.raises(Invalid) as raised:
        service.make(fields)

    assert says in raised.value.message


def test_seventeen_pictures_are_too_many_for_the_service_too(service: Service) -> None:
    """Sixteen are not."""
    files = [service.file(f"{n}.png", Image.new("RGB", (8, 8)), part="image[]") for n in range(17)]

    with pytest.raises(Invalid, match="maximum length 16"):
        service.make(PROMPT | SMALL, *files)
    assert pictures(service.make(PROMPT | SMALL, *files[:16]))


@pytest.mark.parametrize("route", ROUTES)
def test_an_unknown_deployment_is_not_deployed(service: Service, route: str) -> None:
    """The name is told."""
    with pytest.raises(NotDeployed, match="no deployment named nobody"):
        service.make(PROMPT, model="nobody", route=route)


@pytest.mark.parametrize("route", ROUTES)
def test_a_wrong_key_is_unauthorised(service: Service, route: str) -> None:
    """On both routes."""
    with pytest.raises(Unauthorised, match="401"):
        service.make(PROMPT, route=route, credential=Key("wrong"))


@pytest.mark.parametrize("scope", ["https://cognitiveservices.azure.com/.default", "https://ai.azure.com/.default"])
def test_a_token_opens_the_door(service: Service, scope: str) -> None:
    """With the scope of yesterday's documents and with today's."""
    assert pictures(service.make(PROMPT | SMALL, credential=Entra(Tokens(), scope)))
