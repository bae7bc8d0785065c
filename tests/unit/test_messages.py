"""The public contract: what a message may say, what it may not, and that nobody changes it on the way."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ValidationError

from shared.errors import Invalid
from shared.image_messages import ImageJob
from shared.messages import ImageUsage, JobEvent, JobRecord, OcrJob, OcrOptions, OcrPart, Status, Usage
from shared.names import input_blob

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RECORD = JobRecord(job_id="j", kind="ocr", status=Status.RUNNING, fingerprint="f", source=None, created_at=NOW)
EVENT = JobEvent(job_id="j", kind="ocr", status=Status.FAILED, record="results/ocr/a/job.json", finished_at=NOW)
IMAGES = ImageJob(prompt="Grün", n=2, size="1024x1024", images=("images/a b.png",), operation="edit")
RESERVED = [
    "id", "Id", "dequeueCount", "DequeueCount", "popReceipt", "PopReceipt", "insertionTime", "InsertionTime",
    "expirationTime", "nextVisibleTime", "queueTrigger", "sys",
]  # fmt: skip


@pytest.mark.parametrize("key", [*RESERVED, "paegs", "url", "document_url", "content"])
@pytest.mark.parametrize(
    "model",
    [
        (OcrJob, {"document": "documents/a"}),
        (OcrPart, {"document": "documents/a", "job_id": "j", "part": 1}),
        (ImageJob, {"prompt": "A lighthouse"}),
    ],
)
def test_keys_that_are_not_part_of_a_message_are_refused(
    model: tuple[type[BaseModel], dict[str, object]], key: str
) -> None:
    """Misspelt ones have no silent effect, and those that the host keeps for itself never reach a function."""
    kind, fields = model
    kind.model_validate(fields)

    with pytest.raises(ValidationError) as raised:
        kind.model_validate({**fields, key: "x"})

    assert [error["type"] for error in raised.value.errors()] == ["extra_forbidden"]


@pytest.mark.parametrize("kind", [OcrOptions, OcrJob, OcrPart, ImageJob, JobRecord, JobEvent])
def test_no_message_has_a_field_that_the_host_keeps_for_itself(kind: type[BaseModel]) -> None:
    """Such a message would fail in the host, before any of our code runs."""
    assert not {name.lower() for name in kind.model_fields} & {name.lower() for name in RESERVED}


@pytest.mark.parametrize(
    "message", [OcrJob(document="documents/a"), OcrOptions(), IMAGES, Usage(), ImageUsage(), RECORD, EVENT], ids=repr
)
def test_messages_do_not_change(message: BaseModel) -> None:
    """A pipeline cannot write into what it was given."""
    with pytest.raises(ValidationError, match="frozen"):
        setattr(message, next(iter(type(message).model_fields)), "other")


def test_the_least_message_names_a_document() -> None:
    """Everything else has a default."""
    job = OcrJob.model_validate_json('{"document": "documents/reports/q3.pdf"}')

    assert (job.pages, job.include_figures, job.table_format, job.model, job.job_id, job.deferrals) == (
        None, True, None, None, None, 0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "document",
    ["", "a.pdf", "documents", "documents/", "/a.pdf", "Documents/a.pdf", "https://x.blob.core.windows.net/documents/a",
     "do/a", "documents/" + "x" * 1100],
)  # fmt: skip
def test_a_document_is_named_as_container_and_name(document: str) -> None:
    """No address and no bare name; what a message lets pass is refused when it is to be read."""
    with pytest.raises((ValidationError, Invalid)):
        input_blob(OcrJob(document=document).document)


@pytest.mark.parametrize("job_id", ["a", "A-1.b_c", "0", "x" * 100])
def test_a_job_id_is_a_plain_name(job_id: str) -> None:
    """It becomes a folder and a log field."""
    assert OcrJob(document="documents/a", job_id=job_id).job_id == job_id


@pytest.mark.parametrize("job_id", ["", ".", "..", "-a", "a/b", "a b", "a\n", "ü", "x" * 101])
def test_a_job_id_that_is_no_plain_name_is_refused(job_id: str) -> None:
    """A path or a line break is no id."""
    with pytest.raises(ValidationError):
        OcrJob(document="documents/a", job_id=job_id)


def test_a_page_selection_is_kept_in_its_shortest_form() -> None:
    """The same pages written differently are the same job."""
    assert OcrOptions(pages="3,1-2, 2").pages == "1-3"


def test_a_bad_page_selection_is_invalid_with_its_own_sentence() -> None:
    """Not a list of validation errors, but how to write pages."""
    with pytest.raises(Invalid, match="write pages like 1-3,7"):
        OcrJob.model_validate_json('{"document": "documents/a", "pages": "x"}')


@pytest.mark.parametrize(
    "options", [{"table_format": "csv"}, {"include_figures": "perhaps"}, {"annotation_schema": "text"}, {"pages": 3}]
)
def test_a_bad_option_is_refused_and_named(options: dict[str, object]) -> None:
    """The error says which."""
    with pytest.raises(ValidationError) as raised:
        OcrOptions.model_validate(options)

    assert [error["loc"] for error in raised.value.errors()] == [tuple(options)]


@pytest.mark.parametrize(
    ("status", "final"),
    [(Status.RUNNING, False), (Status.WAITING, False), (Status.SUCCEEDED, True), (Status.FAILED, True)],
)
def test_a_job_ends_in_success_or_failure_only(status: Status, final: bool) -> None:
    """Waiting is not an end."""
    assert RECORD.model_copy(update={"status": status}).final is final


@pytest.mark.parametrize(
    "message",
    [OcrJob(document="documents/ü", pages="1"), IMAGES, RECORD, EVENT],
    ids=["job", "images", "record", "event"],
)
def test_what_is_written_is_read_again(message: BaseModel) -> None:
    """Records and messages survive storage."""
    assert type(message).model_validate_json(message.model_dump_json()) == message
