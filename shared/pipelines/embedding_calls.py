"""The calls of one embedding job: made side by side, each paid once, with what became of every item."""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from shared.catalog import MIB
from shared.clients.embedding_answer import EmbeddingAnswer
from shared.clients.embeddings import EmbeddingRequest
from shared.embedding_catalog import EmbeddingModel, used_usd
from shared.embedding_pictures import fit
from shared.errors import Deferred, Incomplete, Permanent, Unavailable, Unfinished
from shared.ledger import key_of
from shared.messages import JobRecord, Source
from shared.names import BlobRef
from shared.pipelines.embedding_plan import Place, Plan, hash_of
from shared.pipelines.picture_blobs import fetched, found, named
from shared.services import Services
from shared.storage import Blob

log = logging.getLogger("darkroom.embeddings")

_LARGEST_PICTURE = 50 * MIB
_USELESS = "useless"
_ROUND = timedelta(minutes=3)  # with what comes before, and the last call's own deadline, below functionTimeout


@dataclass
class Calls:
    """Makes calls in threads of its own; `request` is what all of them ask alike.

    While as many calls as the settings allow are at the model, other threads read pictures and store answers.

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
    _until: datetime | None = None

    def __post_init__(self) -> None:
        side_by_side = self.services.settings.embedding_calls
        self._at_model = threading.BoundedSemaphore(side_by_side)
        self._threads = ThreadPoolExecutor(2 * side_by_side - 1, "embedding")
        self._room = threading.BoundedSemaphore(3 * side_by_side)  # what waits for a thread stays little

    def picture(self, row: int, ref: BlobRef, listed: Blob | None, text: str | None) -> None:
        """Have a picture embedded, with the text beside it; what is known of its blob need not be asked for again."""
        self._submit((row,), lambda: self._picture(row, ref, listed, text))

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
        """A paid answer, from disk, where it lies no longer then, or from the ledger.

        Raises:
            Unavailable: the ledger has it no more, or damaged, and then it has it no more from now on.
        """
        path = self._file(key)
        if not path.exists():
            with path.open("wb") as to:
                self.services.ledger.copy(key, to)
        try:
            answer = EmbeddingAnswer.read(path, self._shapes[key], self.dimensions)
        except Unavailable:
            if path.stat().st_size:
                log.error("ledger entry that cannot be read is removed bytes=%d", path.stat().st_size)
                self.services.ledger.remove(key)
            raise
        path.unlink()
        return answer

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
                if self.stop is None or not isinstance(stop, Deferred):
                    self.stop = stop
            finally:
                self._room.release()

        self._room.acquire()
        self._threads.submit(copy_context().run, run)

    def _picture(self, row: int, ref: BlobRef, listed: Blob | None, text: str | None) -> None:
        with self._scratch(f"picture-{row}") as path:
            with named(f"The picture {ref}"):
                safe = BlobRef.parse(str(ref))  # a listing may have names that HTTP resolves
                blob = listed or found(self.services.storage, safe)
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

    @contextmanager
    def _scratch(self, name: str) -> Iterator[Path]:
        """Where a picture can lie, and beside it as it was made fit; thousands would not fit on the disk."""
        path = self.folder / name
        try:
            yield path
        finally:
            for file in (path, path.with_suffix(".png")):
                file.unlink(missing_ok=True)

    def _texts(self, rows: Sequence[int], texts: Sequence[str]) -> None:
        """Texts of a call that was refused are asked for again by halves: one of them may have spoiled it."""
        key = self._key({"texts": [hash_of(text) for text in texts]})
        for at, row in enumerate(rows):
            self._put(row, Place(key, at), len(texts))
        self._pay(key, lambda: replace(self.request, texts=tuple(texts)))
        problem = self.problems.get(key)
        if problem is None:
            self.plan.paid(key, texts)
        elif len(rows) > 1 and not isinstance(problem, Incomplete):
            half = len(rows) // 2
            self._texts(rows[:half], texts[:half])
            self._texts(rows[half:], texts[half:])

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
        refused = self.plan.refused(key)
        if refused:
            self.problems[key] = refused
            return
        try:
            if not self.services.ledger.find(key):
                self._ask(key, request)
        except Permanent as error:
            self.problems[key] = error
            if not isinstance(error, Incomplete):  # the ledger remembers those
                self.plan.refuse(key, error)

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
                with self._turn(), self.services.budget.spending("vectors", asked.vectors):
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

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Be one of those at the model; the round begins with the first, so that every round gets further.

        Raises:
            Unfinished: no further call is to be made in this round.
        """
        with self._at_model:
            now = self.services.now()
            self._until = self._until or now + _ROUND
            if self.stop or now > self._until:
                raise Unfinished("The job goes on in its next round.", after=0)
            yield

    def _file(self, key: str) -> Path:
        return self.folder / f"answer-{hashlib.sha256(key.encode()).hexdigest()[:32]}"
