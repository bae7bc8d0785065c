"""Uploads, encoded pictures, their addresses, their price and the refusals of the safety system."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.testclient import TestClient

from local.foundry.errors import ServiceError
from local.foundry.images import encoding, moderation, uploads
from local.foundry.images.shelf import Shelf
from local.foundry.images.usage import usage
from tests.unit.foundry_images.pictures import distance, noise, wanted

PNG, JPEG = "image/png", "image/jpeg"


def content(picture: Image.Image, kind: str = "PNG") -> bytes:
    """The picture as a file."""
    target = io.BytesIO()
    picture.save(target, kind)
    return target.getvalue()


def part(data: bytes, mimetype: str = PNG, size: int | None = None) -> UploadFile:
    """A file in a form; `size` pretends."""
    return UploadFile(io.BytesIO(data), size=size or len(data), headers=Headers({"content-type": mimetype}))


def mask(size: tuple[int, int] = (40, 30), mode: str = "RGBA") -> bytes:
    """A mask file."""
    return content(Image.new(mode, size))


def refusal(*parts: tuple[str, UploadFile | str]) -> dict[str, Any]:
    """The error object that a form with these parts gets."""
    with pytest.raises(ServiceError) as error:
        uploads.opened(FormData([*parts]))
    assert error.value.status == 400
    return dict(error.value.body["error"])


def test_images_and_mask_are_opened_in_order() -> None:
    """PNG and JPEG, under either name, come as RGBA with the sizes that they had."""
    # given
    files = [part(content(noise(40, 30))), part(content(noise(2000, 50, "RGB"), "JPEG"), JPEG)]
    # when
    sources = uploads.opened(FormData([("image[]", files[0]), ("image", files[1]), ("mask", part(mask()))]))
    # then
    assert sources.sizes == ((40, 30), (2000, 50))
    assert (sources.first.mode, sources.first.size, sources.others[0].width) == ("RGBA", (40, 30), 1024)
    assert sources.mask is not None


@pytest.mark.parametrize(
    ("data", "mimetype", "size", "code"),
    [
        (b"no image", PNG, None, "invalid_image_file"),
        (content(Image.new("RGB", (9, 9)), "GIF"), PNG, None, "invalid_image_file"),
        (content(noise(90, 90))[:-500], PNG, None, "invalid_image_file"),
        (content(noise(9, 9)), PNG, 50 * 1024 * 1024, "invalid_image_file"),
        (content(Image.new("1", (9000, 9000))), PNG, None, "invalid_image_file"),
        (content(noise(9, 9)), "application/octet-stream", None, "unsupported_file_mimetype"),
        (content(noise(9, 9)), "image/webp", None, "unsupported_file_mimetype"),
    ],
    ids=["text", "gif", "cut", "too large", "too many pixels", "octets", "webp"],
)
def test_a_file_that_is_no_image_is_refused(data: bytes, mimetype: str, size: int | None, code: str) -> None:
    """A broken, foreign, too large or wrongly labelled file is refused, and the sentence says which it is."""
    error = refusal(("image[]", part(content(noise(9, 9)))), ("image[]", part(data, mimetype, size)))
    assert error["code"] == code
    assert "2" in error["message"] or "mimetype" in error["message"]


@pytest.mark.parametrize(
    ("file", "code", "words"),
    [
        (part(mask(mode="RGB")), "invalid_mask_image_format", "alpha channel"),
        (part(mask(size=(30, 40))), "invalid_mask_image_format", "size does not match"),
        (part(mask(), size=4 * 1024 * 1024), "invalid_mask_image_format", "4 MB"),
        (part(content(noise(40, 30, "RGB"), "JPEG")), "invalid_image_file", "mask"),
        (part(mask(), JPEG), "unsupported_file_mimetype", "mask"),
    ],
    ids=["no alpha", "other size", "too large", "jpeg", "labelled jpeg"],
)
def test_a_mask_that_does_not_fit_is_refused(file: UploadFile, code: str, words: str) -> None:
    """A mask is a PNG below 4 MB with an alpha channel and the size of the first image."""
    error = refusal(("image", part(content(noise(40, 30)))), ("mask", file))
    assert error["code"] == code
    assert words in error["message"]


def test_an_edit_takes_one_to_sixteen_images() -> None:
    """No image is refused as missing, a text as no file, and a seventeenth as one too many; sixteen are taken."""
    data = content(noise(9, 9))
    assert refusal()["code"] == "missing_required_parameter"
    assert refusal(("image", "data:image/png"))["code"] == "invalid_type"
    assert refusal(*(("image[]", part(data)) for _ in range(17)))["code"] == "array_above_max_length"
    assert len(uploads.opened(FormData([("image[]", part(data)) for _ in range(16)])).others) == 15


def test_a_padded_file_is_about_as_large_as_asked_and_whole() -> None:
    """Padding reaches the size without a change to what decoders see."""
    picture = Image.linear_gradient("L").convert("RGB")
    for kind, tolerance in (("png", 0), ("jpeg", 2)):
        file = encoding.file(picture, kind, 95, 200_000)
        assert len(file) == 200_000
        with Image.open(io.BytesIO(file)) as again:
            again.load()
            assert distance(again, picture) <= tolerance


def test_compression_makes_a_jpeg_smaller() -> None:
    """A lower value gives a smaller file, down to 0."""
    sizes = [len(encoding.file(noise(60, 40, "RGB"), "jpeg", compression, 0)) for compression in (0, 50, 100)]
    assert sizes == sorted(set(sizes))


def test_partial_images_grow_finer() -> None:
    """Each partial image has the final size, and is nearer to it than the one before."""
    final = Image.radial_gradient("L").convert("RGB").resize((400, 300))
    steps = [encoding.coarse(final, index) for index in range(3)]
    distances = [distance(step, final) for step in steps]
    assert {step.size for step in steps} == {final.size}
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] > 0


def test_usage_grows_with_quality_size_and_images() -> None:
    """The published figures come out for a square, and every other number is derived from what was asked."""
    square = usage(wanted("x" * 40, "medium"), (1024, 1024), [], partials=0)
    assert square["output_tokens"] == 1056
    assert square["input_tokens_details"] == {"text_tokens": 10, "image_tokens": 0}
    wide = usage(wanted("x", "high"), (1536, 1024), [(512, 512), (1024, 512)], partials=2)
    assert wide["output_tokens"] == 6240 + 200
    assert wide["input_tokens_details"]["image_tokens"] == 65 + 129 + 65 + 2 * 129
    assert wide["total_tokens"] == wide["input_tokens"] + wide["output_tokens"]


@pytest.mark.parametrize(
    ("prompt", "path", "value"),
    [
        ("a [[refuse:violence]]", ("error", "moderation_details", "categories"), ["violence"]),
        ("[[refuse:contentFilter]]", ("error", "code"), "contentFilter"),
        ("[[refuse:content_policy_violation]]", ("error", "inner_error", "code"), "ResponsibleAIPolicyViolation"),
    ],
)
def test_a_mark_in_the_prompt_chooses_the_refusal(prompt: str, path: tuple[str, ...], value: object) -> None:
    """Each mark gives the refusal of its shape, and a prompt without one passes."""
    moderation.check_prompt("a peaceful scene", 0)
    with pytest.raises(ServiceError) as error:
        moderation.check_prompt(prompt, 7)
    found: Any = error.value.body
    for key in path:
        assert isinstance(found, Mapping)
        found = found[key]
    assert found == value


def test_addresses_serve_until_they_expire() -> None:
    """A picture is served with its signature for 24 hours; without it, later or under another name it is not."""
    # given
    now = [datetime(2026, 11, 20, tzinfo=UTC)]
    shelf = Shelf(lambda: now[0])
    address = shelf.put(content(noise(9, 9)))
    client = TestClient(Starlette(routes=shelf.routes()))
    # then
    assert client.get(address).headers["content-type"] == "image/png"
    assert client.get(address.split("?")[0]).status_code == 403
    unknown = client.get("/emulator/pictures/none.png")
    assert (unknown.status_code, "<Code>BlobNotFound</Code>" in unknown.text) == (404, True)
    # when
    now[0] += timedelta(hours=24)
    # then
    expired = client.get(address)
    assert (expired.status_code, "<Code>AuthenticationFailed</Code>" in expired.text) == (403, True)


def test_pictures_can_be_made_to_expire_and_the_oldest_are_dropped() -> None:
    """All addresses end when told to, and no more than 200 pictures are kept."""
    # given
    shelf = Shelf(lambda: datetime(2026, 11, 20, tzinfo=UTC))
    client = TestClient(Starlette(routes=shelf.routes()))
    addresses = [shelf.put(b"png") for _ in range(201)]
    # then
    assert [client.get(addresses[number]).status_code for number in (0, 1)] == [404, 200]
    assert shelf.expire() == 200
    assert client.get(addresses[1]).status_code == 403
