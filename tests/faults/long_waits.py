"""The scenarios that mostly wait: jobs that kill their worker each time, and each fault of the models once."""

import json
import random
from collections.abc import Mapping
from typing import Any

from shared.messages import Kind
from tests.faults.plan import SUCCEEDED, Job, dice, job, told
from tests.faults.reckoning import reckon
from tests.faults.rig import Rig
from tests.faults.table import Row

_ATTEMPTS = 5
_LEASE_SECONDS, _HELD_SECONDS = 40, 30  # a record's lease is over when the message of its dead worker comes back
_MODELS: Mapping[Kind, str] = {"ocr": "mistral-document-ai-2512", "image": "gpt-image-2", "embedding": "embed-v-4-0"}
_SHAPES: Mapping[Kind, str] = {"ocr": "document", "image": "stream", "embedding": "texts"}
_FREE = {"billed": False}  # the answer never came, so that what is paid for it is no second payment
FAULTS: Mapping[str, dict[str, Any]] = {
    "blocked": {"kind": "status", "status": 403},
    "timeout": {"kind": "status", "status": 408},
    "throttled": {"kind": "status", "status": 429, "after_seconds": 2},
    "error": {"kind": "status", "status": 500},
    "gateway": {"kind": "status", "status": 502},
    "down": {"kind": "status", "status": 503},
    "late": {"kind": "status", "status": 504},
    "null": {"kind": "null"},
    "empty": {"kind": "empty"},
    "cut": {"kind": "cut", "bytes": 40, **_FREE},
    "reset": {"kind": "reset"},
    "slow": {"kind": "slow", "seconds": 5},
    "drip": {"kind": "drip", "seconds": 5},
    "stream": {"kind": "stream_error", **_FREE},
    "one-vector": {"kind": "one_vector", **_FREE},
    "short": {"kind": "short_vectors", **_FREE},
    "nan": {"kind": "nan_vectors", **_FREE},
    "zero": {"kind": "zero_vectors", **_FREE},
    "same-index": {"kind": "same_index", **_FREE},
    "no-index": {"kind": "no_index", **_FREE},
}
_SPOILS = ("one-vector", "short", "nan", "zero", "same-index", "no-index")  # no answer: it is not asked for again


def crash_loop(seed: int) -> Row:
    """A job of each kind kills its worker at every attempt: it fails as `crashed`, and a replay makes it whole."""
    draw = dice(seed, "crash loop")
    shapes: tuple[tuple[Kind, str, int], ...] = (
        ("ocr", "document", 2), ("ocr", "long", 40), ("image", "generate", 1), ("embedding", "texts", 3),
    )  # fmt: skip
    jobs = [job(kind, shape, f"killer-{shape}", draw, size=size, ends="crashed") for kind, shape, size in shapes]
    calls = len(jobs) + 1  # the long document has two parts
    with Rig("crash loop", lease_seconds=_LEASE_SECONDS) as rig:
        rig.emulator("POST", "faults", {"kind": "slow", "seconds": _HELD_SECONDS, "times": None})
        rig.ask(*jobs)
        for _ in range(_ATTEMPTS):
            rig.until(lambda: rig.in_flight() == calls, 2 * _LEASE_SECONDS)
            rig.kill()
            rig.until(lambda: not rig.in_flight(), 2 * _HELD_SECONDS)
        rig.emulator("DELETE", "faults")
        rig.finish()
        rig.replay()
        rig.finish()
        return reckon(rig, told(jobs), to_poison=calls)


def each_fault(seed: int) -> Row:
    """Each fault of the models strikes a job of each kind once, at a deployment of its own."""
    draw = dice(seed, "each fault")
    jobs = [_struck(kind, fault, draw) for kind in _MODELS for fault in FAULTS]
    deployments = {str(one.model): _MODELS[one.kind] for one in jobs}
    settings = {
        "FOUNDRY_EMULATOR_DEPLOYMENTS": ",".join(f"{name}={model}" for name, model in deployments.items()),
        "DARKROOM_MODELS": json.dumps({name: {"like": model} for name, model in deployments.items()}),
    }
    with Rig("each fault", settings=settings) as rig:
        for kind in _MODELS:
            for fault, how in FAULTS.items():
                rig.emulator("POST", "faults", {**how, "deployment": f"{kind}-{fault}"})
        rig.ask(*jobs)
        rig.finish()
        unused = rig.emulator("POST", "faults", {"kind": "null"})["faults"][:-1]
        broken = tuple(f"The fault {one['kind']} of {one['deployment']} struck nothing." for one in unused)
        return reckon(rig, told(jobs), broken)


def _struck(kind: Kind, fault: str, draw: random.Random) -> Job:
    spoiled = kind == "embedding" and fault in _SPOILS
    size = 2 if kind == "embedding" else 1
    name, ends = f"{kind}-{fault}", "incomplete" if spoiled else SUCCEEDED
    return job(kind, _SHAPES[kind], name, draw, size=size, ends=ends, model=name)
