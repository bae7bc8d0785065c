"""The jobs of an account, found by the records in `results`: all of them, or those of a name.

What a listing must know rides on each record as metadata, so that no record is read that is not shown, but those that
came without metadata. A listing is walked page by page: memory does not grow with the number of jobs.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import TypeAdapter, ValidationError

from cli.errors import WrongUseError
from shared.errors import Invalid
from shared.messages import JobId, Status
from shared.names import (
    DOCUMENTS,
    INPUT_CONTAINERS,
    RECORD,
    REJECTED,
    RESULTS,
    BlobRef,
    embedding_folder,
    image_folder,
    ocr_folder,
    record_of,
    rejected_folder,
)
from shared.records import heard_of, read_record
from shared.storage import Blob, Storage

_JOB_ID = TypeAdapter(JobId)
_TOLD = {"status", "job", "kind"}
_STATUSES = {status.value for status in Status}


@dataclass(frozen=True)
class Entry:
    """A job as a listing knows it; `kind` is `rejected` for a message that named no job, `code` is its problem's.

    The record was `modified` then; the job was `heard` of then, or is to be when it comes back.
    """

    folder: str
    kind: str
    status: Status
    job_id: str
    code: str
    modified: datetime
    heard: datetime

    @property
    def record(self) -> str:
        """Where the record is, as `container/name`."""
        return str(record_of(self.folder))


def walk(storage: Storage) -> Iterator[Entry]:
    """Every job of the account, in the order of the result folders."""
    for blob in storage.list(RESULTS):
        entry = _entry(storage, blob)
        if entry is not None:
            yield entry


def named(storage: Storage, names: Iterable[str]) -> dict[str, list[Entry]]:
    """The jobs that people name: by job id, by document as `container/name`, or by result folder.

    There may be none, and several documents may have been read under one job id.

    Raises:
        WrongUseError: something that can be no name.
    """
    found = {name: list(_direct(storage, name)) for name in names}
    missing = {name for name, entries in found.items() if not entries and "/" not in name}
    for entry in walk(storage) if missing else ():
        if entry.job_id in missing:
            found[entry.job_id].append(entry)
    return found


def _entry(storage: Storage, blob: Blob | None) -> Entry | None:
    """A record's entry; other blobs may be called `job.json` as well, but tell of no status that is one."""
    if blob is None or not blob.ref.name.endswith(f"/{RECORD}"):
        return None
    folder = blob.ref.name.removesuffix(f"/{RECORD}")
    told = blob.metadata if blob.metadata.keys() >= _TOLD else _written(storage, folder)
    if told.get("status") not in _STATUSES:
        return None
    kind = REJECTED if folder.startswith(f"{REJECTED}/") else told["kind"]
    return Entry(folder, kind, Status(told["status"]), told["job"], told.get("code", ""), blob.modified, heard_of(blob))


def _written(storage: Storage, folder: str) -> Mapping[str, str]:
    """What the metadata of a record would tell: copies and records of an older version may have none."""
    job = read_record(storage, folder)
    if job is None:
        return {}
    return {"status": job.status, "job": job.job_id, "kind": job.kind, "code": job.problem.code if job.problem else ""}


def _direct(storage: Storage, name: str) -> Iterator[Entry]:
    """The job of a folder that a name stands for; a document goes before a folder of the same name."""
    for folder in _folders(name):
        entry = _entry(storage, storage.find(record_of(folder)))
        if entry is not None:
            yield entry
            return


def _folders(name: str) -> Iterator[str]:
    """The result folders that a name may stand for, the likeliest first; a document is dropped by its name alone."""
    try:
        dropped = BlobRef.parse(f"{DOCUMENTS}/{name.rstrip('/')}")
        ref = BlobRef.parse(dropped.name) if "/" in dropped.name else None
    except Invalid as error:
        raise WrongUseError(f"{name!r} names no job: {error.message}") from None
    if ref is not None:
        if ref.container in INPUT_CONTAINERS:
            yield ocr_folder(ref)
        folder = ref.name if ref.container == RESULTS else str(ref)
        yield from (folder, folder.removesuffix(f"/{RECORD}"))
    elif _is_job_id(name):
        yield from (image_folder(name), embedding_folder(name), rejected_folder(name))
    yield ocr_folder(dropped)


def _is_job_id(name: str) -> bool:
    try:
        return bool(_JOB_ID.validate_python(name))
    except ValidationError:
        return False
