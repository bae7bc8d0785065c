"""The reckoning of a scenario: what became of all that was asked for, and which promises were not kept."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from shared.messages import Status
from shared.names import JOB_EVENTS, LEDGER, QUEUES, RECORD, RESULTS
from shared.storage import Storage
from tests.faults.bill import Bill
from tests.faults.rig import Rig
from tests.faults.table import Row

_BURIED = "has reached MaxDequeueCount"
_FAILED_RUN = re.compile(r"executed \S+ \(\S+\): failed")
_FAULT = "unexpected fault"
_FINAL = (str(Status.SUCCEEDED), str(Status.FAILED))


def reckon(rig: Rig, plan: str, broken: tuple[str, ...] = (), *, to_poison: int = 0) -> Row:
    """A scenario's row; `to_poison` is how many messages the host was to give up."""
    rig.until(lambda: not rig.in_flight(), 60)
    bill = Bill.read(rig.emulator("GET", "stats"), rig.kills)
    events, records, jobs = _events(rig.storage), _records(rig.storage), len(rig.watch.all)
    poison = rig.log().count(_BURIED)
    found = [*_untold(rig, events), *_unkept(rig.storage, bill), *_left(rig)]
    found += [f"There are {records} records of {jobs} jobs."] if records != jobs else []
    found += [f"{poison} messages went to a poison queue instead of {to_poison}."] if poison != to_poison else []
    return Row(
        scenario=rig.scenario,
        plan=plan,
        jobs=jobs,
        records=records,
        events=events.total(),
        lost=len(rig.watch.open),
        paid=len(bill.paid),
        twice=bill.twice,
        in_flight=bill.in_flight,
        poison=poison,
        seconds=rig.seconds,
        broken=(*broken, *rig.watch.broken, *found),
    )


def burnt(rig: Rig) -> tuple[str, ...]:
    """Whether deliveries ended in an error, which the host counts; a sentence if so."""
    failed = len(_FAILED_RUN.findall(rig.log()))
    return (f"{failed} deliveries counted as failed.",) if failed else ()


def _events(storage: Storage) -> Counter[str]:
    """The job ids of all events, which are taken."""
    events = Counter[str]()
    for message in storage.queue(JOB_EVENTS).take(600):
        events[str(json.loads(message.body)["job_id"])] += 1
    return events


def _records(storage: Storage) -> int:
    """How many records say that a job has ended, whoever asked for it."""
    found = (blob for blob in storage.list(RESULTS) if blob.ref.name.endswith(f"/{RECORD}"))
    return sum(blob.metadata.get("status") in _FINAL for blob in found)


def _untold(rig: Rig, events: Counter[str]) -> Iterator[str]:
    """Jobs without an event; and with several, which only a worker or an answer lost in between explains."""
    yield from (f"{folder} has no event." for folder, job in rig.watch.ended.items() if not events[job.job_id])
    if not rig.kills and not rig.storage_fails:
        yield from (f"{job} has {count} events." for job, count in events.items() if count > 1)


def _unkept(storage: Storage, bill: Bill) -> list[str]:
    """Paid answers that are not in the ledger, and calls that were paid again without a reason."""
    found = (storage.list(LEDGER, f"{kind}/") for kind in ("ocr", "image", "embedding"))
    kept = sum(1 for blobs in found for blob in blobs if blob.size and blob.ref.name.endswith(".json"))
    lost = [f"{bill.requests - kept} paid answers are not in the ledger."] if kept < bill.requests else []
    return lost + bill.unexplained


def _left(rig: Rig) -> list[str]:
    """Messages in poison queues that nobody told of, jobs that did not end, and faults of Darkroom's own."""
    left = {name: rig.storage.depth(name) for name in QUEUES if name.endswith("-poison")}
    told = [f"{count} messages are left in {name}." for name, count in left.items() if count]
    told += [f"{job.folder} ({job.shape}) has not ended." for job in rig.watch.open]
    return told + [line for line in rig.log().splitlines() if _FAULT in line][:3]
