"""Our image client against the running emulator: whatever the service does, the client says what it is."""

import base64
import io
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from local.foundry.process import running
from shared.clients.credentials import Entra, Key
from shared.clients.downloads import Downloads
from shared.clients.image_answer import ImageAnswer
from shared.clients.images import ImageClient, ImageRequest
from shared.clients.multipart import FormFile
from shared.clients.transport import Credential, Transport
from shared.errors import Blocked, Incomplete, Invalid, NotDeployed, Refused, Throttled, Unauthorised, Unavailable
from shared.image_catalog import IMAGE_MODELS, check
from shared.image_messages import ImageJob

SECONDS = 20
PROMPT = {"prompt": "A lighthouse at dusk"}
SMALL = {"size": "1024x640"}  # the smallest that gpt-image-2 makes
ROUTES = ("v1", "deployments")


@dataclass(frozen=True)
class Service:
    """The emulator, and a client of it."""

    url: str
    folder: Path
    partials: list[tuple[int, Image.Image]] = field(default_factory=list)

    def make(
        self,
        fields: dict[str, Any],
        *files: FormFile,
        model: str = "gpt-image-2",
        route: str = "v1",
        credential: Credential | None = None,
        seconds: float = SECONDS,
    ) -> ImageAnswer:
        """Have pictures made, or edited where files are given."""
        transport = Transport(credential or Key("local-key"))
        client = ImageClient(self.url, route, "2025-04-01-preview", transport, seconds)
        request = ImageRequest("edit" if files else "generate", model, fields, files)

        def keep(index: int, picture: Path) -> None:
            self.partials.append((index, opened(picture)))

        return client.make(request, self.folder / "answer", keep)

    def file(self, name: str, picture: Image.Image, *, part: str = "image") -> FormFile:
        """An input on disk."""
        picture.save(self.folder / name, "PNG")
        return FormFile(part, self.folder / name, "image/png")

    def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        """Ask the emulator's control API."""
        answer = requests.request(method, f"{self.url}/emulator/{path}", json=body or None, timeout=5)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


def opened(path: Path) -> Image.Image:
    """A picture, decoded whole."""
    picture = Image.open(io.BytesIO(path.read_bytes()))
    picture.load()
    return picture


def pictures(answer: ImageAnswer) -> list[Image.Image]:
    """The pictures of an answer that has them all."""
    assert all(picture.path for picture in answer.pictures)
    return [opened(picture.path) for picture in answer.pictures if picture.path]


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """One emulator for all tests of this file."""
    with running({}) as process:
        yield process.url


@pytest.fixture
def service(emulator: str, tmp_path: Path) -> Service:
    """The emulator as new."""
    requests.post(f"{emulator}/emulator/reset", timeout=5).raise_for_status()
    return Service(emulator, tmp_path)


@pytest.mark.parametrize("route", ROUTES)
def test_pictures_are_made_on_both_routes(service: Service, route: str) -> None:
    """As many as asked for, in the size asked for, with what was counted."""
    answer = service.make(PROMPT | SMALL | {"n": 2, "quality": "low"}, route=route)

    assert [(picture.format, picture.size) for picture in pictures(answer)] == [("PNG", (1024, 640))] * 2
    assert answer.usage.out
    assert answer.usage.text_in


@pytest.mark.parametrize("model", [name for name in IMAGE_MODELS if name != "dall-e-3"])
def test_every_model_takes_what_the_catalogue_lets_pass(service: Service, model: str) -> None:
    """The catalogue and the service agree."""
    options = {
        "size": "1024x1024", "quality": sorted(IMAGE_MODELS[model].qualities)[-1], "background": "opaque",
        "output_format": "jpeg", "output_compression": 40, "moderation": "low", "user": "u-1",
    }  # fmt: skip
    check(ImageJob.model_validate({**PROMPT, **options}), IMAGE_MODELS[model])

    [picture] = pictures(service.make(PROMPT | options, model=model))

    assert (picture.format, picture.size) == ("JPEG", (1024, 1024))


@pytest.mark.parametrize(
    ("model", "options"),
    [
        ("gpt-image-1", {"size": "1024x1000"}),
        ("gpt-image-1", {"quality": "hd"}),
        ("gpt-image-1", {"style": "vivid"}),
        ("gpt-image-1", {"response_format": "url"}),
        ("gpt-image-1", {"output_format": "webp"}),
        ("gpt-image-1", {"background": "transparent", "output_format": "jpeg"}),
        ("gpt-image-1", {"output_compression": 50}),
        ("gpt-image-1", {"stream": True, "n": 2}),
        ("gpt-image-2", {"size": "3856x2000"}),
        ("gpt-image-2", {"size": "1024x1000"}),
        ("gpt-image-2", {"size": "16x16"}),
        ("gpt-image-2", {"quality": "max"}),
        ("dall-e-3", {"background": "opaque"}),
        ("dall-e-3", {"size": "auto"}),
        ("dall-e-3", {"quality": "high"}),
        ("dall-e-3", {"stream": True}),
    ],
    ids=str,
)
def test_what_the_catalogue_refuses_the_service_would_have_refused_too(
    service: Service, model: str, options: dict[str, Any]
) -> None:
    """Nothing is forbidden that would have worked, and no call is made in vain."""
    with pytest.raises(Invalid):
        check(ImageJob.model_validate({**PROMPT, **options}), IMAGE_MODELS[model])
    with pytest.raises(Invalid):
        service.make(PROMPT | options, model=model)

    assert service.control("GET", "stats")["totals"]["billed_calls"] == 0


