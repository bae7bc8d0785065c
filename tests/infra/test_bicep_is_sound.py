"""The Bicep files hold together, as far as that can be told without the compiler."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from tree_sitter import Node

from tests.infra.bicep import FILES, INFRA, Bicep, faults, properties, read, said, text, walk

FUNCTIONS = {
    *("allowed", "batchSize", "description", "export", "maxLength", "maxValue", "minLength", "minValue"),  # decorators
    *("cidrSubnet", "concat", "empty", "environment", "filter", "guid", "items", "listKeys", "loadJsonContent"),
    *("loadTextContent", "resourceGroup", "string", "subscription", "subscriptionResourceId", "union", "uniqueString"),
}
EVERY_FILE = pytest.mark.parametrize("file", [read(path) for path in FILES], ids=str)


@EVERY_FILE
def test_it_parses(file: Bicep) -> None:
    """A file that the grammar does not know cannot be deployed."""
    assert list(faults(file.root)) == []


@EVERY_FILE
def test_every_symbol_exists(file: Bicep) -> None:
    """A reference to what nobody declares is an error of the compiler."""
    known = {one.name for one in file.declared if one.kind != "output"} | set(file.imported)

    assert {said(node) for node in file.references()} - known == set()


@EVERY_FILE
def test_every_function_is_one_of_bicep(file: Bicep) -> None:
    """A misspelt function is an error of the compiler."""
    assert file.functions() - FUNCTIONS == set()


@EVERY_FILE
def test_everything_declared_is_used(file: Bicep) -> None:
    """What nothing refers to was forgotten, or should have been referred to."""
    used = {said(node) for node in file.references()} | {said(n) for n in walk(file.root, "resource_expression")}
    looked_up = {one.name for one in file.of("resource").values() if one.existing}
    inner = {said(node.named_children[1]) for node in walk(file.root, "resource_expression")}
    idle = {*file.of("param"), *file.of("var"), *looked_up, *file.imported} - used - inner

    assert idle == set()


@EVERY_FILE
def test_no_name_is_declared_twice(file: Bicep) -> None:
    """Two declarations of one name are an error of the compiler."""
    names = [one.name for one in file.declared if one.kind != "output"]

    assert sorted(set(names)) == sorted(names)


@EVERY_FILE
def test_every_parameter_and_output_is_described(file: Bicep) -> None:
    """`azd` and the portal show the description to whoever is asked for a value."""
    told = {**file.of("param"), **file.of("output"), **file.of("type")}

    assert [name for name, one in told.items() if one.decorated("description") is None] == []


@EVERY_FILE
def test_files_that_are_loaded_exist(file: Bicep) -> None:
    """A missing JSON or KQL file is found by the compiler only."""
    loaded = [*file.loaded("loadJsonContent"), *file.loaded("loadTextContent"), *file.imported.values()]

    assert [path for path in loaded if not path.is_file()] == []


@EVERY_FILE
def test_what_is_read_from_a_json_file_is_in_it(file: Bicep) -> None:
    """A misspelt property of a loaded file is an error of the compiler."""
    missing = []
    for node in walk(file.root, "member_expression"):
        loaded = file.json_variables().get(said(node.named_children[0]))
        if loaded is not None and said(node.named_children[1]) not in loaded:
            missing.append(said(node))

    assert missing == []


@EVERY_FILE
def test_imported_names_are_exported(file: Bicep) -> None:
    """Only what is marked so can be imported."""
    exported = {
        source: {name for name, one in read(source.resolve()).of("type").items() if one.decorated("export") is not None}
        for source in file.imported.values()
    }

    assert {name for name, source in file.imported.items() if name not in exported[source]} == set()


@EVERY_FILE
def test_modules_get_the_parameters_that_they_have(file: Bicep) -> None:
    """One that is missing, unknown or not among the allowed values fails the deployment."""
    assert list(_wrong_parameters(file)) == []


@EVERY_FILE
def test_modules_get_values_of_the_type_that_they_take(file: Bicep) -> None:
    """A text for a number, or a list for an object, is an error of the compiler."""
    wrong = []
    for name, module in file.of("module").items():
        known = _modules(file)[name].of("param")
        for parameter, node in properties(properties(module.value)["params"]).items():
            given, taken = _type(file, node), said(known[parameter].node.named_children[1])
            if given not in (None, taken):
                wrong.append(f"{name}: {parameter} takes {taken} and gets {given}")

    assert wrong == []


@EVERY_FILE
def test_outputs_that_are_read_are_given(file: Bicep) -> None:
    """A misspelt output is an error of the compiler."""
    modules = _modules(file)
    wrong = [
        f"{symbol}.{output}" for symbol, output in _outputs_read(file) if output not in modules[symbol].of("output")
    ]

    assert wrong == []


def test_outputs_of_modules_are_read() -> None:
    """An output that nobody reads was forgotten."""
    main = read(INFRA / "main.bicep")
    read_outputs = {(_modules(main)[symbol].path, output) for symbol, output in _outputs_read(main)}
    given = {(module.path, output) for module in _modules(main).values() for output in module.of("output")}

    assert given == read_outputs


def test_every_module_is_deployed() -> None:
    """A file that nothing deploys is dead; `events.bicep` is deployed by the hook."""
    deployed = {module.path for path in FILES for module in _modules(read(path)).values()}

    assert set(FILES) - deployed == {INFRA / "main.bicep", INFRA / "events.bicep"}


def test_a_resource_type_has_one_released_version() -> None:
    """Two versions of a type differ in what they know, a preview goes away."""
    versions = defaultdict(set)
    for file in map(read, FILES):
        for resource in file.of("resource").values():
            kind, _, version = resource.target.partition("@")
            versions[kind].add(version)
    inner = {kind for kind in versions if "/" not in kind}

    assert all(versions.pop(kind) == {""} for kind in inner), "a resource inside another has the other's version"
    assert {kind: found for kind, found in versions.items() if not _is_one_release(found)} == {}


def _is_one_release(versions: set[str]) -> bool:
    return len(versions) == 1 and all(re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}", version) for version in versions)


def _modules(file: Bicep) -> dict[str, Bicep]:
    return {name: read((file.path.parent / one.target).resolve()) for name, one in file.of("module").items()}


def _outputs_read(file: Bicep) -> Iterator[tuple[str, str]]:
    for node in walk(file.root, "member_expression"):
        found = re.fullmatch(r"(\w+)!?\.outputs\.(\w+)", said(node))
        if found:
            yield found[1], found[2]


def _wrong_parameters(file: Bicep) -> Iterator[str]:
    for name, module in file.of("module").items():
        given = properties(properties(module.value)["params"])
        known = _modules(file)[name].of("param")
        required = {p for p, one in known.items() if not _has_default(said(one.node))}
        yield from (f"{name}: {p} is missing" for p in required - set(given))
        yield from (f"{name}: {p} is unknown" for p in set(given) - set(known))
        for parameter, node in given.items():
            allowed = known[parameter].decorated("allowed") if parameter in known else None
            if allowed is not None and node.type == "string" and said(node) not in said(allowed):
                yield f"{name}: {parameter} cannot be {text(node)}"


def _type(file: Bicep, node: Node) -> str | None:
    """The type of a literal, a parameter or a module's output; None of what only the compiler knows."""
    literals = {"string": "string", "number": "int", "boolean": "bool", "object": "object"}
    output = re.fullmatch(r"(\w+)!?\.outputs\.(\w+)", said(node))
    if output and output[2] in (outputs := _modules(file)[output[1]].of("output")):
        return said(outputs[output[2]].node.named_children[1])
    parameter = file.of("param").get(said(node))
    return said(parameter.node.named_children[1]) if parameter else literals.get(node.type)


def _has_default(declaration: str) -> bool:
    return "=" in declaration


def test_the_parameter_file_has_parameters_of_the_template_only() -> None:
    """azd refuses a deployment with an unknown one, and asks for a required one that is missing."""
    given = json.loads((INFRA / "main.parameters.json").read_text())["parameters"]
    known = read(INFRA / "main.bicep").of("param")

    assert set(given) <= set(known)
    assert {name for name, one in known.items() if not _has_default(said(one.node))} <= set(given)


def test_every_table_and_query_is_loaded() -> None:
    """A query or a table that no template loads is dead."""
    loaded = {
        path.resolve()
        for file in map(read, FILES)
        for function in ("loadJsonContent", "loadTextContent")
        for path in file.loaded(function)
    }
    there: set[Path] = {*INFRA.glob("*.json"), *INFRA.glob("queries/*.kql")}

    assert there - loaded == {INFRA / "main.parameters.json"}
