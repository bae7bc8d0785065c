"""`python -m tests.faults`: hurt the whole stack in every way, and tell whether it kept what it promises.

Run with SEED=number for another run, and with names of scenarios for these alone. Exit status 1 when a promise was
broken, and when the time is over.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait

from local.storage_emulator import install
from tests.faults.long_waits import crash_loop, each_fault
from tests.faults.rig import STATE
from tests.faults.scenarios import disorder, kills, outage, throttling
from tests.faults.storage import bad_storage, restarts
from tests.faults.table import Row, table

_AT_ONCE = 3  # most of them wait most of the time
_LIMIT_SECONDS = 19 * 60
_SCENARIOS: Mapping[str, Callable[[int], Row]] = {
    "kills": kills,
    "each-fault": each_fault,
    "crash-loop": crash_loop,
    "throttling": throttling,
    "outage": outage,
    "restarts": restarts,
    "bad-storage": bad_storage,
    "disorder": disorder,
}


def main(names: list[str]) -> int:
    """Run the scenarios side by side, write the table to stdout and to `.darkroom/faults/table.txt`."""
    unknown, seed = set(names) - set(_SCENARIOS), os.environ.get("SEED", "1")
    if unknown or not seed.isdigit():
        sys.stderr.write(f"SEED is a number, and the scenarios are {', '.join(_SCENARIOS)}.\n")
        return 2
    install()
    threads = ThreadPoolExecutor(_AT_ONCE)
    runs = {name: threads.submit(_run, name, int(seed)) for name in names or _SCENARIOS}
    wait(runs.values(), _LIMIT_SECONDS)
    rows = [
        run.result() if run.done() else _failed(name, _LIMIT_SECONDS, "Time is over.") for name, run in runs.items()
    ]
    text = table(int(seed), rows)
    STATE.mkdir(parents=True, exist_ok=True)
    (STATE / "table.txt").write_text(text)
    sys.stdout.write(text)
    sys.stdout.flush()
    if not all(run.done() for run in runs.values()):
        os._exit(1)  # the stacks end with this process
    return 0 if all(row.kept for row in rows) else 1


def _run(name: str, seed: int) -> Row:
    began = time.monotonic()
    sys.stderr.write(f"{name} begins\n")
    try:
        row = _SCENARIOS[name](seed)
    except Exception as error:  # noqa: BLE001 - the other scenarios still tell something
        traceback.print_exc()
        row = _failed(name, time.monotonic() - began, f"It did not end: {error!r}")
    sys.stderr.write(f"{name} ends after {row.seconds:.0f} s\n" + "".join(f"  {one}\n" for one in row.broken))
    return row


def _failed(name: str, seconds: float, why: str) -> Row:
    return Row(name, "", 0, 0, 0, 0, 0, 0, 0, 0, seconds, (why,))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
