"""What a round of an embedding job found out, kept for the next: so that it neither reads nor pays again.

Without it nothing is paid twice, for paid answers are in the ledger; but every picture would be read again to know its
hash, texts that were paid in one call would be put together otherwise when an input of them was mended, and rounds
full of refusals, of which the ledger has none, would get no further.
"""

import hashlib
import logging
from collections.abc import Sequence
from typing import NamedTuple

from pydantic import Field, ValidationError

from shared.errors import Permanent
from shared.messages import JobRecord, Kept, Problem, Source
from shared.names import LEDGER, BlobRef
from shared.storage import Blob, Storage

log = logging.getLogger("darkroom.embeddings")


class Place(NamedTuple):
    """Where a vector lies: the ledger's entry, and which of its vectors."""

    key: str
    at: int = 0


class _Plan(Kept):
    sources: dict[str, Source] = Field(default_factory=dict)
    calls: dict[str, list[str]] = Field(default_factory=dict)
    replays: int = 0
    refused: dict[str, Problem] = Field(default_factory=dict)


class Plan:
    """Pictures by name and version, and texts by their hash, of one job; and what was refused since it was replayed."""

    def __init__(self, storage: Storage, job: JobRecord) -> None:
        self._storage = storage
        self._ref = BlobRef(LEDGER, f"plans/{job.job_id}.json")
        kept = _read(storage, self._ref)
        self._sources, self._calls, self._replays = kept.sources, kept.calls, job.replays
        self._refused = kept.refused if kept.replays == job.replays else {}
        self._texts = {
            text: (Place(key, at), len(texts)) for key, texts in self._calls.items() for at, text in enumerate(texts)
        }

    def source(self, blob: Blob) -> Source | None:
        """What is known of a blob's picture in this version."""
        known = self._sources.get(str(blob.ref))
        return known if known and known.etag == blob.etag else None

    def note(self, source: Source) -> None:
        """Remember a picture."""
        self._sources[source.name] = source

    def place(self, text: str) -> tuple[Place, int] | None:
        """Where the vector of a text lies when an earlier round paid for it, and among how many."""
        return self._texts.get(hash_of(text))

    def paid(self, key: str, texts: Sequence[str]) -> None:
        """Remember the texts of a call."""
        self._calls[key] = [hash_of(text) for text in texts]

    def refused(self, key: str) -> Permanent | None:
        """Why a call was refused in an earlier round."""
        told = self._refused.get(key)
        return Permanent(told.message, code=told.code, remedy=told.remedy) if told else None

    def refuse(self, key: str, why: Permanent) -> None:
        """Remember a call that was refused."""
        self._refused[key] = Problem(code=why.code, message=why.message, remedy=why.remedy, retryable=why.retryable)

    def save(self) -> None:
        """Keep it for the next round."""
        kept = _Plan(sources=self._sources, calls=self._calls, replays=self._replays, refused=self._refused)
        self._storage.write(self._ref, kept.model_dump_json(exclude_none=True).encode(), "application/json")

    def forget(self) -> None:
        """The job is done well."""
        self._storage.delete(self._ref)


def _read(storage: Storage, ref: BlobRef) -> _Plan:
    written = storage.read(ref)
    try:
        return _Plan.model_validate_json(written) if written else _Plan()
    except ValidationError:
        log.error("plan that cannot be read counts as none bytes=%d", len(written or b""))
        return _Plan()


def hash_of(text: str) -> str:
    """A text's hash, short enough to keep thousands."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:32]
