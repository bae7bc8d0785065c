"""Whatever can be embedded is named as it comes, and what cannot is told before anything is uploaded."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.embed_inputs import Named, named
from shared.errors import Invalid
from shared.names import BlobRef
from tests import corpus
from tests.fakes import small_png


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of every sort."""
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "in" / "b.txt").write_text("hello")
    (tmp_path / "in" / "deep" / "a.jpg").write_bytes(small_png())  # told by its bytes, not by its name
    (tmp_path / "in" / "c.pdf").write_bytes(corpus.text_pdf())
    (tmp_path / "in" / "d.zip").write_bytes(b"PK\x03\x04\x00\x00")
    (tmp_path / "in" / "empty.txt").touch()
    (tmp_path / "none").mkdir()
    return tmp_path


def one(argument: str | Path, stdin: bytes = b"") -> Named:
    """The one input that an argument names."""
    [found] = named([str(argument)], lambda: stdin)
    return found


def inputs(*arguments: str | Path, stdin: bytes = b"") -> list[dict[str, Any]]:
    """The inputs as a message has them."""
    return [found.input.model_dump(exclude_none=True) for found in named([*map(str, arguments)], lambda: stdin)]


def test_files_become_uploads_by_their_content(folder: Path) -> None:
    """A picture is one by its bytes, a text is a blob of its own, and both are named so that people know them."""
    picture, text = one(folder / "in" / "deep" / "a.jpg"), one(folder / "in" / "b.txt")

    assert text.blob == BlobRef("images", "uploads/2cf24dba5fb0a30e/b.txt")
    assert (text.input.text_blob, text.upload) == (str(text.blob), folder / "in" / "b.txt")
    assert str(picture.blob).endswith("/a.jpg")
    assert (picture.input.image, picture.upload) == (str(picture.blob), folder / "in" / "deep" / "a.jpg")


@pytest.mark.parametrize(
    ("argument", "about"),
    [
        ("A lighthouse at dusk", {"text": "A lighthouse at dusk"}),
        ("images/cat 1.png", {"image": "images/cat 1.png"}),
        ("images/notes.MD", {"text_blob": "images/notes.MD"}),
        ("images/catalogue/", {"images": "images/catalogue/"}),
        ("documents/q3.pdf", {"document": "documents/q3.pdf"}),
        ("see lighthouse.png", {"text": "see lighthouse.png"}),
        ("x" * 5000, {"text": "x" * 5000}),
    ],
)
def test_what_is_no_file_is_a_blob_or_a_text(argument: str, about: dict[str, str]) -> None:
    """Nobody has to say which; a text may be longer than any file's name."""
    found = one(argument)

    assert found.input.model_dump(exclude_none=True) == about
    assert found.upload is None


def test_standard_input_is_a_text() -> None:
    """Without its byte order mark, and in its place among the others."""
    assert inputs("a", "-", "b", stdin=b"\xef\xbb\xbfGr\xc3\xbc\xc3\x9fe") == [
        {"text": "a"},
        {"text": "Grüße"},
        {"text": "b"},
    ]


def test_a_folder_is_its_pictures_and_texts(folder: Path) -> None:
    """In and under it; what cannot be embedded is left out."""
    assert [str(found.upload) for found in named([str(folder / "in")], bytes)] == [
        str(folder / "in" / "b.txt"),
        str(folder / "in" / "deep" / "a.jpg"),
    ]


@pytest.mark.parametrize("text", ["x" * 8200, '"' * 4200])
def test_a_long_text_becomes_a_blob(text: str) -> None:
    """A message cannot carry it; what counts is its length there, where a quote takes two characters."""
    found = one(text)

    assert str(found.blob).endswith("/text.txt")
    assert (found.input.text, found.input.text_blob, found.upload) == (None, str(found.blob), text.encode())


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nope.png", "There is no file nope.png."),
        ("photos/nope.JPEG", "There is no file photos/nope.JPEG."),
        ("{}/in/c.pdf", "The file {}/in/c.pdf is a PDF; drop it, and then embed its pages as documents/c.pdf."),
        ("{}/in/d.zip", "The file {}/in/d.zip is neither a picture nor UTF-8 text."),
        ("{}/in/empty.txt", "The file {}/in/empty.txt is neither a picture nor UTF-8 text."),
        ("{}/none", "The folder {}/none holds neither pictures nor texts."),
        (" ", "A text is empty."),
        ("\udce9", "A text is not UTF-8."),
        ("-", "What comes on standard input is not UTF-8 text (at byte 1)."),
        (
            "images/../ledger/a",
            "A blob name may have no backslash, no control character and no segment . or .. in it.",
        ),
    ],
)
def test_what_cannot_be_embedded_is_told(folder: Path, name: str, sentence: str) -> None:
    """With the file and what to do, before anything is uploaded."""
    with pytest.raises(Invalid) as caught:
        inputs(name.format(folder), stdin=b"a\xff")

    assert caught.value.message == sentence.format(folder)


def test_an_unreadable_file_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the reason of the disk."""

    def forbidden(*_: Any, **__: Any) -> Callable[[], None]:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", forbidden)

    with pytest.raises(Invalid, match=r"b\.txt cannot be read: Permission denied\.$"):
        one(folder / "in" / "b.txt")
