"""A document's way: found, downloaded, told by its bytes, cut into parts, each read and paid once, assembled."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shared import pages
from shared.catalog import MIB, OcrModel
from shared.clients.ocr import OcrRequest, request_fields
from shared.clients.ocr_answer import OcrAnswer
from shared.documents import Cut, Document, open_document, parts
from shared.errors import Incomplete, Invalid, Misconfigured, TooLarge
from shared.ledger import key_of
from shared.messages import COUNTS, JobRecord, OcrJob, OcrOptions, OcrPart, Part, Source, Usage, total
from shared.names import LEDGER, OCR_JOBS, BlobRef, ocr_folder
from shared.pipelines.ocr_options import asked, merged_options
from shared.pipelines.onward import send_on
from shared.pipelines.results import ResultFiles
from shared.records import HeldRecord, JobIdentity
from shared.services import Services, workspace
from shared.storage import Blob

log = logging.getLogger("darkroom.ocr")

_REPLAY = "Put the job back with `darkroom replay`: it is cut anew, and what is paid stays paid."


def identify(ref: BlobRef, source: Source, job: OcrJob) -> JobIdentity:
    """The job that a message means: a version of its document with the message's options."""
    version = {"document": str(ref), "etag": source.etag, "options": asked(job)}
    fingerprint = hashlib.sha256(json.dumps(version, sort_keys=True).encode()).hexdigest()
    message = job.model_dump_json(exclude_defaults=True, exclude=set(COUNTS))
    job_id = job.job_id or f"ocr-{fingerprint[:24]}"
    return JobIdentity("ocr", job_id, fingerprint, ocr_folder(ref), source, message, job.replays)


def start(services: Services, record: HeldRecord, found: Blob | None, job: OcrJob) -> None:
    """Begin or go on with a document: one part is read at once, several are put on the queue to run side by side.

    `found` is the version of the document that the job is about.

    Raises:
        Deferred: the model cannot be reached now, or the document changed meanwhile.
        Permanent: the document or an option cannot be used.
    """
    services.settings.check()
    if record.job.parts:  # planned at an earlier attempt, and its parts are kept
        _go_on(services, record, [part for part in record.job.parts if not services.ledger.find(part.ledger_key)])
        return
    with workspace() as folder:
        blob = _readable(services, found)
        options = merged_options(job, blob.metadata)
        deployment = options.model or services.settings.ocr_model
        model = _model(services, options, deployment)
        fields = request_fields(options, model)
        _note(services, record, deployment, model, options)
        path, sha256 = _downloaded(services, blob, folder)
        document = open_document(path)
        _bounded(services, document)
        record.update(
            source=Source(
                name=str(blob.ref),
                etag=blob.etag,
                size=blob.size,
                sha256=sha256,
                media_type=document.media_type,
                pages=document.pages,
            )
        )
        request = {"document": sha256, "model": deployment, **fields}
        cuts = parts(document, options.pages, model, folder)
        planned = [_plan(services, number, cut, request) for number, cut in enumerate(cuts, 1)]
    record.update(parts=tuple(part for part, _ in planned))
    _go_on(services, record, [part for part, paid in planned if not paid])


def read_part(services: Services, job: JobRecord, number: int) -> None:
    """Have one part read, unless it is paid already.

    Raises:
        Deferred: the model cannot be reached now, or another worker is reading the part.
        Permanent: the model refuses it.
    """
    services.settings.check()
    part = job.parts[number - 1]
    options = OcrOptions.model_validate(job.options)
    deployment = job.model or services.settings.ocr_model
    telling = services.telemetry.span("part", job=job.job_id, number=number, pages=part.pages, bytes=part.size)
    with telling, services.ledger.claim(part.ledger_key) as claim, workspace() as folder:
        if claim.paid:
            return
        file, answer = folder / "part", folder / "answer.json"
        with file.open("wb") as to:
            if services.storage.download(_part_blob(part.ledger_key), to) is None:
                raise Invalid("A part of the document is no longer kept.", code="part_missing", remedy=_REPLAY)
        request = OcrRequest(
            deployment, file, part.media_type, request_fields(options, services.catalog.ocr(deployment))
        )
        with services.budget.spending("pages", len(pages.parse(part.pages))):
            answered, dropped = services.ocr.read(request, answer)
        claim.store(answer, {"job": job.job_id, "dropped": ",".join(dropped)})
        read = len(pages.parse(part.pages)) if answered.usage.pages is None else answered.usage.pages
        services.telemetry.paid("darkroom.pages", read, _price(services, job, answered.usage), deployment)
        log.info("part paid job=%s part=%d pages=%s bytes=%d", job.job_id, number, part.pages, part.size)


def all_paid(services: Services, job: JobRecord) -> bool:
    """Whether every part is in the ledger; the last first, for parts come in about in order."""
    return all(services.ledger.find(part.ledger_key) for part in reversed(job.parts))


def assemble(services: Services, record: HeldRecord) -> None:
    """Write the results of a document whose parts are all paid, and end its job.

    Raises:
        Incomplete: the model left pages out.
    """
    job = record.job
    usage, annotations, notes, told = [], [], list(job.notes), []
    with services.telemetry.span("assemble", job=job.job_id, parts=len(job.parts)), workspace() as folder:
        results = ResultFiles(services.storage, record.folder, folder, _about(job))
        for part in job.parts:
            record.confirm()
            paid = services.ledger.find(part.ledger_key)
            answer = _answer(services, part, folder)
            for number, page in _numbered(part, answer):
                results.add(number, page)
            usage.append(answer.usage)
            if answer.annotation is not None:
                annotations.append({"pages": part.pages, "annotation": answer.annotation})
            metadata = paid.metadata if paid else {}
            told.append(part.model_copy(update={"paid_by_this_job": metadata.get("job") == job.job_id}))
            notes += [_dropped(option) for option in metadata.get("dropped", "").split(",") if option]
        record.confirm()
        results.close(annotations)
    counted = _sum(usage)
    record.succeed(
        embedding_job=send_on(services, job),
        parts=tuple(told),
        usage=counted,
        figures=results.figures,
        estimated_usd=_price(services, job, counted),
        notes=tuple(dict.fromkeys(notes)),
        outputs=tuple(results.outputs),
    )
    for part in job.parts:
        services.storage.delete(_part_blob(part.ledger_key))


