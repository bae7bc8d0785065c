"""Whatever lies in a queue, it is a job, or it is refused with a sentence; nothing is lost and nothing raised."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import embedding_jobs, image_jobs, ocr_jobs, pages
from shared.errors import Invalid, Permanent
from shared.messages import JobRecord, OcrJob, OcrOptions, Repostable
from shared.names import EMBEDDING_JOBS_POISON, IMAGE_JOBS_POISON, OCR_JOBS_POISON
from shared.pipelines.ocr_options import merged_options
from shared.services import Services
from tests.fakes import Bench
from tests.properties.anything import FEW, MANY, SOME, TEXT, VALUES, as_json, no_json, objects

BLOBS = TEXT.map("documents/{}".format) | TEXT.map("images/{}".format) | st.just("documents/a.pdf")
IDS = st.sampled_from(["job-1", "a", ".."]) | TEXT
LIKELY = {
    "document": BLOBS,
    "job_id": IDS,
    "part": st.integers(-1, 3),
    "pages": st.sampled_from(["1-3,7", "1", "0", "9-1", "1-999999"]),
    "annotation_schema": st.dictionaries(TEXT, VALUES, max_size=3),
    "include_figures": st.booleans(),
    "model": st.sampled_from(["mistral-document-ai-2512", "gpt-image-2", "embed-v-4-0"]) | TEXT,
    "deferrals": st.integers(-1, 2**70),
    "replays": st.integers(-1, 3),
    "prompt": TEXT,
    "operation": st.sampled_from(["generate", "edit"]),
    "n": st.integers(0, 11),
    "size": st.sampled_from(["auto", "1024x1024", "99999x99999"]),
    "images": st.lists(BLOBS, max_size=3),
    "mask": BLOBS,
    "inputs": st.lists(objects({"text": TEXT, "image": BLOBS, "images": BLOBS, "document": BLOBS}), max_size=3),
    "dimensions": st.integers(),
}
KINDS: list[dict[str, st.SearchStrategy[Any]]] = [
    {"document": BLOBS, "job_id": IDS, "part": st.integers(-1, 3)},
    {"prompt": TEXT, "operation": st.sampled_from(["generate", "edit"]), "images": st.lists(BLOBS, max_size=3)},
    {"inputs": st.lists(objects({"text": TEXT, "image": BLOBS}), max_size=3), "job_id": IDS},
]
BODIES = as_json(st.one_of(*[objects(kind) for kind in KINDS])) | as_json(objects(LIKELY)) | no_json(objects(LIKELY))

PARSERS: dict[str, Callable[[bytes], Repostable]] = {
    "ocr": ocr_jobs.parse,
    "image": image_jobs.parse,
    "embedding": embedding_jobs.parse,
}


@pytest.mark.parametrize("kind", PARSERS)
@MANY
@given(body=BODIES)
def test_any_bytes_are_a_message_or_refused(kind: str, body: bytes) -> None:
    """A message that was read can be written, and is read again as the same."""
    try:
        message = PARSERS[kind](body)
    except Permanent:
        return
    assert PARSERS[kind](message.model_dump_json().encode()) == message


def _ocr(services: Services, body: bytes) -> None:
    ocr_jobs.ocr_message(services, body, 1)


def _image(services: Services, body: bytes) -> None:
    image_jobs.image_message(services, body, 1, "id-of-the-message")


def _embedding(services: Services, body: bytes) -> None:
    embedding_jobs.embedding_message(services, body, 1, "id-of-the-message")


@pytest.mark.parametrize("door", [_ocr, _image, _embedding])
@SOME
@given(body=BODIES)
def test_every_message_ends_in_a_record_or_goes_back_to_a_queue(
    door: Callable[[Services, bytes], None], body: bytes
) -> None:
    """No door raises, and no message disappears; a part of a job that there is not says nothing to anybody."""
    bench = Bench.make()

    door(bench.services, body)

    records = [data for ref, (_, data) in bench.storage.blobs.items() if ref.name.endswith("job.json")]
    for record in records:
        JobRecord.model_validate_json(record)
    assert records or any(bench.storage.queues.values()) or b'"part"' in body


BURIALS = [
    (ocr_jobs.buried, OCR_JOBS_POISON),
    (ocr_jobs.buried_event, "webjobs-blobtrigger-poison"),
    (image_jobs.buried, IMAGE_JOBS_POISON),
    (embedding_jobs.buried, EMBEDDING_JOBS_POISON),
]
BLOB_EVENTS = as_json(objects({"ContainerName": st.just("documents") | TEXT, "BlobName": TEXT, "ETag": TEXT}))


@pytest.mark.parametrize(("bury", "queue"), BURIALS)
@SOME
@given(body=BODIES | BLOB_EVENTS)
def test_whatever_is_poisoned_is_buried_and_does_not_come_back(
    bury: Callable[[Services, bytes], None], queue: str, body: bytes
) -> None:
    """A poison function that raises loses its message, and one that always fails goes round for ever."""
    bench = Bench.make()

    bury(bench.services, body)

    assert not bench.storage.queues.get(queue)


@SOME
@given(metadata=st.dictionaries(st.sampled_from([*OcrOptions.model_fields, "PAGES", "Include_Figures"]) | TEXT, TEXT))
def test_any_metadata_of_a_document_is_options_or_refused(metadata: dict[str, str]) -> None:
    """Whoever drops a file writes it."""
    try:
        merged_options(OcrJob(document="documents/a.pdf"), metadata)
    except Invalid as error:
        assert error.message


@SOME
@given(schema=as_json(VALUES) | no_json(VALUES))
def test_any_schema_in_the_metadata_is_one_or_refused(schema: bytes) -> None:
    """It is JSON that a stranger wrote."""
    text = schema.decode("utf-8", errors="replace")
    try:
        merged_options(OcrJob(document="documents/a.pdf"), {"annotation_schema": text})
    except Invalid as error:
        assert error.code == "invalid_option"


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=6).map(
    lambda pairs: ",".join(f"{first}-{last}" for first, last in pairs)
)


@MANY
@given(selection=RANGES | st.from_regex(r"[0-9, -]{1,12}", fullmatch=True) | TEXT, count=st.integers(1, 100))
def test_any_selection_names_pages_of_the_document_or_is_refused(selection: str, count: int) -> None:
    """In order, once each, and written again it names the same."""
    try:
        numbers = pages.select(selection, count)
    except Invalid:
        return
    assert list(numbers) == sorted(set(numbers))
    assert set(numbers) <= set(range(1, count + 1))
    if selection:
        assert pages.parse(pages.text(numbers)) == numbers


@FEW
@given(repeated=st.integers(1, 3000))
def test_a_selection_of_any_length_stays_small(repeated: int) -> None:
    """However often a message names a million pages, there are a million of them."""
    numbers = pages.parse(",".join(["1-999999"] * repeated))
    assert len(numbers) == 999_999
