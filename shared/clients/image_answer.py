"""An answer with pictures: what it tells, and its pictures as files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.clients.unpack import PICTURE_KEY, unpack
from shared.errors import TooLarge, Unavailable
from shared.messages import ImageUsage

_MOST = 10


@dataclass(frozen=True)
class Picture:
    """One picture of an answer: its file, or the address where it lies for a day; and the prompt as rewritten."""

    path: Path | None
    url: str | None
    revised_prompt: str | None


@dataclass(frozen=True)
class ImageAnswer:
    """The pictures of an answer, and what was counted."""

    pictures: tuple[Picture, ...]
    usage: ImageUsage

    @classmethod
    def read(cls, path: Path) -> "ImageAnswer":
        """Take apart an answer, or the last event of one that was streamed; the pictures' files lie beside it.

        Raises:
            Unavailable: it is cut, `null` or without pictures.
            TooLarge: it has more pictures than can be asked for.
        """
        return cls.of(unpack(path, path.with_suffix(".picture")))

    @classmethod
    def of(cls, told: Any) -> "ImageAnswer":
        """An answer that was taken apart.

        Raises:
            Unavailable: it is `null` or without pictures.
            TooLarge: it has more pictures than can be asked for.
        """
        if not isinstance(told, dict):
            raise Unavailable("The model answered without pictures.")
        items = [told] if PICTURE_KEY in told else told.get("data")
        if not isinstance(items, list) or not items:
            raise Unavailable("The model answered without pictures.")
        if len(items) > _MOST:
            raise TooLarge(f"The model answered with more than {_MOST} pictures.", code="answer_too_large")
        return cls(tuple(_picture(item) for item in items), _usage(told.get("usage")))


def _picture(item: Any) -> Picture:
    told: Mapping[str, Any] = item if isinstance(item, dict) else {}
    file, url, revised = told.get(PICTURE_KEY), told.get("url"), told.get("revised_prompt")
    if not isinstance(file, Path) and not isinstance(url, str):
        raise Unavailable("The model answered with a picture that is none.")
    return Picture(
        file if isinstance(file, Path) else None,
        url if isinstance(url, str) else None,
        revised if isinstance(revised, str) else None,
    )


def _usage(told: Any) -> ImageUsage:
    usage: Mapping[str, Any] = told if isinstance(told, dict) else {}
    details = usage.get("input_tokens_details")
    inputs: Mapping[str, Any] = details if isinstance(details, dict) else {}
    return ImageUsage(
        text_in=_count(inputs.get("text_tokens")),
        image_in=_count(inputs.get("image_tokens")),
        out=_count(usage.get("output_tokens")),
    )


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
