"""Annotations without a language model: values that stand in the text, put into the schema's shape.

A property is filled when the text has a line such as `Invoice number: 42`, `Invoice number 42` or a table row
`| Invoice number | 42 |`; everything else becomes null where the schema allows it, and empty where it does not.
Nothing is guessed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Schema = Mapping[str, Any]

_NUMBER = re.compile(r"-?\d+(?:[ ,'\u00a0]\d{3})*(?:[.,]\d+)?")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_FORMATS = ("%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%m/%d/%Y")
_YES = {"yes", "true", "x", "paid"}
_NO = {"no", "false"}
_MARKS = re.compile(r"[#*|>`]+")


def annotate(schema: Schema, text: str, fallback: str = "") -> str:
    """JSON text that conforms to the schema, filled from the text; `fallback` fills strings that find no value."""
    lines = [" ".join(_MARKS.sub("  ", line).split()) for line in text.splitlines()]
    filler = _Filler(schema, [line for line in lines if line], fallback)
    return json.dumps(filler.value(schema, None), ensure_ascii=False)


def check(schema: Schema) -> None:
    """Raise ValueError if the schema cannot be followed, for instance because a `$ref` leads nowhere."""
    try:
        annotate(schema, "")
    except (LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("The annotation's JSON schema cannot be followed; check its $ref and properties.") from error


class _Filler:
    """Fills schemas from lines; keeps the root schema for `$ref`."""

    def __init__(self, root: Schema, lines: Sequence[str], fallback: str) -> None:
        self._root = root
        self._lines = lines
        self._fallback = fallback

    def value(self, schema: Schema, name: str | None, within: frozenset[str] = frozenset()) -> Any:
        """A value of the schema's type for the property of this name (None for the document as a whole)."""
        schema, passed = self._resolved(schema)
        if passed & within:
            return None  # A schema that contains itself can only end in null.
        if "const" in schema:
            return schema["const"]
        types = _types(schema)
        if "object" in types or "properties" in schema:
            inner = within | passed
            return {key: self.value(sub, key, inner) for key, sub in schema.get("properties", {}).items()}
        if "array" in types:
            return self._items(schema, name)
        return self._scalar(schema, types, self._found(name))

    def _resolved(self, schema: Schema) -> tuple[Schema, frozenset[str]]:
        """The schema that references and alternatives lead to, and the references on the way."""
        if "$ref" in schema:
            target, passed = self._resolved(self._pointed_at(schema["$ref"]))
            return target, passed | {schema["$ref"]}
        options = schema.get("anyOf") or schema.get("oneOf") or []
        real = [option for option in options if option.get("type") != "null"]
        if not real:
            return schema, frozenset()
        chosen, passed = self._resolved(real[0])
        null = ["null"] if len(real) < len(options) else []
        return {**chosen, "type": [*_types(chosen), *null]}, passed

    def _pointed_at(self, reference: str) -> Schema:
        target: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/"):
            target = target[step] if step else target
        return dict(target)

    def _items(self, schema: Schema, name: str | None) -> list[Any]:
        found, item = self._found(name), self._resolved(schema.get("items", {}))[0]
        if found is None or "object" in _types(item):
            return []
        pieces = [piece.strip() for piece in re.split(r"[;,]", found) if piece.strip()]
        values = [self._scalar(item, _types(item), piece) for piece in pieces]
        return [value for value in values if value is not None]

    def _found(self, name: str | None) -> str | None:
        """What follows the property's name on the first line that begins with it."""
        if not name:
            return None
        label = r"[\s_\-]*".join(re.escape(word) for word in _words_of(name))
        pattern = re.compile(rf"^(?:[-•]\s*)?{label}\s*(?:[:=]\s*|\s)(?P<value>\S.*)$", re.IGNORECASE)
        matches = (pattern.match(line) for line in self._lines)
        return next((match["value"].strip() for match in matches if match), None)

    def _scalar(self, schema: Schema, types: Sequence[str], found: str | None) -> Any:
        value = _typed(schema, types, found)
        if value is None and "string" in types and self._fallback and "enum" not in schema and "format" not in schema:
            return self._fallback
        return _empty(schema, types) if value is None else value


def _typed(schema: Schema, types: Sequence[str], found: str | None) -> Any:
    if found is None:
        return None
    if "enum" in schema:
        return next((option for option in schema["enum"] if str(option).lower() in found.lower().split()), None)
    readers = {"integer": _integer, "number": _number, "boolean": _boolean}
    for kind in types:
        if kind in readers:
            return readers[kind](found)
    return _date(found) if schema.get("format") == "date" else found


def _empty(schema: Schema, types: Sequence[str]) -> Any:
    """Null where the schema allows it, else the emptiest value of its type."""
    if "null" in types or not types:
        return None if "enum" not in schema or None in schema["enum"] else schema["enum"][0]
    if "enum" in schema:
        return schema["enum"][0]
    return {"integer": 0, "number": 0, "boolean": False}.get(types[0], "")


def _types(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _words_of(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[\s_\-]+", spaced) if word]


def _number(text: str) -> float | None:
    match = _NUMBER.search(text)
    if match is None:
        return None
    digits = re.sub(r"[ '\u00a0]", "", match[0])
    if "." not in digits and re.search(r",\d{1,2}$", digits):
        digits = digits.replace(",", ".")
    return float(digits.replace(",", ""))


def _integer(text: str) -> int | None:
    number = _number(text)
    return int(number) if number is not None and number.is_integer() else None


def _boolean(text: str) -> bool | None:
    word = text.split(maxsplit=1)[0].lower().rstrip(".,")
    return True if word in _YES else False if word in _NO else None


def _date(text: str) -> str | None:
    iso = _ISO_DATE.search(text)
    if iso:
        return iso[0]
    for form in _DATE_FORMATS:
        try:
            return datetime.strptime(text.strip(" ."), form).date().isoformat()
        except ValueError:
            continue
    return None
