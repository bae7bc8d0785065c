"""A bench for image jobs: deliver a message until its job rests, and look at what came out."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from shared import image_jobs
from shared.clients.downloads import Downloads
from shared.messages import JobRecord, Problem
from shared.names import IMAGE_JOBS, RESULTS, BlobRef, image_folder
from shared.records import read_record
from tests.fakes import Bench, FakeImages, Posted, small_png

MESSAGE_ID = "5f1b2c3d"
PROMPT = {"prompt": "A lighthouse"}
Message = bytes | Mapping[str, Any]


class FakeDownloads(Downloads):
    """Fetches a picture at once, notes from where, and raises what a test puts into `faults` first."""

    def __init__(self) -> None:
        super().__init__("http://fake")
        object.__setattr__(self, "fetched", [])
        object.__setattr__(self, "faults", [])

    fetched: list[str]
    faults: list[Exception]

    def fetch(self, url: str, to: Path) -> None:
        if self.faults:
            raise self.faults.pop(0)
        self.fetched.append(url)
        to.write_bytes(small_png())


@dataclass(frozen=True)
class Studio:
    """A process that makes pictures, with fakes all around."""

    bench: Bench
    downloads: FakeDownloads

    @classmethod
    def make(cls, **settings: Any) -> "Studio":
        """A process with these settings beside the needed ones."""
        bench, downloads = Bench.make(**settings), FakeDownloads()
        bench.services = replace(bench.services, downloads=downloads)
        return cls(bench, downloads)

    @property
    def model(self) -> FakeImages:
        """What makes the pictures."""
        return self.bench.images

    def give(self, name: str, data: bytes) -> str:
        """Write an input; its name as a message has it."""
        self.bench.storage.write(BlobRef("images", name), data, "application/octet-stream")
        return f"images/{name}"

    def deliver(self, message: Message, attempt: int = 1, message_id: str = MESSAGE_ID) -> None:
        """Deliver a message once, and once more where that only gave it a job id."""
        image_jobs.image_message(self.bench.services, body(message), attempt, message_id)
        if (
            self.waiting()
            and "job_id" not in str(body(message))
            and not json.loads(self.waiting()[-1].text).get("deferrals")
        ):
            named = self.waiting().pop()
            image_jobs.image_message(self.bench.services, named.text.encode(), attempt, f"{message_id}-named")

    def waiting(self) -> list[Posted]:
        """What is back on the queue."""
        return self.bench.storage.queues.get(IMAGE_JOBS, [])

    def again(self, message_id: str = "another") -> None:
        """Deliver the one message that is back on the queue, under the new id that it has there."""
        [posted] = self.waiting()
        self.waiting().clear()
        self.deliver(posted.text.encode(), message_id=message_id)

    def run(self, message: Message, most: int = 20) -> JobRecord:
        """Deliver a message, and again whenever it is put back; the record of the job that ends."""
        self.deliver(message)
        for _ in range(most):
            if not self.waiting():
                return self.last()
            self.again()
        raise AssertionError("The queue does not come to rest.")

    def last(self) -> JobRecord:
        """The record that the last event tells of."""
        found = read_record(
            self.bench.storage, self.bench.events()[-1].record.removeprefix("results/")[: -len("/job.json")]
        )
        assert found is not None
        return found

    def record(self, job_id: str) -> JobRecord:
        """The record of a job."""
        found = read_record(self.bench.storage, image_folder(job_id))
        assert found is not None
        return found

    def records(self) -> list[JobRecord]:
        """Every record there is."""
        blobs = [blob.ref for blob in self.bench.storage.list(RESULTS) if blob.ref.name.endswith("/job.json")]
        return [JobRecord.model_validate_json(self.bench.storage.read(ref) or b"") for ref in blobs]

    def picture(self, record: JobRecord, name: str = "1.png") -> bytes:
        """A result file's bytes."""
        found = self.bench.storage.read(BlobRef(RESULTS, f"{image_folder(record.job_id)}/{name}"))
        assert found is not None
        return found


def body(message: Message) -> bytes:
    """A message as the queue delivers it."""
    return message if isinstance(message, bytes) else json.dumps(message).encode()


def problem(record: JobRecord) -> Problem:
    """Why a job failed or waits."""
    assert record.problem is not None
    return record.problem


def encoded(picture: Image.Image, kind: str, **options: Any) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def mask_png(size: tuple[int, int] = (8, 8), alpha: int = 0) -> bytes:
    """A mask of one alpha."""
    return encoded(Image.new("RGBA", size, (0, 0, 0, alpha)), "PNG")
