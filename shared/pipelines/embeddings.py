"""A vector's way: inputs opened up and chunked, calls side by side and each paid once, vectors written in order."""

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

from shared.chunks import Chunk, chunks, shortened, tokens
from shared.clients.embeddings import EmbeddingRequest
from shared.embedding_catalog import EmbeddingModel, check, route_of
from shared.embedding_messages import EmbeddingJob
from shared.errors import Changed, Invalid, Misconfigured, Permanent, TooLarge
from shared.messages import COUNTS
from shared.pipelines.embedding_calls import Calls
from shared.pipelines.embedding_inputs import Given, given, readings
from shared.pipelines.embedding_plan import Plan
from shared.pipelines.embedding_results import write
from shared.pipelines.picture_blobs import named
from shared.pipelines.text_blobs import text_of
from shared.records import HeldRecord
from shared.services import Services, workspace
from shared.storage import Storage

log = logging.getLogger("darkroom.embeddings")

_TOKENS_A_CALL, _NUMBERS_A_CALL = 100_000, 200_000  # an answer's numbers are in memory while it is read


def start(services: Services, record: HeldRecord, job: EmbeddingJob) -> None:
    """Compute the vectors of a job, and end it.

    Raises:
        Deferred: the model cannot be reached now, or this round is over; what is paid already is in the ledger.
        Permanent: the job or an input cannot be used, or the model refuses it; vectors that were paid are kept.
    """
    services.settings.check()
    if not services.settings.embedding_endpoint:
        raise Misconfigured("The setting DARKROOM_EMBEDDING_ENDPOINT is missing; set it to where vectors are computed.")
    deployment = job.model or services.settings.embedding_model
    model = services.catalog.embedding(deployment)
    route = route_of(model, services.settings.embedding_route, services.embeddings.host)
    check(job, model, route)
    retired = model.retired(services.now().date())
    options = job.model_dump(exclude_none=True, exclude={"inputs", "job_id", "model", *COUNTS})
    record.update(model=deployment, options=options, notes=(retired,) if retired else ())
    read = readings(services.storage, job)
    inputs = given(services, job, model, route)
    _bounded(services, inputs, model, truncate=job.truncate)
    request = EmbeddingRequest(deployment, route, (), None, job.input_type, job.dimensions, job.encoding_format)
    plan = Plan(services.storage, record.job)
    with workspace() as folder, (folder / "rows.jsonl").open("w+", encoding="utf-8", errors="surrogatepass") as rows:
        with Calls(services, record.job, model, request, plan, folder) as calls:
            for row in _ask(services.storage, calls, inputs, truncate=job.truncate):
                rows.write(json.dumps(row) + "\n")
        if calls.stop is None and readings(services.storage, job) != read:
            calls.stop = Changed("A document was read anew while its vectors were computed.", after=0)
        if calls.stop:
            plan.save()
            raise calls.stop
        rows.seek(0)
        write(services, record, calls, map(json.loads, rows))


def _bounded(services: Services, inputs: Sequence[Given], model: EmbeddingModel, *, truncate: bool) -> None:
    """Count the vectors before any is paid; an input that cannot be used has none."""
    limit, vectors = services.settings.max_job_vectors, 0
    for one in inputs if limit else ():
        with suppress(Permanent):
            vectors += len(_texts(services.storage, one, model, truncate=truncate))
        if vectors > limit:
            raise TooLarge(
                f"The job has more than {limit:,} vectors, which is the limit DARKROOM_MAX_JOB_VECTORS.",
                remedy="Make several jobs of it, ask for truncate, or raise the limit.",
            )


def _ask(storage: Storage, calls: Calls, inputs: Sequence[Given], *, truncate: bool) -> Iterator[dict[str, Any]]:
    """Have each input embedded; what the results tell of each vector to be, in order."""
    batch, rows = _Batch(calls), count()
    for one in inputs:
        if calls.stop:
            return
        told = {"input": {"number": one.number, **one.about}}
        try:
            texts = _texts(storage, one, calls.model, truncate=truncate)
        except Permanent as error:
            calls.fail(next(rows), error)
            yield told
            continue
        for text in texts:
            row = next(rows)
            if one.picture:
                calls.picture(row, one.picture, one.listed, text.text if text else None)
            elif text:
                batch.add(row, text.text)
            yield told | ({"text": text.text, "chunk": {"start": text.start, "end": text.end}} if text else {})
    batch.send()


def _texts(storage: Storage, one: Given, model: EmbeddingModel, *, truncate: bool) -> list[Chunk] | list[None]:
    """The texts of an input, one a vector; a picture without one has None. Blank pages have no vector.

    Raises:
        Permanent: it has no text and should, or its blob cannot be read.
    """
    if one.picture and one.text is None:
        return [None]
    with named(f"The text {one.text_blob or f'of input {one.number}'}"):
        text = text_of(storage, one.text_blob) if one.text_blob else one.text or ""
        found = chunks(text, model.text_tokens)
        if not found and "page" not in one.about:
            raise Invalid("it is empty", code="empty_text")
    return [shortened(text, model.text_tokens)] if found and (truncate or one.picture) else found


class _Batch:
    """Texts that go together in one call."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._most = min(calls.model.texts_a_call, max(1, _NUMBERS_A_CALL // (calls.dimensions or 1)))
        self._rows: list[int] = []
        self._texts: list[str] = []
        self._tokens = 0

    def add(self, row: int, text: str) -> None:
        """Add a text, unless its vector is paid; what is full goes first."""
        if self._calls.known(row, text):
            return
        size = tokens(text)
        if len(self._rows) == self._most or self._tokens + size > _TOKENS_A_CALL:
            self.send()
        self._rows.append(row)
        self._texts.append(text)
        self._tokens += size

    def send(self) -> None:
        """Have what was added embedded."""
        if self._rows:
            self._calls.texts(self._rows, self._texts)
        self._rows, self._texts, self._tokens = [], [], 0
