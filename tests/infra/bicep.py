"""Bicep files as their grammar reads them: what they declare, what they refer to, what they say.

It stands in for the compiler, which needs a download that tests must not make. It knows names, not types.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

INFRA = Path(__file__).parents[2] / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))

_PARSER = Parser(Language(tree_sitter_bicep.language()))
_DECLARATIONS = {
    "parameter_declaration": "param",
    "variable_declaration": "var",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "type_declaration": "type",
    "output_declaration": "output",
}
_BINDERS = ("for_statement", "lambda_expression")


@dataclass(frozen=True)
class Declared:
    """Something that a file declares; `node` is the declaration, `decorators` are what stands above it."""

    kind: str
    name: str
    node: Node
    decorators: tuple[Node, ...]

    @property
    def value(self) -> Node:
        """What follows the name: the body of a resource or module, the value of a variable."""
        return self.node.named_children[-1]

    @property
    def target(self) -> str:
        """The type of a resource with its version, or the path of a module."""
        return text(next(child for child in self.node.named_children if child.type == "string"))

    @property
    def existing(self) -> bool:
        """Whether a resource is only looked up."""
        return any(child.type == "existing" for child in self.node.children)

    def decorated(self, function: str) -> Node | None:
        """The first argument of a decorator, if it is there; the decorator itself when it takes none."""
        for call in self.decorators:
            name, *arguments = call.named_children
            if name.text == function.encode():
                return next(iter(arguments[0].named_children), call)
        return None


@dataclass(frozen=True)
class Bicep:
    """One file."""

    path: Path
    root: Node

    def __str__(self) -> str:
        return self.path.relative_to(INFRA).as_posix()

    @cached_property
    def declared(self) -> tuple[Declared, ...]:
        """All that is declared, nested resources included."""
        return tuple(_declared(self.root))

    @cached_property
    def imported(self) -> dict[str, Path]:
        """Names that are imported, and from which file."""
        found: dict[str, Path] = {}
        for node in walk(self.root, "import_functionality"):
            *names, source = node.named_children
            found |= {said(name): self.path.parent / text(source) for name in names}
        return found

    def of(self, kind: str) -> dict[str, Declared]:
        """What is declared of one kind, by name."""
        return {one.name: one for one in self.declared if one.kind == kind}

    def references(self) -> Iterator[Node]:
        """Every identifier that stands for something declared elsewhere; called functions are not among them."""
        return (node for node in walk(self.root, "identifier") if not _names_itself(node) and not _is_bound(node))

    def functions(self) -> set[str]:
        """The functions that are called."""
        return {said(call.named_children[0]) for call in walk(self.root, "call_expression")}

    def loaded(self, function: str) -> Iterator[Path]:
        """The files that `loadJsonContent` or `loadTextContent` loads."""
        for call in walk(self.root, "call_expression"):
            name, arguments = call.named_children
            if said(name) == function:
                yield self.path.parent / text(arguments.named_children[0])

    def json_variables(self) -> dict[str, Any]:
        """Variables that hold a loaded JSON file, with what is in it."""
        found = {}
        for one in self.of("var").values():
            if one.value.type == "call_expression" and said(one.value.named_children[0]) == "loadJsonContent":
                source = self.path.parent / text(one.value.named_children[1].named_children[0])
                found[one.name] = json.loads(source.read_text())
        return found


@cache
def read(path: Path) -> Bicep:
    """Parse a file."""
    return Bicep(path, _PARSER.parse(path.read_bytes()).root_node)


def faults(node: Node) -> Iterator[str]:
    """Where the grammar does not know what is written, by line."""
    if node.type == "ERROR" or node.is_missing:
        yield f"line {node.start_point.row + 1}: {said(node)[:60]!r}"
    for child in node.children:
        yield from faults(child)


def walk(node: Node, kind: str) -> Iterator[Node]:
    """Every node of a kind, the outer before the inner."""
    if node.type == kind:
        yield node
    for child in node.named_children:
        yield from walk(child, kind)


def said(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode()


def text(node: Node) -> str:
    """What a string says; an interpolation stays as it is written."""
    return "".join(said(part) for part in node.named_children).replace("\\'", "'")


def properties(node: Node) -> dict[str, Node]:
    """The properties of an object, or of the object that a loop or a condition makes."""
    while node.type in ("for_statement", "if_statement"):
        node = node.named_children[-1]
    pairs = [child.named_children for child in node.named_children if child.type == "object_property"]
    return {text(pair[0]) if pair[0].type == "string" else said(pair[0]): pair[-1] for pair in pairs if len(pair) > 1}


def value(node: Node) -> Any:
    """A value as Python has it; an expression is its source."""
    if node.type == "string":
        return text(node)
    if node.type == "number":
        return int(said(node))
    if node.type == "boolean":
        return said(node) == "true"
    if node.type == "array":
        return [value(child) for child in node.named_children if child.type != "comment"]
    if node.type == "object":
        return {name: value(child) for name, child in properties(node).items()}
    return said(node)


def at(node: Node, path: str) -> Any:
    """The value at a dotted path into an object."""
    for name in path.split("."):
        node = properties(node)[name]
    return value(node)


def _declared(node: Node) -> Iterator[Declared]:
    above: tuple[Node, ...] = ()
    for child in node.named_children:
        if child.type == "decorators":
            above = tuple(walk(child, "call_expression"))
        elif child.type in _DECLARATIONS:
            yield Declared(_DECLARATIONS[child.type], said(child.named_children[0]), child, above)
        if child.type not in ("decorators", "comment"):
            above = ()
            yield from _declared(child)


def _names_itself(node: Node) -> bool:
    """A declaration's name, a property's name, a function's name, and what is imported are no references."""
    parent = node.parent
    assert parent is not None
    first = parent.named_children[0] == node
    return parent.type == "import_functionality" or (
        first and parent.type in (*_DECLARATIONS, "object_property", "call_expression")
    )


def _is_bound(node: Node) -> bool:
    """A loop's or a lambda's own variable; a resource inside another one goes by its outer one's name."""
    parent = node.parent
    if parent is not None and parent.type == "resource_expression" and parent.named_children[0] != node:
        return True
    while parent is not None:
        if parent.type in _BINDERS and said(node) in _bound(parent):
            return True
        parent = parent.parent
    return False


def _bound(binder: Node) -> set[str]:
    first = binder.named_children[0]
    return {said(name) for name in first.named_children} if first.type == "for_loop_parameters" else {said(first)}
