"""The calls of one embedding job: made side by side, each paid once, with what became of every item."""

import hashlib
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from shared.catalog import MIB
from shared.clients.embedding_answer import EmbeddingAnswer
from shared.clients.embeddings import EmbeddingRequest
from shared.embedding_catalog import EmbeddingModel, used_usd
from shared.embedding_pictures import fit
from shared.errors import Deferred, Incomplete, Permanent
from shared.ledger import key_of
from shared.messages import JobRecord, Source
from shared.names import BlobRef
from shared.pipelines.embedding_plan import Place, Plan, hash_of
from shared.pipelines.picture_blobs import fetched, found, named
from shared.services import Services

log = logging.getLogger("darkroom.embeddings")

_LARGEST_PICTURE = 50 * MIB
_USELESS = "useless"


@dataclass
class Calls:
    """Makes calls in threads of its own; `request` is what all of them ask alike.

    Afterwards `places` tells where the vector of each row lies, `problems` why there is none at a place, and `sources`
    what pictures were read. `stop` is why no further call is made: the rest waits, or something unforeseen happened.
    """

    services: Services
    job: JobRecord
    model: EmbeddingModel
    request: EmbeddingRequest
    plan: Plan
    folder: Path
    places: dict[int, Place] = field(default_factory=dict)
    problems: dict[str, Permanent] = field(default_factory=dict)
    sources: dict[int, Source] = field(default_factory=dict)
    stop: Exception | None = None
    _begun: set[str] = field(default_factory=set)
    _shapes: dict[str, EmbeddingRequest] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        side_by_side = self.services.settings.embedding_calls
        self._threads = ThreadPoolExecutor(side_by_side, "embedding")
        self._room = threading.BoundedSemaphore(2 * side_by_side)  # what waits for a thread stays little

    def picture(self, row: int, ref: BlobRef, text: str | None) -> None:
        """Have a picture embedded, with the text beside it."""
        self._submit((row,), lambda: self._picture(row, ref, text))

    def known(self, row: int, text: str) -> bool:
        """Whether an earlier round paid for a text; its vector is taken from there."""
        found = self.plan.place(text)
        if found and (found[0].key in self._shapes or self.services.ledger.find(found[0].key)):
            self._put(row, *found)
            return True
        return False

    def texts(self, rows: Sequence[int], texts: Sequence[str]) -> None:
        """Have texts embedded by one call."""
        self._submit(rows, lambda: self._texts(rows, texts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """All calls have ended."""
        self._threads.shutdown()

    def fail(self, row: int, error: Permanent) -> None:
        """Note that a row has no vector."""
        place = Place(f"row-{row}")
        self.places[row], self.problems[place.key] = place, error

    def answer(self, key: str) -> EmbeddingAnswer:
        """A paid answer, from disk or from the ledger."""
        path = self._file(key)
        if not path.exists():
            with path.open("wb") as to:
                self.services.ledger.copy(key, to)
        return EmbeddingAnswer.read(path, self._shapes[key], self.dimensions)

    @property
    def dimensions(self) -> int | None:
        """The length of vector that is promised, None where nobody tells."""
        return self.request.dimensions or self.model.dimensions

    def _submit(self, rows: Sequence[int], work: Callable[[], None]) -> None:
        def run() -> None:
            try:
                if not self.stop:
                    work()
            except Permanent as error:
                for row in rows:
                    self.fail(row, error)
            except Exception as stop:  # noqa: BLE001 - raised in the thread that waits for the calls
                if self.stop is None or isinstance(self.stop, Deferred):
                    self.stop = stop
            finally:
                self._room.release()

        self._room.acquire()
        self._threads.submit(copy_context().run, run)

    def _picture(self, row: int, ref: BlobRef, text: str | None) -> None:
        path = self.folder / f"picture-{row}"
        with named(f"The picture {ref}"):
            blob = found(self.services.storage, ref)
            known = self.plan.source(blob)
            source = known or fetched(self.services.storage, blob, path, _LARGEST_PICTURE)
        key = self._key({"image": source.sha256, "text": text})
        self.sources[row], self.places[row] = source, Place(key)
        self._shapes[key] = replace(self.request, image=path)

        def request() -> EmbeddingRequest:
            with named(f"The picture {ref}"):
                if known:
                    fetched(self.services.storage, blob, path, _LARGEST_PICTURE)
                fitted, done = fit(path, path.with_suffix(".png"), self.model)
            self.sources[row] = source.model_copy(update={"prepared": done or None})
            return replace(self.request, image=fitted, texts=(text,) if text else ())

        self._pay(key, request)
        self.plan.note(self.sources[row])
        for file in (path, path.with_suffix(".png")):
            file.unlink(missing_ok=True)

    def _texts(self, rows: Sequence[int], texts: Sequence[str]) -> None:
        """Texts of a call that was refused are asked for one by one: one of them may have spoiled it."""
        key = self._key({"texts": [hash_of(text) for text in texts]})
        for at, row in enumerate(rows):
            self._put(row, Place(key, at), len(texts))
        self._pay(key, lambda: replace(self.request, texts=tuple(texts)))
        problem = self.problems.get(key)
        if problem is None:
            self.plan.paid(key, texts)
        elif len(rows) > 1 and not isinstance(problem, Incomplete):
            for row, text in zip(rows, texts, strict=True):
                self._texts((row,), (text,))

    def _put(self, row: int, place: Place, texts: int) -> None:
        """Say where the vector of a text lies; `texts` is how many lie there together."""
        self.places[row] = place
        self._shapes[place.key] = replace(self.request, texts=("",) * texts)

    def _key(self, inputs: dict[str, Any]) -> str:
        asked = self.request
        options = (asked.deployment, asked.route, asked.input_type, asked.dimensions, asked.encoding_format)
        return key_of("embedding", {**inputs, "asked": options})

    def _pay(self, key: str, request: Callable[[], EmbeddingRequest]) -> None:
        """Have a call answered, unless it is paid; one that cannot be, or has a wrong answer, becomes a problem."""
        with self._lock:
            if key in self._begun:
                return
            self._begun.add(key)
        try:
            if not self.services.ledger.find(key):
                self._ask(key, request)
        except Permanent as error:
            self.problems[key] = error

    def _ask(self, key: str, request: Callable[[], EmbeddingRequest]) -> None:
        """Make the call; an answer that is wrong is not kept, and not asked for again by the same run of the job."""
        run = f"{self.job.job_id} {self.job.replays}"
        with self.services.ledger.claim(key) as claim:
            if claim.paid:
                return
            if claim.notes.get(_USELESS) == run:
                raise Incomplete("The model's answer was not usable at an earlier attempt.")
            asked, path = request(), self._file(key)
            try:
                with self.services.budget.spending("vectors", asked.vectors):
                    self.services.embeddings.embed(asked, path)
                    usage = EmbeddingAnswer.read(path, asked, self.dimensions).usage
            except Incomplete:
                claim.note({_USELESS: run})
                path.unlink()
                raise
            claim.store(path, {"job": self.job.job_id})
            price = used_usd(self.model, usage)
            self.services.telemetry.paid("darkroom.vectors", asked.vectors, price, asked.deployment)
            log.info("vectors paid job=%s vectors=%d", self.job.job_id, asked.vectors)

    def _file(self, key: str) -> Path:
        return self.folder / f"answer-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
