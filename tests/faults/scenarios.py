"""What is done to the worker, the models and the events; each scenario draws its plan from the seed and gives a row."""

import time
from typing import Any

from tests.faults.asking import ask
from tests.faults.plan import Job, dice, job, mixed, points, told
from tests.faults.reckoning import burnt, reckon
from tests.faults.rig import Rig
from tests.faults.table import Row

_JOBS, _KILLS = 300, 12
_BEFORE_STORM, _STORM_SECONDS, _QUOTA = 20, 20.0, 90
_DOWN_SECONDS = 120.0
_ASKED_AGAIN = {"DARKROOM_IMAGE_UNSURE_RETRIES": "99"}  # so that pictures outlast an outage, too
_WAYS_TO_TELL: tuple[dict[str, Any], ...] = (
    {"after_seconds": 2},
    {"after_ms": 1500},
    {"after_seconds": 2, "retry_after_date": True},
    {"after_seconds": 2, "message_only": True},
    {},
)


def kills(seed: int) -> Row:
    """The worker is killed again and again, at any moment, during 300 mixed jobs."""
    draw = dice(seed, "kills")
    jobs, moments = mixed(draw, "kills", _JOBS), points(draw, _KILLS, _JOBS)
    pauses = [draw.uniform(0.0, 1.5) for _ in moments]
    with Rig("kills") as rig:
        with rig.asking(*jobs):
            for moment, pause in zip(moments, pauses, strict=True):
                rig.until_ended(moment)
                time.sleep(pause)
                rig.kill()
        rig.finish()
        return reckon(rig, told(jobs, moments, pauses))


def throttling(seed: int) -> Row:
    """In the middle, every call is refused with 429, told in every way; then there is a quota of calls a minute."""
    draw = dice(seed, "throttling")
    jobs = mixed(draw, "throttling", 100)
    with Rig("throttling") as rig:
        with rig.asking(*jobs):
            rig.until_ended(_BEFORE_STORM)
            _storm(rig)
        rig.emulator("PUT", "limits", {"requests_per_minute": _QUOTA})
        rig.finish()
        return reckon(rig, told(jobs), burnt(rig))


def outage(seed: int) -> Row:
    """Every model answers 503 for two minutes."""
    draw = dice(seed, "outage")
    jobs = mixed(draw, "outage", 60)
    with Rig("outage", settings=_ASKED_AGAIN) as rig:
        rig.emulator("POST", "faults", {"kind": "status", "status": 503, "times": None})
        rig.ask(*jobs)
        time.sleep(_DOWN_SECONDS)
        rig.emulator("DELETE", "faults")
        rig.finish()
        return reckon(rig, told(jobs), burnt(rig))


def disorder(seed: int) -> Row:
    """Two hosts on one storage, events twice, late and out of order, messages twice, documents overwritten in work."""
    draw = dice(seed, "disorder")
    jobs = mixed(draw, "disorder", 60)
    older = [job("ocr", "document", f"overwritten-{number}", draw, size=draw.choice((4, 9, 40))) for number in range(8)]
    newer = [Job(one.kind, one.shape, one.name, f"{one.words} anew", draw.choice((2, 35))) for one in older]
    events = ("--events", "duplicate=0.5,reorder,delay=0.3", "--events-seed", str(draw.randrange(1000)))
    with Rig("disorder", host_arguments=events) as rig:
        rig.second_host()
        rig.emulator("PUT", "engine", {"engine": "instant", "seconds_per_page": 0.5, "figure_bytes": 2000})
        rig.ask(*older)
        _overwrite(rig, dict(zip(older, newer, strict=True)))
        rig.ask(*jobs)
        _again(rig, jobs)
        rig.finish()
        _again(rig, jobs)
        rig.finish()
        return reckon(rig, told(jobs, older, newer, events))


def _storm(rig: Rig) -> None:
    """Have every call refused for a while."""
    for number, way in enumerate(_WAYS_TO_TELL):
        share = 1 / (len(_WAYS_TO_TELL) - number)
        fault = {"kind": "status", "status": 429, "times": None, "probability": share, "seed": number}
        rig.emulator("POST", "faults", fault | way)
    time.sleep(_STORM_SECONDS)
    rig.emulator("DELETE", "faults")


def _overwrite(rig: Rig, newer: dict[Job, Job]) -> None:
    """Drop a newer version of each document as soon as somebody is at the older one."""
    waiting = list(newer)
    while waiting:
        begun = [one for one in waiting if rig.is_in_work(one)]
        rig.ask(*(newer[one] for one in begun))
        waiting = [one for one in waiting if one not in begun]


def _again(rig: Rig, jobs: tuple[Job, ...]) -> None:
    """The same messages once more."""
    for one in jobs:
        if one.kind != "ocr":
            ask(rig.storage, one)
