"""The result files of one document: `document.md`, `document.json`, figures and tables, written page by page."""

import base64
import binascii
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from shared.clients.ocr_answer import unpacked
from shared.errors import TooLarge
from shared.names import RESULTS, BlobRef, safe_file_name
from shared.storage import Storage

_IMAGE = re.compile(  # brackets may stand in a description and parentheses in a target, one deep; never backtracks far
    r"!\[((?:[^\[\]]|\[[^\[\]]{0,200}\]){0,2000}+)\]\(([^()\n]{0,2000}+(?:\([^()\n]{0,200}\)[^()\n]{0,200}){0,9}+)\)"
)
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_PLAIN_TAG = re.compile(
    r"</?(?:table|thead|tbody|tfoot|tr|th|td|caption|br|p|b|i|em|strong|u|sup|sub)"
    r"(?:\s+(?:rowspan|colspan)=[\"']?\d{1,3}[\"']?)*\s*/?>",
    re.IGNORECASE,
)
_MOST_ON_A_PAGE, _MOST_FILES = 1000, 20_000
_LARGEST_FIGURE = 64 * 1024 * 1024  # characters of base64
_DATA_URL = re.compile(r"data:[^,]{0,100},")
_PICTURES = ((b"\x89PNG", "png"), (b"\xff\xd8\xff", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp"), (b"BM", "bmp"))
_MEDIA = {"md": "text/markdown; charset=utf-8", "json": "application/json", "html": "text/html; charset=utf-8"}
_MEDIA |= {ending: f"image/{ending}" for _, ending in _PICTURES}


class ResultFiles:
    """Collects pages in order; figures and tables go to storage at once, the two documents at the end."""

    def __init__(self, storage: Storage, folder: str, workspace: Path, about: Mapping[str, Any]) -> None:
        self._storage = storage
        self._folder = folder
        self._markdown_path = workspace / "document.md"
        self._json_path = workspace / "document.json"
        self._markdown = self._markdown_path.open("w", encoding="utf-8", errors="replace")
        self._json = self._json_path.open("w", encoding="utf-8", errors="backslashreplace")  # "\\ud800" is JSON, too
        self._json.write(json.dumps(about, ensure_ascii=False)[:-1] + ', "pages": [')
        self._first = True
        self.figures = 0
        self._files: dict[str, None] = {}

    def add(self, number: int, page: Mapping[str, Any]) -> None:
        """Add the page with this number of the document, counted from 1, as the service sent it.

        Raises:
            TooLarge: it has more than 1,000 figures or tables, the document more than 20,000, or one is above 48 MB.
        """
        images = [self._figure(number, at, image) for at, image in enumerate(_few(number, page, "images"))]
        tables = [self._table(number, at, table) for at, table in enumerate(_few(number, page, "tables"))]
        links = {str(item.get("id")): str(item["file"]) for item in (*images, *tables) if item.get("file")}
        text = relink(str(page.get("markdown") or ""), links)
        kept = {
            **page,
            "index": number - 1,
            "page_number": number,
            "markdown": text,
            "images": images,
            "tables": tables,
        }
        self._append(number, text, kept)

    @property
    def outputs(self) -> list[str]:
        """The files that were written, in order, relative to the folder."""
        return list(self._files)

    def close(self, annotations: list[dict[str, Any]]) -> None:
        """Write the two documents; `annotations` are those of the whole document, one a part."""
        self._json.write(f'], "document_annotations": {json.dumps(annotations, ensure_ascii=False)}}}\n')
        for file, path in ((self._markdown, self._markdown_path), (self._json, self._json_path)):
            file.close()
            self._store(path.name, path)

    def _append(self, number: int, text: str, page: Mapping[str, Any]) -> None:
        separator = "" if self._first else "\n"
        self._markdown.write(f"{separator}<!-- page {number} -->\n\n{text.strip()}\n")
        _write_json(self._json, "" if self._first else ",\n", page)
        self._first = False

    def _figure(self, number: int, at: int, image: Mapping[str, Any]) -> dict[str, Any]:
        told = {key: value for key, value in image.items() if key != "image_base64"}
        told["image_annotation"] = unpacked(image.get("image_annotation"))
        data = _decoded(image.get("image_base64"))
        if data:
            name = f"page-{number}-{safe_file_name(str(image.get('id')), f'img-{at}')}.{_ending(data)}"
            told["file"] = self._store_new("figures", name, data)
            self.figures += 1
        return told

    def _table(self, number: int, at: int, table: Mapping[str, Any]) -> dict[str, Any]:
        ending = "html" if table.get("format") == "html" else "md"
        name = f"page-{number}-{safe_file_name(str(table.get('id')), f'tbl-{at}')}.{ending}"
        content = safe_html(str(table.get("content") or ""))
        return {**table, "file": self._store_new("tables", name, content.encode(errors="replace"))}

    def _store_new(self, folder: str, name: str, data: bytes) -> str:
        stem, _, ending = name.rpartition(".")
        if len(self._files) >= _MOST_FILES:
            raise _too_much(f"The document has more than {_MOST_FILES:,} figures and tables")
        path, again = f"{folder}/{name}", 1
        while path in self._files:  # two ids that are the same once made safe
            again += 1
            path = f"{folder}/{stem}-{again}.{ending}"
        self._store(path, data)
        return path

    def _store(self, path: str, data: bytes | Path) -> None:
        ending = path.rpartition(".")[2]
        self._storage.write(
            BlobRef(RESULTS, f"{self._folder}/{path}"), data, _MEDIA.get(ending, "application/octet-stream")
        )
        self._files[path] = None


def relink(markdown: str, links: Mapping[str, str]) -> str:
    """Point links at the files that were written.

    An image that is no written figure becomes its description, and what only looks like one is escaped: a link that
    leads nowhere, or out into the net, is worse than none.
    """
    text = markdown
    for name in sorted(links, key=len, reverse=True):
        for written in {name, html.escape(name, quote=False)}:  # the service escapes & in Markdown and not in the name
            text = text.replace(f"]({written})", f"]({links[name]})")
    files = set(links.values())

    def described(match: re.Match[str]) -> str:
        return match[0] if match[2] in files else "" if match[1] == match[2] else match[1]

    def escaped(match: re.Match[str]) -> str:
        image = _IMAGE.match(match.string, match.start())
        return match[0] if image and image[2] in files else r"!\["

    return safe_html(re.sub(r"!\[", escaped, _IMAGE.sub(described, text)))


def safe_html(text: str) -> str:
    """Text whose only HTML is that of tables and of plain emphasis: a viewer would run or fetch anything else."""
    return _TAG.sub(lambda match: match[0] if _PLAIN_TAG.match(text, match.start()) else "&lt;", text)


def _few(number: int, page: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The figures or tables of a page; what is none is left out."""
    given = page.get(key)
    found = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    if len(found) > _MOST_ON_A_PAGE:
        raise _too_much(f"Page {number} has more than {_MOST_ON_A_PAGE:,} {key}")
    return found


def _too_much(what: str) -> TooLarge:
    return TooLarge(
        f"{what} in the model's answer.",
        code="answer_too_large",
        remedy="Post the document with include_figures false, or with fewer pages.",
    )


def _decoded(text: Any) -> bytes:
    if not isinstance(text, str):
        return b""
    if len(text) > _LARGEST_FIGURE:
        raise _too_much("A figure is above 48 MB")
    try:
        return base64.b64decode(_DATA_URL.sub("", text, count=1), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _ending(data: bytes) -> str:
    return next((ending for magic, ending in _PICTURES if data.startswith(magic)), "bin")


def _write_json(file: TextIO, separator: str, value: Any) -> None:
    file.write(separator + json.dumps(value, ensure_ascii=False))
