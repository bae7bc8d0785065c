"""What an embedding job is given, one by one: prefixes are listed, and documents opened up into pages and figures."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Any

import ijson

from shared.embedding_catalog import EmbeddingModel, EmbeddingRoute, takes_images
from shared.embedding_messages import EmbeddingInput, EmbeddingJob
from shared.errors import Busy, Invalid, TooLarge
from shared.names import RESULTS, BlobRef, input_blob, ocr_folder
from shared.pipelines.captions import caption
from shared.records import read_record
from shared.services import Services
from shared.storage import Blob, Storage

_STILL_READ_SECONDS = 10.0
_PAGES = "document.json"
_QUOTE = '"'


@dataclass(frozen=True)
class Given:
    """One input: its number, counted from 1, how results name it, and a text, a text's blob, or a picture's.

    A picture may have a text beside it. `listed` is what a listing told of its blob.
    """

    number: int
    about: Mapping[str, Any]
    text: str | None = None
    text_blob: BlobRef | None = None
    picture: BlobRef | None = None
    listed: Blob | None = None

    @property
    def name(self) -> str:
        """The blob that it is in, if any."""
        return str(self.picture or self.text_blob or self.about.get("document", ""))


def given(services: Services, job: EmbeddingJob, model: EmbeddingModel, route: EmbeddingRoute) -> list[Given]:
    """All inputs of a job, in order; only names and short texts are held.

    Raises:
        Invalid: a prefix has no blobs, a document was not read, or a blob may not be read by jobs.
        TooLarge: more inputs than the settings allow.
        Busy: a document is still being read.
    """
    limit = services.settings.max_embedding_inputs
    numbers = count(1)
    pictures = takes_images(model, route)
    opened = (
        Given(next(numbers), **one)
        for named in job.inputs
        for one in _opened(services.storage, named, pictures=pictures, pairs=model.pairs)
    )
    found = list(islice(opened, limit + 1))
    if len(found) > limit:
        raise TooLarge(
            f"The job has more than {limit:,} inputs, which is the limit DARKROOM_MAX_EMBEDDING_INPUTS.",
            remedy="Make several jobs of it, or raise the limit.",
        )
    if not found:
        raise Invalid("The documents that were named have neither text nor figures.", code="nothing_to_embed")
    return found


def readings(storage: Storage, job: EmbeddingJob) -> list[str | None]:
    """The versions of the pages of the documents that a job names, None where there are none."""
    folders = [ocr_folder(input_blob(one.document)) for one in job.inputs if one.document is not None]
    found = [storage.find(BlobRef(RESULTS, f"{folder}/{_PAGES}")) for folder in folders]
    return [pages.etag if pages else None for pages in found]


def _opened(storage: Storage, named: EmbeddingInput, *, pictures: bool, pairs: bool) -> Iterator[dict[str, Any]]:
    about = named.model_dump(exclude_none=True, exclude={"text"})
    if named.images is not None:
        yield from _below(storage, named.images)
    elif named.document is not None:
        yield from _document(storage, input_blob(named.document), pictures=pictures, pairs=pairs)
    elif named.text_blob is not None:
        yield {"about": about, "text_blob": input_blob(named.text_blob)}
    elif named.image is not None:
        yield {"about": about, "picture": input_blob(named.image), "text": named.text}
    else:
        yield {"about": about, "text": named.text}


def _below(storage: Storage, prefix: str) -> Iterator[dict[str, Any]]:
    """The blobs below a prefix in name order; folders of a hierarchical account are blobs too, and left out."""
    ref = input_blob(prefix)
    empty = True
    for blob in storage.list(ref.container, ref.name):
        if blob.metadata.get("hdi_isfolder") != "true":
            empty = False
            quoted = replace(blob, etag=f'"{blob.etag.strip(_QUOTE)}"')  # a listing leaves the quotes out
            yield {"about": {"image": str(blob.ref)}, "picture": blob.ref, "listed": quoted}
    if empty:
        raise Invalid(f"There are no blobs below {prefix}.", code="nothing_to_embed", remedy="Check the prefix.")


def _document(storage: Storage, document: BlobRef, *, pictures: bool, pairs: bool) -> Iterator[dict[str, Any]]:
    """Each page that has text, followed by its figures, with their captions where the model takes pairs."""
    folder = ocr_folder(document)
    record = read_record(storage, folder)
    if record is not None and not record.final:
        raise Busy(f"The document {document} is still being read.", after=_STILL_READ_SECONDS)
    with tempfile.TemporaryFile() as file:
        if record is None or storage.download(BlobRef(RESULTS, f"{folder}/{_PAGES}"), file) is None:
            raise Invalid(
                f"The document {document} has not been read, so it has no pages to embed.",
                code="document_not_read",
                remedy="Drop it into the container documents first.",
            )
        file.seek(0)
        for page in ijson.items(file, "pages.item", use_float=True):
            about = {"document": str(document), "page": page["page_number"]}
            yield {"about": about, "text": page["markdown"]}
            for figure in page["images"] if pictures else ():
                if figure.get("file"):
                    yield {
                        "about": {**about, "figure": figure["file"]},
                        "picture": BlobRef(RESULTS, f"{folder}/{figure['file']}"),
                        "text": caption(page["markdown"], figure) if pairs else None,
                    }
