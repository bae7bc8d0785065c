"""Asking for what a plan holds, as its users do: files dropped and messages posted."""

import hashlib
import io
import json
from collections.abc import Callable, Mapping
from typing import Any

from PIL import Image

from shared.names import DOCUMENTS, EMBEDDING_JOBS, IMAGE_JOBS, IMAGES, BlobRef
from shared.storage import Storage
from tests import corpus
from tests.faults.plan import Job

_SIZE = "1024x640"


def ask(storage: Storage, job: Job) -> str | None:
    """Drop the document, and give its ETag, or post the message; once more for the same job is a duplicate."""
    if job.kind == "ocr":
        return _drop(storage, job)
    queue = IMAGE_JOBS if job.kind == "image" else EMBEDDING_JOBS
    storage.send(queue, json.dumps({"job_id": job.name, **_model(job), **_MESSAGES[job.shape](storage, job)}))
    return None


def _drop(storage: Storage, job: Job) -> str:
    locked = job.shape == "locked"
    data = corpus.password_pdf() if locked else corpus.text_pdf(job.size, job.words)
    metadata = _model(job) | ({"embed": "true"} if job.shape == "flows-on" else {})
    return storage.write(BlobRef(DOCUMENTS, job.name), data, "application/pdf", metadata=metadata)


def _model(job: Job) -> dict[str, str]:
    return {"model": job.model} if job.model else {}


def _generate(_: Storage, job: Job) -> dict[str, Any]:
    return {"prompt": job.words, "size": _SIZE, "quality": "low"}


def _stream(storage: Storage, job: Job) -> dict[str, Any]:
    return {**_generate(storage, job), "stream": True, "partial_images": 1}


def _refused(storage: Storage, job: Job) -> dict[str, Any]:
    return {**_generate(storage, job), "prompt": f"{job.words} [[refuse:violence]]"}


def _edit(storage: Storage, job: Job) -> dict[str, Any]:
    return {**_generate(storage, job), "operation": "edit", "images": _pictures(storage, job)}


def _texts(_: Storage, job: Job) -> dict[str, Any]:
    return {"inputs": [{"text": f"{job.words} {number}"} for number in range(job.size)]}


def _below_prefix(storage: Storage, job: Job) -> dict[str, Any]:
    _pictures(storage, job)
    return {"inputs": [{"images": f"{IMAGES}/{job.name}/"}]}


def _pairs(storage: Storage, job: Job) -> dict[str, Any]:
    return {"inputs": [{"image": name, "text": job.words} for name in _pictures(storage, job)]}


def _pictures(storage: Storage, job: Job) -> list[str]:
    """Pictures that no other job has."""
    names = [f"{job.name}/{number}.png" for number in range(job.size)]
    for name in names:
        file = io.BytesIO()
        Image.frombytes("RGB", (64, 64), hashlib.shake_128(name.encode()).digest(64 * 64 * 3)).save(file, "PNG")
        storage.write(BlobRef(IMAGES, name), file.getvalue(), "image/png")
    return [f"{IMAGES}/{name}" for name in names]


_MESSAGES: Mapping[str, Callable[[Storage, Job], dict[str, Any]]] = {
    "generate": _generate,
    "stream": _stream,
    "refused": _refused,
    "edit": _edit,
    "texts": _texts,
    "pictures": _below_prefix,
    "pairs": _pairs,
}
