"""Multipart forms: the bytes that a server reads, their exact length, and files that never lie whole in memory."""

import tracemalloc
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.clients.multipart import Form, FormFile
from tests.fakes import small_png

FIELDS = [("model", "gpt-image-2"), ("prompt", 'A "boat"; name=x\r\n--fixed--\r\nü €'), ("n", "2"), ("stream", "true")]


@pytest.fixture
def files(tmp_path: Path) -> list[FormFile]:
    """Two pictures and a mask."""
    found: list[FormFile] = []
    for field, name, kind in (
        ("image[]", "a", "image/png"),
        ("image[]", "b", "image/jpeg"),
        ("mask", "m", "image/png"),
    ):
        (tmp_path / name).write_bytes(small_png(len(found)) + b"\r\n--fixed\r\n\0\xff")
        found.append(FormFile(field, tmp_path / name, kind))
    return found


def parsed(form: Form) -> list[tuple[Any, str | None, str, Any]]:
    """What an independent reader finds: name, file name, type and content of every part."""
    message = BytesParser(policy=HTTP).parsebytes(
        f"Content-Type: {form.content_type}\r\n\r\n".encode() + b"".join(form)
    )
    assert message.is_multipart()
    assert not message.defects
    return [
        (
            part.get_param("name", header="content-disposition"),
            part.get_filename(),
            part.get_content_type(),
            part.get_payload(decode=True),
        )
        for part in message.iter_parts()
    ]


def test_the_bytes_are_those_that_another_encoder_makes(files: list[FormFile]) -> None:
    """The official SDKs send the same; one part more or less would be another request."""
    form = Form(FIELDS, files, lambda: "7f3a" * 8)
    theirs = requests.models.RequestEncodingMixin._encode_files(  # type: ignore[attr-defined]  # the encoder itself
        [(file.field, (f"{number}.{file.media_type[6:]}", file.path.read_bytes(), file.media_type))
         for number, file in enumerate(files)],
        FIELDS,
    )  # fmt: skip
    body, content_type = theirs
    boundary = content_type.rpartition("=")[2].encode()

    assert b"".join(form) == body.replace(boundary, b"7f3a" * 8)
    assert form.content_type == content_type.replace(boundary.decode(), "7f3a" * 8)


def test_a_reader_finds_every_field_and_file_with_its_type(files: list[FormFile]) -> None:
    """In order: the first picture is the one that a mask belongs to."""
    found = parsed(Form(FIELDS, files))

    assert [(name, content.decode()) for name, filename, _, content in found if filename is None] == FIELDS
    assert [(name, filename, kind) for name, filename, kind, _ in found if filename] == [
        ("image[]", "0.png", "image/png"),
        ("image[]", "1.jpeg", "image/jpeg"),
        ("mask", "2.png", "image/png"),
    ]
    assert [content for _, filename, _, content in found if filename] == [file.path.read_bytes() for file in files]


def test_the_length_is_told_exactly_before_the_first_byte(files: list[FormFile]) -> None:
    """It goes out as Content-Length; gateways refuse chunked uploads."""
    for given_files in ([], files[:1], files):
        form = Form(FIELDS, given_files)
        assert len(form) == len(b"".join(form))


def test_a_form_can_be_sent_again(files: list[FormFile]) -> None:
    """A retry on the same connection reads the files anew."""
    form = Form(FIELDS, files)

    assert list(form) == list(form)


def test_every_form_has_a_boundary_of_its_own(files: list[FormFile]) -> None:
    """One that cannot be guessed cannot be written into a prompt."""
    assert len({Form(FIELDS, files).content_type for _ in range(20)}) == 20


def test_files_go_out_in_pieces_and_are_never_whole_in_memory(tmp_path: Path) -> None:
    """Sixteen pictures of fifty megabytes are an ordinary edit."""
    with (tmp_path / "big").open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    form = Form(FIELDS, [FormFile("image", tmp_path / "big", "image/png")])

    tracemalloc.start()
    try:
        largest = max(len(piece) for piece in form)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert largest <= 256 * 1024
    assert peak < 2 * 1024 * 1024


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # the file is written anew each time
@given(value=st.text(st.characters(exclude_categories=["Cs"])), content=st.binary(max_size=200))
def test_no_text_and_no_file_breaks_out_of_its_part(tmp_path: Path, value: str, content: bytes) -> None:
    """What a prompt or a picture holds arrives as it is."""
    (tmp_path / "a").write_bytes(content)

    body = b"".join(Form([("prompt", value)], [FormFile("image", tmp_path / "a", "image/png")], lambda: "7f3a" * 8))

    first, second = (part.partition(b"\r\n\r\n")[2] for part in body.split(b"--" + b"7f3a" * 8)[1:3])
    assert (first, second) == (value.encode() + b"\r\n", content + b"\r\n")