@pytest.mark.parametrize("route", ROUTES)
def test_an_edit_changes_only_what_its_mask_lets_it(service: Service, route: str) -> None:
    """Several pictures, and the mask last."""
    source = Image.effect_noise((1024, 1024), 50).convert("RGB")
    mask = Image.new("RGBA", source.size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (512, 0, 1024, 1024))
    files = [
        service.file("a.png", source, part="image[]"),
        service.file("b.png", Image.new("RGB", (64, 64), "red"), part="image[]"),
        service.file("m.png", mask, part="mask"),
    ]

    answer = service.make(PROMPT | {"size": "1024x1024", "quality": "low"}, *files, route=route)

    [edited] = pictures(answer)
    same, changed = (0, 0, 500, 1024), (512, 0, 1024, 1024)
    assert edited.convert("RGB").crop(same).tobytes() == source.crop(same).tobytes()
    assert edited.convert("RGB").crop(changed).tobytes() != source.crop(changed).tobytes()
    assert answer.usage.image_in


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("editing", [False, True], ids=["generate", "edit"])
@pytest.mark.parametrize("sent", [0, 1, 3])
def test_a_stream_gives_its_partial_pictures_and_the_finished_one(
    service: Service, route: str, editing: bool, sent: int
) -> None:
    """The finished one though the service sends fewer partial ones than asked for."""
    service.control("PUT", "engine", partial_images_sent=sent, done_mark=True)
    files = [service.file("a.png", Image.new("RGB", (1024, 640), "navy"))] if editing else []

    answer = service.make(PROMPT | SMALL | {"stream": True, "partial_images": 3}, *files, route=route)

    assert [picture.size for picture in pictures(answer)] == [(1024, 640)]
    assert [index for index, _ in service.partials] == list(range(sent))
    assert answer.usage.out


def test_a_streamed_picture_of_megabytes_arrives_whole(service: Service) -> None:
    """In one line of the stream."""
    service.control("PUT", "engine", picture_bytes=4_000_000)

    answer = service.make(PROMPT | SMALL | {"stream": True, "partial_images": 1})

    [picture] = answer.pictures
    assert picture.path is not None
    assert picture.path.stat().st_size >= 4_000_000
    assert opened(picture.path).size == (1024, 640)


@pytest.mark.parametrize("route", ROUTES)
def test_dall_e_gives_an_address_that_can_be_fetched_until_it_expires(service: Service, route: str) -> None:
    """With the prompt as the service rewrote it."""
    answer = service.make(PROMPT, model="dall-e-3", route=route)
    downloads = Downloads(service.url, SECONDS)

    [picture] = answer.pictures
    assert picture.url is not None
    assert picture.revised_prompt is not None
    assert "lighthouse" in picture.revised_prompt
    downloads.fetch(picture.url, service.folder / "fetched")
    assert opened(service.folder / "fetched").size == (1024, 1024)

    service.control("POST", "pictures/expire")
    with pytest.raises(Incomplete, match="keeps it for a day"):
        downloads.fetch(picture.url, service.folder / "late")


def test_dall_e_hands_the_picture_over_itself_where_asked(service: Service) -> None:
    """No second request then."""
    [picture] = pictures(service.make(PROMPT | {"response_format": "b64_json"}, model="dall-e-3"))

    assert picture.size == (1024, 1024)


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


@dataclass(frozen=True)
class Token:
    """A token with an end."""

    token: str
    expires_on: int


class Tokens:
    """Gives tokens in the form of Microsoft Entra ID's, whose audience is the scope's."""

    def get_token(self, *scopes: str) -> Token:
        """A token for an hour."""
        ends = int(time.time()) + 3600
        claims = json.dumps({"aud": scopes[0].removesuffix("/.default"), "exp": ends}).encode()
        return Token(f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.sig", ends)


@pytest.mark.parametrize("scope", ["https://cognitiveservices.azure.com/.default", "https://ai.azure.com/.default"])
def test_a_token_opens_the_door(service: Service, scope: str) -> None:
    """With the scope of yesterday's documents and with today's."""
    assert pictures(service.make(PROMPT | SMALL, credential=Entra(Tokens(), scope)))
