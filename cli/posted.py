"""Jobs that are one message and one record: their inputs are uploaded, the message posted, the record looked for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from cli.follow import Job, OutcomeT
from shared.errors import Invalid
from shared.messages import JobRecord
from shared.names import BlobRef
from shared.records import read_record
from shared.storage import Storage

_ANY_MEDIA_TYPE = "application/octet-stream"  # Darkroom tells the type from the bytes


class Postable(Protocol):
    """A job that can be posted; `uploads` are what its inputs become blobs of, where they are not in storage yet."""

    @property
    def job_id(self) -> str:
        """Its id."""

    @property
    def message(self) -> str:
        """What is posted."""

    @property
    def inputs(self) -> Sequence[BlobRef]:
        """The blobs that must be there."""

    @property
    def uploads(self) -> Mapping[BlobRef, Path | bytes]:
        """Files and texts, by the blobs that they become."""


class PostedJob(Job[OutcomeT]):
    """Uploads what a job needs, posts it on a queue, and finds its record in its folder of `results`."""

    def __init__(self, storage: Storage, asked: Postable, outcome: OutcomeT, *, queue: str, folder: str) -> None:
        super().__init__(outcome)
        self._storage = storage
        self._posted = asked
        self._queue = queue
        self._folder = folder

    def begin(self) -> None:
        """Upload and post, unless another job has the id.

        Raises:
            Invalid: it has, or an input is not there.
        """
        self._own_record()
        for ref in self._posted.inputs:
            if self._storage.find(ref) is not None:
                continue  # a blob that is written again changes under a job that reads it
            if ref not in self._posted.uploads:
                raise Invalid(f"There is no file or blob {ref}.", code="input_missing")
            self._storage.write(ref, self._posted.uploads[ref], _ANY_MEDIA_TYPE)
        self._storage.send(self._queue, self._posted.message)

    def _own_record(self) -> JobRecord | None:
        """The record under this id, which must not be that of a job that asked for something else."""
        record = read_record(self._storage, self._folder)
        if record is not None and record.message != self._posted.message:
            raise Invalid(f"The job id {self._posted.job_id} is taken; choose another.", code="job_id_taken")
        return record
