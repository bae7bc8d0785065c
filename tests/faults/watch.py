"""Watching the records while a scenario runs: what says that it succeeded must be whole at that moment."""

import io
import json
import re
import threading
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from azure.core.exceptions import AzureError
from PIL import Image

from shared.messages import JobRecord, Status
from shared.names import RESULTS, BlobRef, record_of
from shared.storage import Storage
from tests.faults.plan import SUCCEEDED, Job

_LINK = re.compile(r"!\[[^\]]*\]\(([^)]*)\)")
_PAUSE_SECONDS = 0.2


@dataclass(frozen=True)
class Awaited:
    """A job whose end is awaited: of a document for this version, of a replayed job after so many replays."""

    job: Job
    etag: str | None = None
    replays: int = 0

    def replayed(self) -> "Awaited":
        """The good end of the same job, once it is replayed."""
        return replace(self, job=replace(self.job, ends=SUCCEEDED), replays=self.replays + 1)

    def is_met_by(self, record: JobRecord) -> bool:
        """Whether a record tells of this job."""
        version = record.source.etag if record.source else None
        return record.replays >= self.replays and self.etag in (None, version)


class Watch(threading.Thread):
    """Reads the records of all jobs that have not ended, again and again; `ended` holds what the others ended as.

    `broken` tells of each record that was not what it said.
    """

    def __init__(self, storage: Storage) -> None:
        super().__init__(daemon=True)
        self._storage = storage
        self._awaited: dict[str, Awaited] = {}
        self._over = threading.Event()
        self.ended: dict[str, JobRecord] = {}
        self.broken: list[str] = []

    def expect(self, awaited: Awaited) -> None:
        """Await the end of a job, or of a newer version of it."""
        self.ended.pop(awaited.job.folder, None)
        self._awaited[awaited.job.folder] = awaited

    @property
    def all(self) -> list[Awaited]:
        """Every end that is awaited, or was."""
        return list(self._awaited.values())

    @property
    def open(self) -> list[Job]:
        """The jobs that have not ended."""
        return [one.job for one in self.all if one.job.folder not in self.ended]

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        self.join()

    def run(self) -> None:
        """Look until stop()."""
        while not self._over.wait(_PAUSE_SECONDS):
            with suppress(AzureError):  # storage is away, as the scenario wants it
                self.look_around()

    def look_around(self) -> None:
        """Look at the record of each job that has not ended."""
        for job in self.open:
            self._look(self._awaited[job.folder])

    def _look(self, awaited: Awaited) -> None:
        folder, place = awaited.job.folder, record_of(awaited.job.folder)
        written = self._storage.find(place)
        if written is None or written.metadata.get("status") not in ("succeeded", "failed"):
            return
        record = JobRecord.model_validate_json(self._storage.read(place) or b"")
        missing = self._missing(awaited, record) if record.status is Status.SUCCEEDED else []
        again = self._storage.find(place)
        if missing and again is not None and again.etag == written.etag:
            self.broken += [f"{folder} says {record.status}, but {what}." for what in missing]
        if record.final and record.announced and awaited.is_met_by(record):
            self._close(awaited, record)

    def _close(self, awaited: Awaited, record: JobRecord) -> None:
        job = awaited.job
        how = record.problem.code if record.problem else str(record.status)
        if how != job.ends:
            self.broken.append(f"{job.folder} ended as {how} instead of {job.ends}.")
        if record.embedding_job and job.shape == "flows-on":
            self.expect(Awaited(replace(job, kind="embedding", shape="flowed-on", name=record.embedding_job)))
        self.ended[job.folder] = record

    def _missing(self, awaited: Awaited, record: JobRecord) -> list[str]:
        prefix = f"{awaited.job.folder}/"
        there = {blob.ref.name.removeprefix(prefix) for blob in self._storage.list(RESULTS, prefix)}
        missing = [f"{name} is not there" for name in record.outputs if name not in there]
        if missing or not awaited.is_met_by(record):
            return missing
        if record.kind == "ocr":
            return self._missing_of_document(awaited.job, there)
        if record.kind == "image":
            return [f"{name} is no picture" for name in record.outputs if not self._is_picture(prefix + name)]
        return self._missing_of_vectors(prefix, record)

    def _missing_of_document(self, job: Job, there: set[str]) -> list[str]:
        links = _LINK.findall(self._read(f"{job.folder}/document.md").decode())
        pages = json.loads(self._read(f"{job.folder}/document.json"))["pages"]
        wrong = [f"its link {link} leads nowhere" for link in links if link not in there]
        if [page["page_number"] for page in pages] != list(range(1, job.size + 1)):
            wrong.append(f"it has not the {job.size} pages of its document")
        if not all(job.words in page["markdown"] for page in pages):
            wrong.append("it has not the words of its document")
        return wrong

    def _missing_of_vectors(self, prefix: str, record: JobRecord) -> list[str]:
        lines = self._read(f"{prefix}vectors.jsonl").splitlines()
        rows = np.load(io.BytesIO(self._read(f"{prefix}vectors.npy")))
        right = len(lines) == len(rows) == record.vectors and bool(np.isfinite(rows).all())
        return [] if right else [f"it has {len(lines)} lines and {len(rows)} rows of {record.vectors} vectors"]

    def _is_picture(self, name: str) -> bool:
        try:
            Image.open(io.BytesIO(self._read(name))).verify()
        except (OSError, SyntaxError):
            return False
        return True

    def _read(self, name: str) -> bytes:
        return self._storage.read(BlobRef(RESULTS, name)) or b""
