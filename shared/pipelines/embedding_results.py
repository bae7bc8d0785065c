"""The end of an embedding job: vectors written in order, and the record of what there is and what is missing."""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.clients.embedding_answer import EmbeddingAnswer, Vector
from shared.embedding_catalog import used_usd
from shared.errors import Invalid, Partial, Permanent
from shared.messages import EmbeddingUsage, FailedInput, Source, total
from shared.names import RESULTS, BlobRef, input_blob, ocr_folder
from shared.pipelines.embedding_calls import Calls
from shared.pipelines.embedding_plan import Place
from shared.pipelines.vectors import VectorFiles
from shared.records import HeldRecord, read_record
from shared.services import Services
from shared.storage import Storage

_MEDIA = {"vectors.jsonl": "application/x-ndjson", "vectors.npy": "application/octet-stream"}
_TOO_SMALL = "too_small"


class _Outcome:
    """What became of the rows: vectors in files, usage by call, and what failed."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._texts: tuple[str, EmbeddingAnswer] | None = None
        self.files = VectorFiles(calls.folder)
        self.usage: dict[str, EmbeddingUsage] = {}
        self.failed: dict[int, tuple[FailedInput, Permanent]] = {}
        self.left_out = 0

    def add(self, row: int, told: Mapping[str, Any]) -> None:
        """Add a row's vector, or note why there is none; a figure that is too small for the model is left out."""
        try:
            self.files.add(self._vector(self._calls.places[row]), {**told, "model": self._calls.request.deployment})
        except Permanent as problem:
            named = told["input"]
            if problem.code == _TOO_SMALL and "figure" in named:
                self.left_out += 1
                return
            name = str(named.get("image") or named.get("text_blob") or named.get("document") or "")
            failed = FailedInput(input=named["number"], name=name, code=problem.code, message=problem.message)
            self.failed.setdefault(failed.input, (failed, problem))

    def _vector(self, place: Place) -> Vector:
        problem = self._calls.problems.get(place.key)
        if problem:
            raise problem
        answer = self._answer(place.key)
        self.usage[place.key] = answer.usage
        return answer.vectors[place.at]

    def _answer(self, key: str) -> EmbeddingAnswer:
        """The last answer with several vectors is kept: a page's figures stand between its text and the next."""
        if self._texts is not None and self._texts[0] == key:
            return self._texts[1]
        answer = self._calls.answer(key)
        if len(answer.vectors) > 1:
            self._texts = key, answer
        return answer


def write(services: Services, record: HeldRecord, calls: Calls, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write the vectors of all rows and end the job: well, or as `partial` when some inputs have none."""
    with services.telemetry.span("write results", job=record.job.job_id):
        outcome, changes = _written(services, record, calls, rows)
    error = _verdict(outcome)
    if error is None:
        record.succeed(**changes)
        calls.plan.forget()
    else:
        calls.plan.save()
        record.fail(error, **changes)


def _written(
    services: Services, record: HeldRecord, calls: Calls, rows: Iterable[Mapping[str, Any]]
) -> tuple[_Outcome, dict[str, Any]]:
    """Write the vectors of all rows; what became of them, and what is to be noted of it in the record."""
    outcome, documents = _Outcome(calls), dict[str, None]()
    for row, told in enumerate(rows):
        outcome.add(row, told)
        if "document" in told["input"]:
            documents[told["input"]["document"]] = None
    outcome.files.close()
    sources = _sources(services.storage, calls, list(documents))
    usage = _sum(list(outcome.usage.values()))
    return outcome, {
        "inputs": sources,
        "source": sources[0] if len(documents) == 1 else None,
        "vectors": outcome.files.count,
        "dimensions": outcome.files.dimensions,
        "usage": usage,
        "estimated_usd": used_usd(calls.model, usage),
        "failed_inputs": tuple(failed for failed, _ in outcome.failed.values()),
        "notes": (*record.job.notes, *_left_out(outcome.left_out)),
        "outputs": _stored(services.storage, record, outcome.files),
    }


def _stored(storage: Storage, record: HeldRecord, files: VectorFiles) -> tuple[str, ...]:
    if not files.count:
        return ()
    record.confirm()
    for path in (files.jsonl, files.npy):
        storage.write(BlobRef(RESULTS, f"{record.folder}/{path.name}"), path, _MEDIA[path.name])
    return files.jsonl.name, files.npy.name


def _verdict(outcome: _Outcome) -> Permanent | None:
    """Why the job failed, if it did; the one failure of a job without vectors speaks for itself."""
    failed = list(outcome.failed.values())
    if not failed:
        return None if outcome.files.count else _nothing(outcome.left_out)
    first, problem = failed[0]
    if outcome.files.count:
        count = f"{len(failed)} of the inputs have" if len(failed) > 1 else "One of the inputs has"
        there = f"{outcome.files.count} vectors are" if outcome.files.count > 1 else "one vector is"
        return Partial(f"{count} no vector, and {there} there. The first: {first.message}")
    if len(failed) == 1:
        return problem
    return Partial(f"None of the {len(failed)} inputs has a vector. The first: {first.message}", code=first.code)


def _nothing(too_small: int) -> Invalid:
    why = "no figure is large enough for the model" if too_small else "all pages are blank"
    return Invalid(f"There is nothing to compute vectors of: {why}.", code="nothing_to_embed")


def _sources(storage: Storage, calls: Calls, documents: list[str]) -> tuple[Source, ...]:
    """The documents first, then the blobs that were read, each once."""
    found: dict[str, Source] = {}
    for name in documents:
        record = read_record(storage, ocr_folder(input_blob(name)))
        if record and record.source:
            found[name] = record.source
    for row in sorted(calls.sources):
        found.setdefault(calls.sources[row].name, calls.sources[row])
    return tuple(found.values())


def _left_out(figures: int) -> tuple[str, ...]:
    told = f"{figures} figures are" if figures > 1 else "One figure is"
    return (f"{told} too small for the model and have no vector.",) if figures else ()


def _sum(counted: list[EmbeddingUsage]) -> EmbeddingUsage:
    return EmbeddingUsage(
        text_tokens=total([usage.text_tokens for usage in counted]),
        image_tokens=total([usage.image_tokens for usage in counted]),
        images=total([usage.images for usage in counted]),
    )
