"""What the app of this folder is: its functions and its host.json, and whether the settings fit them."""

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from cli.doctor.findings import Finding, right, wrong
from local.host.config import HostConfig, read_config
from local.host.errors import Refused
from shared.jobs import MAX_ATTEMPTS
from shared.settings import Settings

ROOT = Path(__file__).parents[2]
_THREADS = "PYTHON_THREADPOOL_THREAD_COUNT"
_NAME = "host.json"
_TRIGGER = "_trigger"


def doors(root: Path) -> dict[str, str]:
    """The functions of `function_app.py` and what triggers each: `queue`, `blob`, `timer`.

    Its text is read, for importing it would read the settings of this shell.
    """
    return {
        node.name: decorator.func.attr.removesuffix(_TRIGGER)
        for node in ast.parse((root / "function_app.py").read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef)
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and decorator.func.attr.endswith(_TRIGGER)
    }


def host_json_findings(root: Path, environment: Mapping[str, str]) -> Iterator[Finding]:
    """Whether host.json can be used, and the settings leave room for what it says."""
    try:
        config = read_config(root, environment)
    except Refused as error:
        yield wrong(_NAME, str(error), "Mend host.json.")
        return
    faults = [*_too_few(config, Counter(doors(root).values()), environment), *_times(config, environment)]
    yield from faults or [right(_NAME, "It can be used, and threads and deadlines fit it.")]


def _too_few(config: HostConfig, triggers: Mapping[str, int], environment: Mapping[str, str]) -> Iterator[Finding]:
    """An invocation that waits for a thread has its timeout running already."""
    per_queue = config.queues.batch_size + config.queues.new_batch_threshold
    blobs = config.blobs.batch_size + config.blobs.new_batch_threshold
    at_once = per_queue * triggers.get("queue", 0) + blobs + triggers.get("timer", 0)
    given = environment.get(_THREADS, "")
    if not given.isdecimal() or int(given) < at_once:
        said = f"is {given}" if given else "is not set"
        yield wrong(
            _NAME,
            f"It lets {at_once} functions run at once, and {_THREADS} {said}: the rest wait while their time runs.",
            f"Set {_THREADS} to at least {at_once}.",
        )


def _times(config: HostConfig, environment: Mapping[str, str]) -> Iterator[Finding]:
    settings = Settings.read(environment)
    for name, seconds in vars(settings).items():
        if name.endswith("_deadline_seconds") and config.function_timeout and seconds >= config.function_timeout:
            yield wrong(
                _NAME,
                f"A call may take {seconds} s by DARKROOM_{name.upper()}, and functionTimeout ends the worker with all "
                f"that runs in it after {config.function_timeout:g} s.",
                f"Set DARKROOM_{name.upper()} below functionTimeout.",
            )
    if config.queues.max_dequeue_count != MAX_ATTEMPTS:
        yield wrong(
            _NAME,
            f"maxDequeueCount is {config.queues.max_dequeue_count}, and the app ends a job at attempt {MAX_ATTEMPTS}.",
            f"Set maxDequeueCount to {MAX_ATTEMPTS}.",
        )
    if not config.queues.base64:
        yield wrong(_NAME, "messageEncoding is none, and messages are base64.", "Set messageEncoding to base64.")
