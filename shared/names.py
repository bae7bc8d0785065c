"""Where things lie: blob references, result folders and safe file names.

A blob name becomes part of an address, and HTTP libraries resolve `.` and `..` in addresses; a name with such a
segment would reach out of its container. Names that the model gives to figures and tables are no better, so both are
checked here.
"""

import hashlib
import re
from typing import NamedTuple

from shared.errors import Invalid

DOCUMENTS, IMAGES, RESULTS, LEDGER = "documents", "images", "results", "ledger"
OCR_JOBS, IMAGE_JOBS, EMBEDDING_JOBS, JOB_EVENTS = "ocr-jobs", "image-jobs", "embedding-jobs", "job-events"
OCR_JOBS_POISON, IMAGE_JOBS_POISON = f"{OCR_JOBS}-poison", f"{IMAGE_JOBS}-poison"
EMBEDDING_JOBS_POISON = f"{EMBEDDING_JOBS}-poison"
BLOB_POISON = "webjobs-blobtrigger-poison"
INPUT_CONTAINERS = (DOCUMENTS, IMAGES)
CONTAINERS = (DOCUMENTS, IMAGES, RESULTS, LEDGER)
QUEUES = (
    OCR_JOBS,
    OCR_JOBS_POISON,
    IMAGE_JOBS,
    IMAGE_JOBS_POISON,
    EMBEDDING_JOBS,
    EMBEDDING_JOBS_POISON,
    BLOB_POISON,
    JOB_EVENTS,
)
RECORD, REJECTED = "job.json", "rejected"
# What the results of a job look like below its folder; whatever else lies there belongs to somebody else.
RESULT_SHAPES = {
    "ocr": ("document.md", "document.json", "figures/page-", "tables/page-"),
    "image": (),
    "embedding": ("vectors.",),
}

_LONGEST_FOLDER = 900  # a blob name has at most 1,024 characters, and results are named below their folder
# Storage takes 254:
# https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata
_MOST_SEGMENTS = 250
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff\ud800-\udfff]")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


class BlobRef(NamedTuple):
    """A blob by container and name; written `container/name`."""

    container: str
    name: str

    def __str__(self) -> str:
        return f"{self.container}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> "BlobRef":
        """Read `container/name`.

        Raises:
            Invalid: no such reference, or its name would leave the container.
        """
        container, _, name = text.partition("/")
        if not container or not name:
            raise Invalid("A blob is named as container/name, such as documents/report.pdf.", code="invalid_name")
        segments = name.split("/")
        if "." in segments or ".." in segments or "\\" in name or _CONTROL.search(name):
            raise Invalid(
                "A blob name may have no backslash, no control character and no segment . or .. in it.",
                code="invalid_name",
                remedy="Rename the file and drop it again.",
            )
        if len(segments) > _MOST_SEGMENTS:
            raise Invalid(
                f"A blob name may have {_MOST_SEGMENTS} segments, for its results lie some folders deeper.",
                code="invalid_name",
                remedy="Put the file into fewer folders and drop it again.",
            )
        return cls(container, name)


def input_blob(text: str) -> BlobRef:
    """A reference to an input of a job.

    Raises:
        Invalid: not a reference, or not in a container that jobs may read.
    """
    ref = BlobRef.parse(text)
    if ref.container not in INPUT_CONTAINERS:
        raise Invalid(
            f"Jobs read from the containers {' and '.join(INPUT_CONTAINERS)} only.", code="container_not_allowed"
        )
    return ref


def ocr_folder(document: BlobRef) -> str:
    """The folder in `results` of a document's results; a name too long for one is cut and told apart by a hash."""
    root = "ocr" if document.container == DOCUMENTS else f"ocr-{document.container}"
    folder = f"{root}/{document.name}"
    if len(folder) <= _LONGEST_FOLDER:
        return folder
    digest = hashlib.sha256(folder.encode()).hexdigest()[:16]
    return f"{folder[: _LONGEST_FOLDER - 17].rstrip('/.')}~{digest}"


def image_folder(job_id: str) -> str:
    """The folder in `results` of an image job's results."""
    return f"images/{job_id}"


def embedding_folder(job_id: str) -> str:
    """The folder in `results` of an embedding job's results."""
    return f"embeddings/{job_id}"


def rejected_folder(job_id: str) -> str:
    """The folder in `results` of the record of a message that named no job."""
    return f"{REJECTED}/{job_id}"


def record_of(folder: str) -> BlobRef:
    """The job record in a result folder."""
    return BlobRef(RESULTS, f"{folder}/{RECORD}")


def safe_file_name(given: str, fallback: str) -> str:
    """A name that the model gave, as a plain file name without its ending; `fallback` when nothing of it is left."""
    stem = given.rsplit(".", 1)[0] if "." in given else given
    return _UNSAFE.sub("-", stem).strip("-._")[:60] or fallback
