"""The answer of an OCR call, page by page, in the service's shape.

Shapes follow mistralai 3.7.0 and a recorded Azure answer of mistral-document-ai-2512. Figures and tables are numbered
through the whole answer, as published outputs of the service show; figures that `image_limit` or `image_min_size` leave
out disappear from the Markdown too.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from local.foundry.ocr import annotation, confidence, markdown
from local.foundry.ocr.page import Block, Box, FigureBlock, PageReading, TableBlock, TextBlock, Word
from local.foundry.ocr.request import Ocr40

_MARGIN_SHARE = 0.08


@dataclass
class _Page:
    """A page's answer while its blocks are being written."""

    pieces: list[str] = field(default_factory=list)
    images: list[dict[str, Any]] = field(default_factory=list)
    tables: list[dict[str, Any]] = field(default_factory=list)
    blocks: list[dict[str, Any]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)


class PageWriter:
    """Turns readings into the `pages` of one answer; numbers figures and tables as it goes."""

    def __init__(self, request: Ocr40) -> None:
        """Write what this request asks for."""
        self._request = request
        self._figures = 0
        self._tables = 0

    def write(self, reading: PageReading) -> dict[str, Any]:
        """One entry of `pages`."""
        body, header, footer = self._without_margins(reading)
        page = _Page()
        for block in body:
            self._write_block(page, block)
        text = "\n\n".join(page.pieces)
        return {
            "index": reading.index,
            "markdown": text,
            "images": page.images,
            "tables": page.tables,
            "hyperlinks": list(reading.hyperlinks),
            "header": header,
            "footer": footer,
            "dimensions": {"dpi": reading.dpi, "height": reading.height, "width": reading.width},
            **self._optional(page, text),
        }

    def _optional(self, page: _Page, text: str) -> dict[str, Any]:
        wanted: dict[str, Any] = {}
        granularity = self._request.confidence_scores_granularity
        if granularity:
            wanted["confidence_scores"] = confidence.page_scores(page.words, text, granularity == "word")
        if self._request.include_blocks:
            wanted["blocks"] = page.blocks
        return wanted

    def _write_block(self, page: _Page, block: Block) -> None:
        if isinstance(block, FigureBlock):
            self._write_figure(page, block)
        elif isinstance(block, TableBlock):
            self._write_table(page, block)
        else:
            page.pieces.append(markdown.text(block))
            self._note(page, block.kind, block.box, markdown.text(block), block.words)

    def _write_figure(self, page: _Page, block: FigureBlock) -> None:
        if not self._is_wanted(block.box):
            return
        name = f"img-{self._figures}.jpeg"
        self._figures += 1
        page.pieces.append(markdown.link(name, picture=True))
        page.images.append({"id": name, **_corners(block.box), **self._content(block)})
        self._note(page, "image", block.box, markdown.link(name, picture=True), (), image_id=name)

    def _write_table(self, page: _Page, block: TableBlock) -> None:
        wanted = self._request.table_format
        if wanted is None:
            page.pieces.append(markdown.pipe_table(block.rows))
            self._note(page, "table", block.box, page.pieces[-1], block.words)
            return
        name = f"tbl-{self._tables}.{'html' if wanted == 'html' else 'md'}"
        self._tables += 1
        content = (markdown.html_table if wanted == "html" else markdown.pipe_table)(block.rows)
        page.pieces.append(markdown.link(name, picture=False))
        page.tables.append({"id": name, "content": content, "format": wanted, **self._table_scores(block, content)})
        self._note(page, "table", block.box, content, block.words, table_id=name)

    def _note(self, page: _Page, kind: str, box: Box, content: str, words: tuple[Word, ...], **ids: str) -> None:
        page.words.extend(words)
        entry: dict[str, Any] = {"type": kind, **_corners(box), "content": content, **ids}
        if self._request.confidence_scores_granularity == "block":
            entry["confidence_scores"] = confidence.block_scores(words)
        page.blocks.append(entry)

    def _is_wanted(self, box: Box) -> bool:
        limit, smallest = self._request.image_limit, self._request.image_min_size
        return (limit is None or self._figures < limit) and min(box.width, box.height) >= (smallest or 0)

    def _content(self, block: FigureBlock) -> dict[str, str | None]:
        wanted = self._request.include_image_base64
        shown = f"data:image/jpeg;base64,{base64.b64encode(block.jpeg).decode()}" if wanted else None
        return {"image_base64": shown, "image_annotation": self._annotation(block)}

    def _annotation(self, block: FigureBlock) -> str | None:
        asked = self._request.bbox_annotation_format
        if asked is None or not asked.followed:
            return None
        size = f"Width: {round(block.box.width)}\nHeight: {round(block.box.height)}"
        return annotation.annotate(asked.json_schema.schema_definition, f"{size}\n{block.caption}", block.caption)

    def _table_scores(self, block: TableBlock, content: str) -> dict[str, Any]:
        each_word = self._request.confidence_scores_granularity == "word"
        return {"word_confidence_scores": confidence.word_scores(block.words, content)} if each_word else {}

    def _without_margins(self, reading: PageReading) -> tuple[list[Block], str | None, str | None]:
        body, margin = list(reading.blocks), reading.height * _MARGIN_SHARE
        head = list(takewhile(lambda block: _is_text(block) and block.box.bottom <= margin, body))
        header = _moved(body, head) if self._request.extract_header else None
        foot = list(takewhile(lambda block: _is_text(block) and block.box.top >= reading.height - margin, body[::-1]))
        footer = _moved(body, foot[::-1]) if self._request.extract_footer else None
        return body, header, footer


def _is_text(block: Block) -> bool:
    return isinstance(block, TextBlock)


def _moved(body: list[Block], blocks: Sequence[Block]) -> str | None:
    """Take the blocks out of the body; their text, or None if there are none."""
    for block in blocks:
        body.remove(block)
    return "\n".join(block.text for block in blocks if isinstance(block, TextBlock)) or None


def _corners(box: Box) -> dict[str, int]:
    return {
        "top_left_x": round(box.left),
        "top_left_y": round(box.top),
        "bottom_right_x": round(box.right),
        "bottom_right_y": round(box.bottom),
    }
