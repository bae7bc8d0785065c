"""What a round of an embedding job found out, kept for the next: so that it neither reads nor pays again.

Without it everything still comes right, for paid answers are in the ledger; but every picture would be read again to
know its hash, and texts that were paid in one call would be put together otherwise when an input of them was mended.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import NamedTuple

from shared.messages import Source
from shared.names import LEDGER, BlobRef
from shared.storage import Blob, Storage


class Place(NamedTuple):
    """Where a vector lies: the ledger's entry, and which of its vectors."""

    key: str
    at: int = 0


class Plan:
    """Pictures by name and version, and texts by their hash, of one job."""

    def __init__(self, storage: Storage, job_id: str) -> None:
        self._storage = storage
        self._ref = BlobRef(LEDGER, f"plans/{job_id}.json")
        kept = json.loads(storage.read(self._ref) or b"{}")
        self._sources = {name: Source.model_validate(source) for name, source in kept.get("sources", {}).items()}
        self._calls: dict[str, list[str]] = kept.get("calls", {})
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

    def save(self) -> None:
        """Keep it for the next round."""
        sources = {name: source.model_dump(exclude_none=True) for name, source in self._sources.items()}
        content = json.dumps({"sources": sources, "calls": self._calls})
        self._storage.write(self._ref, content.encode(), "application/json")

    def forget(self) -> None:
        """The job is done well."""
        self._storage.delete(self._ref)


def hash_of(text: str) -> str:
    """A text's hash, short enough to keep thousands."""
    return hashlib.sha256(text.encode("utf-8", errors="surrogatepass")).hexdigest()[:32]
