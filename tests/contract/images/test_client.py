"""Our image client against the running emulator: pictures made, edited, streamed and fetched."""

from typing import Any

import pytest
from PIL import Image

from shared.clients.downloads import Downloads
from shared.errors import Incomplete, Invalid
from shared.image_catalog import IMAGE_MODELS, check
from shared.image_messages import ImageJob
from tests.contract.images.making import PROMPT, ROUTES, SECONDS, SMALL, Service, opened, pictures


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
