"""A bench for embedding jobs: deliver a message until its job rests, and look at what came out."""

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared import embedding_jobs
from shared.messages import JobRecord
from shared.names import EMBEDDING_JOBS, RESULTS, BlobRef, embedding_folder
from shared.records import read_record
from tests.fakes import Bench, FakeEmbeddings, Posted, small_png

JOB = "job"


@dataclass(frozen=True)
class Lab:
    """A process that computes vectors, with fakes all around."""

    bench: Bench

    @classmethod
    def make(cls, **settings: Any) -> "Lab":
        """A process with these settings beside the needed ones; its calls are made one after the other."""
        return cls(Bench.make(**{"embedding_calls": 1, **settings}))

    @property
    def model(self) -> FakeEmbeddings:
        """What computes the vectors."""
        return self.bench.embeddings

    def give(self, name: str, data: bytes | str) -> str:
        """Write an input; its name as a message has it."""
        content = data if isinstance(data, bytes) else data.encode()
        self.bench.storage.write(BlobRef("images", name), content, "application/octet-stream")
        return f"images/{name}"

    def picture(self, name: str, shade: int = 0) -> str:
        """Write a small picture, a PNG as the service takes it; its name as a message has it."""
        return self.give(name, small_png(shade, (64, 64)))

    def deliver(self, *inputs: dict[str, Any], attempt: int = 1, job_id: str = JOB, **options: Any) -> None:
        """Deliver a message once."""
        body = json.dumps({"inputs": inputs, "job_id": job_id, **options}).encode()
        embedding_jobs.embedding_message(self.bench.services, body, attempt, "id")

    def again(self) -> Posted:
        """Deliver the one message that is back on the queue."""
        [posted] = self.waiting()
        self.waiting().clear()
        embedding_jobs.embedding_message(self.bench.services, posted.text.encode(), 1, "another")
        return posted

    def run(self, *inputs: dict[str, Any], **options: Any) -> JobRecord:
        """Deliver a message, and again whenever it is put back; the record in the end."""
        self.deliver(*inputs, **options)
        for _ in range(20):
            if not self.waiting():
                return self.record(options.get("job_id", JOB))
            self.again()
        raise AssertionError("The queue does not come to rest.")

    def waiting(self) -> list[Posted]:
        """What is back on the queue."""
        return self.bench.storage.queues.get(EMBEDDING_JOBS, [])

    def record(self, job_id: str = JOB) -> JobRecord:
        """The record of a job."""
        found = read_record(self.bench.storage, embedding_folder(job_id))
        assert found is not None
        return found

    def lines(self, job_id: str = JOB) -> list[dict[str, Any]]:
        """The lines of `vectors.jsonl`."""
        return [
            json.loads(line) for line in self.bench.result(f"{embedding_folder(job_id)}/vectors.jsonl").splitlines()
        ]

    def matrix(self, job_id: str = JOB) -> NDArray[np.float32]:
        """The rows of `vectors.npy`, as NumPy reads them."""
        written = self.bench.storage.read(BlobRef(RESULTS, f"{embedding_folder(job_id)}/vectors.npy"))
        loaded: NDArray[np.float32] = np.load(io.BytesIO(written or b""))
        return loaded
