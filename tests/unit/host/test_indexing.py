"""The rules that a function app must keep, each refused in one sentence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.host.indexing import CannotLoad, Indexed, load_app

HEAD = "import azure.functions as func\napp = func.FunctionApp()\n"
QUEUE = "@app.queue_trigger(arg_name='msg', queue_name='jobs', connection='C')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder to import an app from, whatever app was imported before, and forget the app afterwards."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "function_app", raising=False)
    yield tmp_path
    sys.modules.pop("function_app", None)


def index(folder: Path, source: str) -> list[Indexed]:
    """Write an app and index it."""
    (folder / "function_app.py").write_text(source)
    return load_app(folder)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("x = 1\n", "must hold exactly one FunctionApp at the top level, not 0"),
        (HEAD + "other = func.FunctionApp()\n", "must hold exactly one FunctionApp at the top level, not 2"),
        (HEAD, "has no functions"),
        (
            HEAD + "@app.event_grid_trigger(arg_name='e')\ndef f(e): ...\n",
            "Function f uses eventGridTrigger; the local host knows only",
        ),
        (
            HEAD + QUEUE + "@app.queue_output(arg_name='o', queue_name='x', connection='C')\ndef f(msg, o): ...\n",
            "Function f uses queue; the local host knows only",
        ),
        (HEAD + QUEUE + "def f(msg, other): ...\n", "parameters without a binding: other"),
        (HEAD + QUEUE + "def f(): ...\n", "has no parameter msg"),
        (HEAD + QUEUE + "def f(msg: 'Nowhere'): ...\n", "An annotation of function f does not resolve"),
        (HEAD + QUEUE + "def f(msg: func.InputStream): ...\n", "takes msg as InputStream, which queueTrigger cannot"),
        (HEAD + QUEUE + "def f(msg: list[str]): ...\n", "takes msg as list, which queueTrigger cannot give"),
        (HEAD + QUEUE + "def f(msg, context: int): ...\n", "must be an azure.functions.Context"),
    ],
)
def test_an_app_that_breaks_a_rule_cannot_be_loaded(folder: Path, source: str, sentence: str) -> None:
    """Each rule of the real worker is one sentence that names the function and the fault."""
    with pytest.raises(CannotLoad) as caught:
        index(folder, source)
    assert sentence in str(caught.value)


def test_a_folder_without_the_script_is_named(folder: Path) -> None:
    """The sentence says which file is missing, and where."""
    with pytest.raises(CannotLoad, match=r"There is no function_app\.py in "):
        load_app(folder)


def test_a_whole_app_is_indexed(folder: Path) -> None:
    """Name, trigger, context and return binding are found, with or without annotations."""
    source = (
        HEAD
        + QUEUE
        + "def plain(msg, context: func.Context): ...\n"
        + "@app.route(route='x')\ndef web(req: func.HttpRequest) -> func.HttpResponse: ...\n"
    )

    plain, web = index(folder, source)

    assert (plain.name, plain.parameter, plain.wants_context, plain.returns) == ("plain", "msg", True, False)
    assert (web.name, web.parameter, web.wants_context, web.returns) == ("web", "req", False, True)
    assert plain.public.trigger["queueName"] == "jobs"
