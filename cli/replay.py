"""`darkroom replay`: failed jobs go back on their queues, several at once, and each is told of."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from cli.account import answering
from cli.errors import ALL_WELL, SOME_FAILED, CommandError, WrongUseError
from cli.listing import Entry, named, walk
from cli.replays import posting
from cli.showing import in_json, in_words, on_stdout
from cli.status import unknown
from cli.times import since as since_when
from shared.errors import Invalid
from shared.messages import Status
from shared.services import utc_now
from shared.storage import Storage

_AT_ONCE, _BATCH = 8, 256
PUT_BACK, WOULD_BE, LEFT = "put back", "would be put back", "left"


@dataclass(frozen=True)
class Chosen:
    """Which jobs are to be put back: those of these names, or all failed ones that the filters leave."""

    names: tuple[str, ...]
    kind: str | None
    code: str | None
    since: datetime | None

    @classmethod
    def checked(
        cls, names: Sequence[str], *, failed: bool, kind: str | None, code: str | None, since: str | None
    ) -> "Chosen":
        """What the arguments choose.

        Raises:
            WrongUseError: they choose nothing, or contradict each other.
        """
        if bool(names) == failed:
            raise WrongUseError("Name the jobs to put back, or give --failed.")
        if names and (kind or code or since):
            raise WrongUseError("--kind, --code and --since choose among --failed; they do not go with names.")
        return cls(tuple(dict.fromkeys(names)), kind, code, since_when(since, utc_now()) if since else None)

    def entries(self, storage: Storage) -> Iterator[tuple[str, Entry | None]]:
        """The jobs, each with what names it; None where a name leads to nothing."""
        if not self.names:
            yield from ((entry.job_id, entry) for entry in walk(storage) if self._takes(entry))
            return
        for name, entries in named(storage, self.names).items():
            if not entries:
                yield name, None
            yield from ((name, entry) for entry in entries)

    def _takes(self, entry: Entry) -> bool:
        right = self.kind in (None, entry.kind) and self.code in (None, entry.code)
        late = self.since is None or entry.modified >= self.since
        return entry.status is Status.FAILED and right and late


@dataclass(frozen=True)
class Replayed:
    """What became of one job; `why` is its failure when it is put back, and else why it is left."""

    name: str
    entry: Entry | None
    outcome: str
    queue: str | None
    why: str

    def as_json(self) -> dict[str, Any]:
        """The fields as JSON has them."""
        return {
            "name": self.name,
            "job_id": self.entry.job_id if self.entry else None,
            "kind": self.entry.kind if self.entry else None,
            "outcome": self.outcome,
            "queue": self.queue,
            "why": self.why,
            "record": self.entry.record if self.entry else None,
        }


def replay_and_report(storage: Storage, chosen: Chosen, *, dry_run: bool, as_json: bool) -> int:
    """Put the chosen jobs back and tell of each; the exit status says whether all were.

    Raises:
        WrongUseError: something that can be no name.
        UnreachableError: the storage account cannot be worked with.
    """
    counts = dict.fromkeys((WOULD_BE if dry_run else PUT_BACK, LEFT), 0)
    with answering(), ThreadPoolExecutor(_AT_ONCE) as threads:
        entries = chosen.entries(storage)
        while batch := list(islice(entries, _BATCH)):
            for one in threads.map(lambda given: _replay(storage, *given, dry_run=dry_run), batch):
                counts[one.outcome] += 1
                _tell(one, as_json=as_json)
    in_words(", ".join(f"{count} {outcome}" for outcome, count in counts.items()) + ".")
    return SOME_FAILED if counts[LEFT] else ALL_WELL


def _replay(storage: Storage, name: str, entry: Entry | None, *, dry_run: bool) -> Replayed:
    if entry is None:
        return Replayed(name, None, LEFT, None, unknown(name))
    try:
        post = posting(storage, entry, utc_now())
    except (CommandError, Invalid) as why:
        return Replayed(name, entry, LEFT, None, str(why))
    if not dry_run:
        storage.send(post.queue, post.text)
    return Replayed(name, entry, WOULD_BE if dry_run else PUT_BACK, post.queue, post.why)


def _tell(one: Replayed, *, as_json: bool) -> None:
    if as_json:
        in_json(one.as_json())
        return
    in_words(f"{one.outcome:<18}{one.name}: {one.why}")
    if one.outcome == PUT_BACK and one.entry:
        on_stdout(one.entry.job_id)
