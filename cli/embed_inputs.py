"""What is to be embedded, as it is named at a keyboard: files, folders, blobs, texts, and standard input."""

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.inputs import below
from cli.uploads import is_file, upload_of, upload_of_text
from shared.documents import PDF, media_type
from shared.embedding_messages import EmbeddingInput
from shared.errors import Invalid
from shared.names import DOCUMENTS, INPUT_CONTAINERS, BlobRef, input_blob

_STANDARD_INPUT = "-"
_LONGEST_TEXT = 8 * 1024  # characters of JSON that ride along in a message; a longer text becomes a blob
_HEAD = 64 * 1024
_TEXT_ENDINGS = (".txt", ".md")
_FILE_NAME = re.compile(r"\S+\.(png|jpe?g|webp|gif|bmp|tiff?|pdf|txt|md)", re.IGNORECASE)


@dataclass(frozen=True)
class Named:
    """An input; `blob` is the one that must be there, and `upload` the file or text that becomes it."""

    input: EmbeddingInput
    blob: BlobRef | None = None
    upload: Path | bytes | None = None

    @property
    def place(self) -> str:
        """Where it is, for people."""
        return str(self.upload if isinstance(self.upload, Path) else self.blob)


def named(arguments: Sequence[str], stdin: Callable[[], bytes]) -> Iterator[Named]:
    """The inputs that arguments name, in order; `-` is the text on standard input.

    A file is a picture or a UTF-8 text by its bytes, a folder all such files in it, a name that begins with a
    container a blob, and everything else is a text itself.

    Raises:
        Invalid: one names nothing that can be embedded, with what is wrong.
    """
    for argument in arguments:
        path = Path(argument)
        if argument == _STANDARD_INPUT:
            yield _text(_decoded(stdin()))
        elif is_file(path):
            yield _file(path)
        elif _is_folder(path):
            yield from _folder(path)
        elif argument.startswith(tuple(f"{container}/" for container in INPUT_CONTAINERS)):
            yield _blob(argument)
        elif _FILE_NAME.fullmatch(argument):
            raise Invalid(f"There is no file {argument}.", code="input_missing")
        else:
            yield _text(argument)


def _text(text: str) -> Named:
    if not text.strip():
        raise Invalid("A text is empty.", code="empty_text")
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        raise Invalid("A text is not UTF-8.", code="not_text") from None
    short = EmbeddingInput(text=text)
    if len(short.model_dump_json(exclude_defaults=True)) <= _LONGEST_TEXT:
        return Named(short)
    ref = upload_of_text(encoded)
    return Named(EmbeddingInput(text_blob=str(ref)), ref, encoded)


def _decoded(text: bytes) -> str:
    try:
        return text.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        raise Invalid(
            f"What comes on standard input is not UTF-8 text (at byte {error.start}).", code="not_text"
        ) from None


def _file(path: Path) -> Named:
    kind = _kind(path)
    if kind == PDF:
        raise Invalid(
            f"The file {path} is a PDF; drop it, and then embed its pages as {DOCUMENTS}/{path.name}.",
            code="unsupported_type",
        )
    if kind is None:
        raise Invalid(f"The file {path} is neither a picture nor UTF-8 text.", code="unsupported_type")
    return _uploaded(path, kind)


def _folder(folder: Path) -> Iterator[Named]:
    kinds = [(item.path, _kind(item.path)) for item in below(folder, folder)]
    found = [(path, kind) for path, kind in kinds if kind not in (None, PDF)]
    if not found:
        raise Invalid(f"The folder {folder} holds neither pictures nor texts.", code="nothing_to_embed")
    yield from (_uploaded(path, str(kind)) for path, kind in found)


def _uploaded(path: Path, kind: str) -> Named:
    ref = upload_of(path)
    about = EmbeddingInput(text_blob=str(ref)) if kind == "text" else EmbeddingInput(image=str(ref))
    return Named(about, ref, path)


def _blob(name: str) -> Named:
    """A blob in storage: below `documents` it is a document that was read, else a picture, a text, or a prefix."""
    ref = input_blob(name)
    if ref.container == DOCUMENTS:
        return Named(EmbeddingInput(document=name), ref)
    if name.endswith("/"):
        return Named(EmbeddingInput(images=name))
    is_text = name.lower().endswith(_TEXT_ENDINGS)
    return Named(EmbeddingInput(text_blob=name) if is_text else EmbeddingInput(image=name), ref)


def _kind(path: Path) -> str | None:
    """The type of a file by its bytes: of a picture or a PDF, `text`, or None."""
    try:
        return media_type(path)
    except Invalid:
        return "text" if _is_text(path) else None
    except OSError as error:
        raise Invalid(f"The file {path} cannot be read: {error.strerror}.", code="disk") from None


def _is_text(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)  # a letter may be cut at the end of the head
    except UnicodeDecodeError:
        return False
    return bool(text) and "\0" not in text


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False  # such as a text that is longer than any file's name
