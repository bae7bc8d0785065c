"""A Darkroom in memory that makes the pictures that are asked for."""

from typing import Any

from shared.image_messages import ImageJob
from shared.messages import JobRecord, Status
from shared.names import IMAGE_JOBS, RESULTS, BlobRef, image_folder, record_of
from tests.unit.cli.fakes import NOW, MemoryStorage

PICTURE = b"\x89PNG a picture"


class FakePictures:
    """Writes records and results of the jobs on `image-jobs`: at each call the next step of a job's story.

    A step is what the record says otherwise; `partials` are the unfinished pictures that arrive with it.
    """

    def __init__(self, storage: MemoryStorage, *stories: list[dict[str, Any]]) -> None:
        self._storage = storage
        self._told = list(stories)
        self._stories: dict[str, list[dict[str, Any]]] = {}

    def work(self) -> None:
        """Take one step with every job."""
        for message in self._storage.queues.get(IMAGE_JOBS, []):
            made = self._told.pop(0) if self._told and message not in self._stories else [{}]
            story = self._stories.setdefault(message, made)
            if story:
                self.record(message, **story.pop(0))

    def record(self, message: str, *, partials: tuple[str, ...] = (), **changes: Any) -> None:
        """Write the job's record, and the results that it names."""
        job = ImageJob.model_validate_json(message)
        about: dict[str, Any] = {
            "job_id": str(job.job_id),
            "kind": "image",
            "status": Status.SUCCEEDED,
            "fingerprint": "f",
            "outputs": tuple(f"{number}.{job.output_format or 'png'}" for number in range(1, job.n + 1)),
            "created_at": NOW,
            "message": message,
            **changes,
        }
        record, folder = JobRecord(**about), image_folder(about["job_id"])
        for path in (*partials, *(record.outputs if record.final else ())):
            self._storage.write(BlobRef(RESULTS, f"{folder}/{path}"), PICTURE, "")
        self._storage.write(record_of(folder), record.model_dump_json().encode(), "")
