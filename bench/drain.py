"""How 10,000 jobs and a million drain against one deployment's quota, on a virtual clock, beside the quota's ideal.

One, ten and a hundred instances, which know nothing of each other, run the product's own pace and delays. The quota is
60 calls a minute, enforced by the minute or in smaller windows; refusals tell what is left of the window, or always
ten seconds, or nothing. Told beside these, without a reach, are windows of one second, where a call must hit its place
to the second, jobs of a hundred calls, and all without the pace.

`python bench/drain.py million` also drains a million jobs at 2,000 and 6,000 calls a minute: the quotas that ten and
a hundred instances can use within a job's time to live.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # so that it also runs as a file

from bench.drain_plot import plot
from bench.drain_world import Quota, World
from bench.report import ROOT, Row, publish

_JOBS, _A_MINUTE = 10_000, 60
_MILLION, _A_MINUTE_OF_MILLION = 1_000_000, 6_000
_INSTANCES = (1, 10, 100)
_LATEST, _MOST_REFUSED, _MOST_DEFERRED = 1.15, 5.0, 10.0
_PLOT = ROOT / "docs" / "drain.svg"


def main(million: bool) -> int:
    """Simulate, draw, publish and give the exit status."""
    drains = {f"{count} instances": _drain(count, 60.0, "left") for count in _INSTANCES}
    unpaced = {f"{count} instances, no pace": _drain(count, 60.0, "left", paced=False) for count in _INSTANCES}
    _PLOT.write_text(plot({**drains, **unpaced}, drains["1 instances"].ideal))
    rows = [row for name, world in drains.items() for row in _rows(f"{name}, a minute, told what is left", world)]
    for window, tells in ((60.0, 10.0), (60.0, None), (10.0, "left"), (10.0, 10.0), (10.0, None)):
        for count in _INSTANCES:
            world = _drain(count, window, tells)
            rows += _rows(f"{count} instances, {window:g} s, {_told(tells)}", world)
    for count in (10, 100):
        slow = World(_JOBS, count, Quota(_A_MINUTE, 60.0, None), seconds=20.0).run()
        rows += _rows(f"{count} instances, a minute, calls of 20 s", slow)
    for count in _INSTANCES:
        rows += _rows(f"{count} instances, 1 s, told what is left", _drain(count, 1.0, "left"), held=False)
        large = World(100, count, Quota(_A_MINUTE, 60.0, None), calls_each=100).run()
        rows += _rows(f"{count} instances, 100 jobs of 100 calls", large, held=False)
    for name, world in unpaced.items():
        rows += _rows(name, world, held=False)
    if million:
        for count in (10, 100):
            quota = Quota(_A_MINUTE_OF_MILLION * min(count, 30) // 30, 60.0, "left")
            rows += _rows(f"{count} instances, a million jobs, {quota.a_minute} a minute", _million(count, quota))
    return publish("drain", rows)


def _drain(instances: int, window: float, tells: float | str | None, *, paced: bool = True) -> World:
    return World(_JOBS, instances, Quota(_A_MINUTE, window, tells), paced=paced).run()


def _million(instances: int, quota: Quota) -> World:
    return World(_MILLION, instances, quota).run()


def _told(tells: float | str | None) -> str:
    return "told nothing" if tells is None else "told what is left" if isinstance(tells, str) else f"told {tells:g} s"


def _rows(name: str, world: World, *, held: bool = True) -> list[Row]:
    """What came of a drain; only that no job is left over is a reach where `held` is False, and not without a pace."""
    return [
        Row(f"{name}: finish : ideal", world.now / world.ideal, "ratio", _LATEST if held else None),
        Row(f"{name}: refused", 100 * world.refused / world.calls, "% calls", _MOST_REFUSED if held else None),
        Row(f"{name}: deferrals", world.deferred / world.jobs, "a job", _MOST_DEFERRED if held else None),
        Row(f"{name}: not done in a day", world.jobs - world.done, "jobs", 0 if world.paced else None),
    ]


if __name__ == "__main__":
    sys.exit(main("million" in sys.argv[1:]))
