"""The tables in the documents that say what the code says; `python -m tests.documentation` writes them anew."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.embedding_messages import EmbeddingInput, EmbeddingJob
from shared.image_messages import ImageJob
from shared.messages import (
    EmbeddingUsage,
    FailedInput,
    ImageUsage,
    JobEvent,
    JobRecord,
    OcrJob,
    Part,
    Problem,
    Source,
    Usage,
)
from shared.settings import Settings

ROOT = Path(__file__).parents[1]
_GENERATED = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def settings_table() -> str:
    """Every app setting, with its default."""
    rows = [
        (f"`{meta['name']}`", f"`{default}`" if (default := _default(f.default)) else "", meta["doc"])
        for f in fields(Settings)
        if (meta := f.metadata)
    ]
    return _table(("setting", "default", "what it is"), rows)


def fields_table(model: type[BaseModel]) -> str:
    """Every key of a message, with its type."""
    properties: Mapping[str, Any] = model.model_json_schema()["properties"]
    rows = [(f"`{name}`", _kind(schema), schema.get("description", "")) for name, schema in properties.items()]
    return _table(("key", "type", "what it is"), rows)


_MODELS = (
    OcrJob,
    ImageJob,
    EmbeddingJob,
    EmbeddingInput,
    JobRecord,
    Source,
    Part,
    Usage,
    ImageUsage,
    EmbeddingUsage,
    FailedInput,
    Problem,
    JobEvent,
)
TABLES: Mapping[str, Callable[[], str]] = {
    "settings": settings_table,
    **{model.__name__: partial(fields_table, model) for model in _MODELS},
}
SCHEMAS: Mapping[str, type[BaseModel]] = {
    "docs/schemas/ocr-job.json": OcrJob,
    "docs/schemas/image-job.json": ImageJob,
    "docs/schemas/embedding-job.json": EmbeddingJob,
    "docs/schemas/job-record.json": JobRecord,
    "docs/schemas/job-event.json": JobEvent,
}
DOCUMENTS = ("README.md", "docs/messages.md")


def renewed(text: str) -> str:
    """A document with its generated parts as the code has them now."""
    return _GENERATED.sub(lambda part: f"{part[1]}{TABLES[part[2]]()}{part[3]}", text)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |\n" for line in lines)


def _default(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _kind(schema: Mapping[str, Any]) -> str:
    kinds: Mapping[str, Callable[[Any], str]] = {
        "$ref": lambda ref: str(ref).rsplit("/", 1)[-1],
        "enum": lambda values: ", ".join(f"`{value}`" for value in values),
        "const": lambda value: f"`{value}`",
        "anyOf": lambda choices: " or ".join(_kind(choice) for choice in choices),
        "format": lambda _: "date and time",
        "items": lambda item: f"list of {_kind(item)}",
        "type": str,
    }
    return next((tell(schema[key]) for key, tell in kinds.items() if key in schema), "any")


def schema(model: type[BaseModel]) -> str:
    """A message's JSON Schema, as text."""
    return json.dumps(model.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for name, message in SCHEMAS.items():
        (ROOT / name).write_text(schema(message))
    for name in DOCUMENTS:
        (ROOT / name).write_text(renewed((ROOT / name).read_text()))
