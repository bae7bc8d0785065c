"""An OCR answer on disk, read piece by piece: one page is in memory at a time."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import ijson

from shared.errors import TooLarge, Unavailable
from shared.messages import Usage

_PAGE = "pages.item"
_MOST_PAGES = 10_000
_DEEPEST = 100  # levels; the places of a deeper answer take as much memory and time as the square of its depth


@dataclass(frozen=True)
class OcrAnswer:
    """What an answer says beside its pages: their indexes as sent (from 0), what was counted, and the annotation."""

    path: Path
    indexes: tuple[int, ...]
    usage: Usage
    annotation: Any

    @classmethod
    def read(cls, path: Path) -> "OcrAnswer":
        """Read through an answer once.

        Raises:
            Unavailable: it is cut, `null` or no OCR answer; the service is known to send such with HTTP 200.
            TooLarge: it has more than 10,000 pages, or is nested deeper than 100 levels.
        """
        try:
            indexes, rest = _outline(path)
        except (ijson.JSONError, UnicodeDecodeError) as error:
            raise Unavailable("The model's answer is not complete JSON.") from error
        if not isinstance(rest, dict) or not isinstance(rest.get("pages"), list):
            raise Unavailable("The model answered without pages.")
        return cls(path, indexes, _usage(rest.get("usage_info")), unpacked(rest.get("document_annotation")))

    def pages(self) -> Iterator[dict[str, Any]]:
        """The pages, one at a time, as the service wrote them."""
        with self.path.open("rb") as file:
            yield from ijson.items(file, _PAGE, use_float=True)


def unpacked(annotation: Any) -> Any:
    """An annotation as a value: the service sends JSON in a string; one that is not JSON, or deep, stays text."""
    if not isinstance(annotation, str):
        return annotation
    try:
        value = json.loads(annotation, parse_constant=_no_number)
    except (ValueError, RecursionError):
        return annotation
    return annotation if _is_deeper(value, _DEEPEST) else value


def _is_deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_is_deeper(part, levels - 1) for part in inner)


def _no_number(name: str) -> None:
    """Python reads NaN and Infinity, and would write them again, but they are not JSON."""
    raise ValueError(name)


def _outline(path: Path) -> tuple[tuple[int, ...], Any]:
    """The indexes of the pages, and everything else with `pages` left empty."""
    rest, indexes = ijson.ObjectBuilder(), []
    with path.open("rb") as file:
        for prefix, event, value in ijson.parse(_bounded(ijson.basic_parse(file, use_float=True))):
            if prefix == _PAGE and event not in ("start_map", "map_key", "end_map"):
                raise Unavailable("The model answered with a page that is none.")
            if prefix == f"{_PAGE}.index" and event == "number":
                indexes.append(int(value))
                if len(indexes) > _MOST_PAGES:
                    raise TooLarge(f"The model's answer has more than {_MOST_PAGES:,} pages.", code="answer_too_large")
            if not prefix.startswith(_PAGE):
                rest.event(event, value)
    return tuple(indexes), cast(Any, getattr(rest, "value", None))


def _bounded(events: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    depth = 0
    for event, value in events:
        depth += event.startswith("start_") - event.startswith("end_")
        if depth > _DEEPEST:
            raise TooLarge(f"The model's answer is nested deeper than {_DEEPEST} levels.", code="answer_too_large")
        yield event, value


def _usage(info: Any) -> Usage:
    counted: Mapping[str, Any] = info if isinstance(info, dict) else {}
    return Usage(
        pages=_count(counted.get("pages_processed")),
        annotation_pages=_count(counted.get("pages_processed_annotation")),
        document_bytes=_count(counted.get("doc_size_bytes")),
    )


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
