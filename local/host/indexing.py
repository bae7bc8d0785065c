"""Find the functions of an app and hold each to the rules of the real worker.

Source: azure_functions_runtime 1.3.0, loader.py and functions.py.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import typing
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import azure.functions as func

from local.host import library
from local.host.protocol import Function

_TRIGGERS = ("blobTrigger", "queueTrigger", "timerTrigger", "httpTrigger")
_RETURN = "$return"


class CannotLoad(Exception):
    """The app breaks a rule of the worker; the message says which, in one sentence."""


@dataclass(frozen=True)
class Indexed:
    """A function that can be called: the user's callable and how its parameters are filled."""

    name: str
    call: Callable[..., Any]
    trigger: dict[str, Any]
    annotation: Any
    wants_context: bool
    returns: bool
    deferred: bool

    @property
    def public(self) -> Function:
        """What the host needs to know of it."""
        return Function(self.name, self.trigger, self.deferred)

    @property
    def parameter(self) -> str:
        """Name the parameter that takes the trigger's value."""
        return str(self.trigger["name"])


def load_app(folder: Path) -> list[Indexed]:
    """Import the app's script and index its functions.

    Raises CannotLoad when a rule is broken, and whatever the import or the library raises.
    """
    script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
    if not (folder / script).exists():
        raise CannotLoad(f"There is no {script} in {folder}.")
    sys.path.insert(0, str(folder))
    module = importlib.import_module(Path(script).stem)
    apps = [found for found in vars(module).values() if isinstance(found, func.FunctionRegister)]
    if len(apps) != 1:
        raise CannotLoad(f"{script} must hold exactly one FunctionApp at the top level, not {len(apps)}.")
    functions = [_index(function) for function in apps[0].get_functions()]
    if not functions:
        raise CannotLoad(f"The FunctionApp in {script} has no functions.")
    return functions


def _index(function: Any) -> Indexed:
    name, call = function.get_function_name(), function.get_user_function()
    bindings = [json.loads(binding) for binding in function.get_raw_bindings()]
    trigger = _only_trigger(name, bindings)
    annotations = _annotations(name, call)
    wants_context = _check_parameters(name, call, trigger["name"], annotations)
    annotation = annotations.get(trigger["name"])
    deferred = library.is_sdk_type(annotation)
    _check_annotation(name, trigger, annotation, deferred)
    returns = any(binding["name"] == _RETURN for binding in bindings)
    return Indexed(name, call, trigger, annotation, wants_context, returns, deferred)


def _only_trigger(name: str, bindings: list[dict[str, Any]]) -> dict[str, Any]:
    for binding in bindings:
        http_output = binding["type"] == "http" and binding["name"] == _RETURN
        if binding["type"] not in _TRIGGERS and not http_output:
            kind = binding["type"]
            raise CannotLoad(f"Function {name} uses {kind}; the local host knows only {', '.join(_TRIGGERS)}.")
    return next(binding for binding in bindings if binding["type"] in _TRIGGERS)


def _annotations(name: str, call: Callable[..., Any]) -> dict[str, Any]:
    try:
        return typing.get_type_hints(call)
    except (NameError, TypeError) as error:
        raise CannotLoad(f"An annotation of function {name} does not resolve: {error}.") from error


def _check_parameters(name: str, call: Callable[..., Any], bound: str, annotations: dict[str, Any]) -> bool:
    declared = set(inspect.signature(call).parameters)
    wants_context = "context" in declared and bound != "context"
    if wants_context and annotations.get("context", func.Context) is not func.Context:
        raise CannotLoad(f"The parameter context of function {name} must be an azure.functions.Context.")
    unbound = declared - {bound, "context"}
    if unbound:
        raise CannotLoad(f"Function {name} has parameters without a binding: {', '.join(sorted(unbound))}.")
    if bound not in declared:
        raise CannotLoad(f"Function {name} has no parameter {bound}, which its trigger binds.")
    return wants_context


def _check_annotation(name: str, trigger: dict[str, Any], annotation: Any, deferred: bool) -> None:
    if annotation in (None, str, bytes):
        return
    converter = library.converter(trigger["type"], deferred)
    fits = isinstance(annotation, type) and converter is not None and converter.check_input_type_annotation(annotation)
    if not fits:
        shown = getattr(annotation, "__name__", repr(annotation))
        raise CannotLoad(f"Function {name} takes {trigger['name']} as {shown}, which {trigger['type']} cannot give.")
