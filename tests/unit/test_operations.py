"""`docs/operations.md` names what the code does: every code that jobs fail or wait with, queues and log lines."""

import ast
import re
from collections.abc import Iterator

import pytest

from shared import errors
from shared.names import BLOB_POISON, QUEUES
from tests.documentation import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SOURCES = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "shared").rglob("*.py"))]
ABSTRACT = {"error", "deferred", "needs_operator", "failed"}  # classes that only stand for others


def classes(base: type[errors.DarkroomError]) -> Iterator[type[errors.DarkroomError]]:
    """A class of the tree and all below it."""
    yield base
    for below in base.__subclasses__():
        if below.__module__ == errors.__name__:
            yield from classes(below)


def codes_of(base: type[errors.DarkroomError]) -> set[str]:
    """The codes of the tree below a class."""
    return {kind.code for kind in classes(base)} - ABSTRACT


def given_codes() -> set[str]:
    """The codes that are given to single errors, anywhere."""
    words = [node for source in SOURCES for node in ast.walk(ast.parse(source)) if isinstance(node, ast.keyword)]
    return {str(word.value.value) for word in words if word.arg == "code" and isinstance(word.value, ast.Constant)}


def table(name: str) -> dict[str, tuple[str, str]]:
    """A table of the page: what each code means, and what to do."""
    text = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", PAGE, re.DOTALL)
    assert text is not None
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", text[1], re.MULTILINE)
    assert len(rows) == len(text[1].splitlines()) - 2
    return {code: (meaning, remedy) for code, meaning, remedy in rows}


def test_every_code_that_a_job_can_fail_with_is_explained() -> None:
    """And no code is that there is not."""
    assert set(table("failures")) == codes_of(errors.Permanent) | (given_codes() - codes_of(errors.Deferred))


def test_every_code_that_a_job_can_wait_with_is_explained() -> None:
    """Those that need an operator are marked."""
    waits = table("waits")
    assert set(waits) == codes_of(errors.Deferred)
    marked = {code for code, (meaning, _) in waits.items() if "Needs an operator" in meaning}
    assert marked == codes_of(errors.NeedsOperator)


def test_codes_are_in_order() -> None:
    """People look them up."""
    for name in ("failures", "waits"):
        assert list(table(name)) == sorted(table(name))


def test_whatever_can_be_tried_again_as_it_is_says_how() -> None:
    """The command is named where a failure says that trying again can help."""
    kinds = [kind for kind in classes(errors.Permanent) if issubclass(kind, errors.Permanent)]
    retryable = {kind.code for kind in kinds if kind.retryable}
    assert retryable
    for code in retryable:
        assert "eplay" in table("failures")[code][1], code


@pytest.mark.parametrize("queue", [queue for queue in QUEUES if not queue.endswith("-poison")] + [BLOB_POISON])
def test_every_queue_is_explained(queue: str) -> None:
    """What is in it and who takes it out."""
    assert re.search(rf"^\| [^|]*`{queue}`", PAGE, re.MULTILINE)


def test_the_log_lines_that_alerts_look_for_are_written() -> None:
    """A query for a line that is not there never fires."""
    told = re.sub(r"\s+", " ", PAGE.partition("## Alerts and queries\n\n")[2].partition("\n\n")[0])
    lines = re.findall(r"`([a-z ]+?)(?: \w+=)*`", told)
    assert len(lines) >= 9
    for line in lines:
        assert any(f'"{line}' in source for source in SOURCES), line
