"""An engine for benchmarks: it waits a fixed time and says which page it saw instead of reading it."""

import asyncio
import io
import random
from collections.abc import AsyncGenerator, Sequence
from functools import lru_cache

from PIL import Image

from local.foundry.ocr import pdfium
from local.foundry.ocr.documents import Document
from local.foundry.ocr.page import Block, Box, FigureBlock, PageReading, TextBlock

_WIDTH, _HEIGHT = 1700, 2200


class InstantEngine:
    """Answers a page with its PDF text layer, or with its number when it has none, and a figure of given bytes."""

    def __init__(self, seconds_per_page: float, figure_bytes: int) -> None:
        """Take this long a page; no figure when `figure_bytes` is 0."""
        self._seconds = seconds_per_page
        self._figure_bytes = figure_bytes

    async def read(self, document: Document, indices: Sequence[int]) -> AsyncGenerator[PageReading, None]:
        """The pages in the order asked for."""
        for index in indices:
            await asyncio.sleep(self._seconds)
            text = await asyncio.to_thread(_identity, document, index)
            yield PageReading(index, _WIDTH, _HEIGHT, tuple(self._blocks(text)))

    def _blocks(self, text: str) -> list[Block]:
        blocks: list[Block] = [TextBlock("text", text, Box(100, 100, 1600, 200))]
        if self._figure_bytes:
            blocks.append(FigureBlock(_figure(self._figure_bytes), Box(100, 300, 1600, 1300)))
        return blocks


def _identity(document: Document, index: int) -> str:
    text = pdfium.page_text(document.data, index) if document.is_pdf else ""
    return " ".join(text.split()) or f"Page {index + 1}"


@lru_cache(maxsize=4)
def _figure(size: int) -> bytes:
    """A valid JPEG of this many bytes: decoders ignore what follows the end mark."""
    target = io.BytesIO()
    Image.new("RGB", (150, 100), "grey").save(target, "JPEG")
    padding = max(0, size - target.tell())
    return target.getvalue() + random.Random(0).randbytes(padding)  # noqa: S311 - incompressible filler, not a secret