def _model(services: Services, options: OcrOptions, deployment: str) -> OcrModel:
    """The model; a name that comes from the settings and is not known is the operator's mistake, not the document's."""
    try:
        return services.catalog.ocr(deployment)
    except Invalid as error:
        if options.model:
            raise
        raise Misconfigured(f"The setting DARKROOM_OCR_MODEL: {error.message}", remedy=error.remedy) from None


def _readable(services: Services, blob: Blob | None) -> Blob:
    if blob is None:
        raise missing()
    limit = services.settings.max_document_mb
    if blob.size > limit * MIB:
        raise TooLarge(f"The document has {blob.size / MIB:.0f} MB; the limit DARKROOM_MAX_DOCUMENT_MB is {limit}.")
    return blob


def missing() -> Invalid:
    """What is said of a document that is not there."""
    return Invalid(
        "There is no such document; it was removed before it was read, or never there.",
        code="document_missing",
        remedy="Drop it again.",
    )


def _downloaded(services: Services, blob: Blob, folder: Path) -> tuple[Path, str]:
    path = folder / "document"
    with path.open("wb") as file:
        sha256 = services.storage.download(blob.ref, file, etag=blob.etag)
    if sha256 is None:
        raise missing()
    return path, sha256


def _bounded(services: Services, document: Document) -> None:
    limit = services.settings.max_document_pages
    if document.pages > limit:
        raise TooLarge(
            f"The document has {document.pages} pages; the limit DARKROOM_MAX_DOCUMENT_PAGES is {limit}.",
            remedy="Select pages, split the document or raise the limit.",
        )


def _note(services: Services, record: HeldRecord, deployment: str, model: OcrModel, options: OcrOptions) -> None:
    retired = model.retired(services.now().date())
    if retired:
        log.warning("retired model job=%s deployment=%s", record.job.job_id, deployment)
    record.update(model=deployment, options=options.model_dump(exclude_none=True), notes=(retired,) if retired else ())


def _plan(services: Services, number: int, cut: Cut, request: Mapping[str, Any]) -> tuple[Part, bool]:
    """A part, kept where any worker finds it, and whether it is paid already; its file is not needed any more."""
    selection = pages.text(cut.pages)
    key = key_of("ocr", {**request, "pages": selection})
    size = cut.path.stat().st_size
    paid = services.ledger.find(key) is not None
    if not paid:
        services.storage.write(_part_blob(key), cut.path, cut.media_type)
    cut.path.unlink()
    return Part(number=number, pages=selection, size=size, ledger_key=key, media_type=cut.media_type), paid


def _go_on(services: Services, record: HeldRecord, unpaid: list[Part]) -> None:
    job = record.job
    if len(unpaid) > 1:
        for part in unpaid:
            document = job.source.name if job.source else ""
            message = OcrPart(
                document=document,
                job_id=job.job_id,
                part=part.number,
                replays=job.replays,
                trace=services.telemetry.trace,
            )
            services.storage.send(OCR_JOBS, message.model_dump_json(exclude_defaults=True))
        record.update(dispatched=True)
        return
    for part in unpaid:
        read_part(services, job, part.number)
    assemble(services, record)


def _part_blob(ledger_key: str) -> BlobRef:
    return BlobRef(LEDGER, f"parts/{ledger_key.removesuffix('.json')}")


def _answer(services: Services, part: Part, folder: Path) -> OcrAnswer:
    path = folder / "answer.json"
    with path.open("wb") as to:
        services.ledger.copy(part.ledger_key, to)
    return OcrAnswer.read(path)


def _numbered(part: Part, answer: OcrAnswer) -> Iterator[tuple[int, dict[str, Any]]]:
    """The pages of an answer with their numbers in the document."""
    numbers = pages.parse(part.pages)
    if sorted(answer.indexes) != list(range(len(numbers))):
        raise Incomplete(
            f"Of the {len(numbers)} pages in part {part.number} the model returned {len(answer.indexes)}.",
            remedy="The answer is kept in the ledger; another model or page selection is read anew.",
        )
    found: Iterator[dict[str, Any]] = answer.pages()
    if list(answer.indexes) != sorted(answer.indexes):
        found = iter(sorted(found, key=lambda page: int(page["index"])))
    return zip(numbers, found, strict=True)


def _about(job: JobRecord) -> dict[str, Any]:
    source = job.source.model_dump(exclude={"etag"}) if job.source else {}
    return {"document": source, "model": job.model}


def _sum(counted: list[Usage]) -> Usage:
    return Usage(
        pages=total([usage.pages for usage in counted]),
        annotation_pages=total([usage.annotation_pages for usage in counted]),
        document_bytes=total([usage.document_bytes for usage in counted]),
    )


def _price(services: Services, job: JobRecord, usage: Usage) -> float | None:
    """What the pages cost by the catalogue; unknown with annotations, whose price it does not have."""
    price = services.catalog.ocr(job.model).usd_per_1000_pages if job.model else None
    if price is None or usage.pages is None or usage.annotation_pages:
        return None
    return round(usage.pages * price / 1000, 6)


def _dropped(option: str) -> str:
    return f"The endpoint does not know the option {option}; the document was read without it."
