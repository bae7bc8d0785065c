"""Whatever is dropped, it is a document that can be cut, or refused with a sentence."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import OcrModel
from shared.documents import open_document, parts
from shared.errors import Permanent
from tests import corpus
from tests.properties.anything import FEW, SOME, damaged

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow has to say about damaged files
MODEL = OcrModel("m", options=frozenset(), max_pages=1)
FILES: dict[str, Callable[[], bytes]] = {
    "pdf": lambda: corpus.text_pdf(pages=2),
    "locked pdf": corpus.owner_locked_pdf,
    "active pdf": corpus.active_pdf,
    "png": corpus.png,
    "deep png": corpus.deep_png,
    "jpeg": corpus.jpeg,
    "cmyk jpeg": corpus.cmyk_jpeg,
    "turned jpeg": corpus.rotated_jpeg,
    "tiff": lambda: corpus.tiff(frames=2),
    "gif": corpus.gif,
    "webp": corpus.webp,
    "bmp": corpus.bmp,
}
HEADS = [
    b"",
    b"%PDF-1.7\n",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\0",
    b"MM\0*",
    b"GIF89a",
    b"RIFF....WEBP",
    b"BM",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples."""
    return tmp_path_factory.mktemp("documents")


def _read_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "document"
    path.write_bytes(data)
    try:
        document = open_document(path)
        for cut in parts(document, None, MODEL, folder):
            assert cut.path.stat().st_size > 0
            assert set(cut.pages) <= set(range(1, document.pages + 1))
    except Permanent as error:
        assert error.message


@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_file_is_cut_or_refused(folder: Path, kind: str) -> None:
    """A byte here and there, or an end too soon, never brings down its worker."""
    whole = FILES[kind]()

    @FEW
    @given(damaged(whole) | damaged(whole[:400]).map(lambda head: head + whole[400:]))
    def damaged_somewhere(data: bytes) -> None:
        _read_or_refused(folder, data)

    damaged_somewhere()


@SOME
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=300))
def test_any_bytes_are_cut_or_refused(folder: Path, head: bytes, rest: bytes) -> None:
    """Nothing more than a beginning of each kind is needed to be taken for it."""
    _read_or_refused(folder, head + rest)
