"""Image jobs posted on the queue, and what becomes of them, through the whole stack."""

import io
import json
from typing import Any

import pytest
from PIL import Image, PngImagePlugin

from shared.messages import JobRecord, Status
from shared.names import IMAGE_JOBS, IMAGES, JOB_EVENTS, RESULTS, BlobRef, image_folder
from shared.records import read_record
from tests import corpus
from tests.end_to_end.conftest import Whole
from tests.fakes import small_png

pytestmark = pytest.mark.usefixtures("well_behaved_models")
QUICK = {"model": "gpt-image-1.5", "size": "1024x1024", "quality": "low"}
CANARY = "canary7f3a"


def give(whole: Whole, name: str, data: bytes) -> str:
    """Write an input; its name as a message has it."""
    whole.storage.write(BlobRef(IMAGES, name), data, "application/octet-stream")
    return f"images/{name}"


def run(whole: Whole, job_id: str, **message: Any) -> JobRecord:
    """Post a job and wait for its end."""
    whole.storage.send(IMAGE_JOBS, json.dumps({**message, "job_id": job_id}))
    return finished(whole, job_id)


def finished(whole: Whole, job_id: str) -> JobRecord:
    """The record of a job, once it has ended."""

    def ended() -> JobRecord | None:
        record = read_record(whole.storage, image_folder(job_id))
        return record if record is not None and record.final and record.announced else None

    return whole.until(ended)


def picture(whole: Whole, record: JobRecord, name: str = "1.png") -> Image.Image:
    """A result, decoded whole."""
    found = Image.open(io.BytesIO(whole.storage.read(BlobRef(RESULTS, f"{image_folder(record.job_id)}/{name}")) or b""))
    found.load()
    return found


def png(image: Image.Image) -> bytes:
    """A picture as a file."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def billed(whole: Whole) -> int:
    """What the service would bill."""
    calls: int = whole.emulator("GET", "stats")["totals"]["billed_calls"]
    return calls


def test_a_message_becomes_pictures_with_a_record_and_where_they_came_from(whole: Whole) -> None:
    """Size, usage and price; the provenance inside of the file, without the prompt."""
    record = run(whole, "e2e-two", prompt="A lighthouse at dusk", n=2, **QUICK)

    assert (record.status, record.outputs, record.problem) == (Status.SUCCEEDED, ("1.png", "2.png"), None)
    assert record.usage is not None
    assert record.estimated_usd
    made = picture(whole, record)
    assert isinstance(made, PngImagePlugin.PngImageFile)
    assert (made.size, made.text["Model"], made.text["Job"]) == ((1024, 1024), "gpt-image-1.5", "e2e-two")
    assert "lighthouse" not in json.dumps(made.text)


def test_a_message_without_an_id_ends_under_one_of_its_own(whole: Whole) -> None:
    """Made from the queue message's."""
    prompt = "A lighthouse without a name"
    whole.storage.send(IMAGE_JOBS, json.dumps({"prompt": prompt, **QUICK}))

    def ended() -> JobRecord | None:
        for blob in whole.storage.list(RESULTS, "images/image-"):
            if blob.ref.name.endswith("/job.json"):
                record = read_record(whole.storage, blob.ref.name.removesuffix("/job.json"))
                if record is not None and record.final and record.options.get("prompt") == prompt:
                    return record
        return None

    assert whole.until(ended).outputs == ("1.png",)


def test_an_edit_with_two_pictures_and_a_mask_changes_what_the_mask_lets_it(whole: Whole) -> None:
    """The second picture is no PNG, and is converted on the way."""
    source = Image.effect_noise((1024, 1024), 50).convert("RGB")
    mask = Image.new("RGBA", source.size, (0, 0, 0, 255))
    mask.paste((0, 0, 0, 0), (512, 0, 1024, 1024))
    names = [give(whole, "e2e/source.png", png(source)), give(whole, "e2e/boat.webp", corpus.webp())]

    record = run(
        whole, "e2e-edit", operation="edit", prompt="Add a boat", images=names,
        mask=give(whole, "e2e/mask.png", png(mask)), **QUICK,
    )  # fmt: skip

    assert record.problem is None
    assert [(one.name, one.media_type) for one in record.inputs] == [
        ("images/e2e/source.png", "image/png"),
        ("images/e2e/boat.webp", "image/webp"),
        ("images/e2e/mask.png", "image/png"),
    ]
    made = picture(whole, record).convert("RGB")
    assert made.crop((0, 0, 500, 1024)).tobytes() == source.crop((0, 0, 500, 1024)).tobytes()
    assert made.crop((512, 0, 1024, 1024)).tobytes() != source.crop((512, 0, 1024, 1024)).tobytes()


def test_a_streamed_job_keeps_its_partial_pictures(whole: Whole) -> None:
    """Beside the finished one."""
    record = run(
        whole, "e2e-stream", prompt="A map", model="gpt-image-2", size="1024x640", stream=True, partial_images=2
    )

    assert record.outputs == ("1.png", "partial/1-0.png", "partial/1-1.png")
    assert {picture(whole, record, name).size for name in record.outputs} == {(1024, 640)}


def test_dall_es_pictures_are_fetched_and_told_with_the_prompts_as_rewritten(whole: Whole) -> None:
    """Three calls side by side, each with an address."""
    record = run(whole, "e2e-dall-e", prompt="A windmill", model="dall-e-3", n=3)

    assert (record.status, record.outputs) == (Status.SUCCEEDED, ("1.png", "2.png", "3.png"))
    assert len(record.revised_prompts) == 3
    assert record.estimated_usd == pytest.approx(0.12)
    assert picture(whole, record, "3.png").size == (1024, 1024)
    assert billed(whole) == 3


@pytest.mark.parametrize(
    "fault",
    [{"kind": "status", "status": 429, "after_ms": 200, "times": 2}, {"kind": "null"}],
    ids=["throttled", "null"],
)
def test_what_passes_is_waited_for(whole: Whole, fault: dict[str, Any]) -> None:
    """Throttling is no failure; a call without an answer is made once more, and counted."""
    whole.emulator("POST", "faults", fault)

    record = run(whole, f"e2e-{fault['kind']}", prompt="A lighthouse", **QUICK)

    assert record.status is Status.SUCCEEDED
    assert record.unsure_calls == (0 if fault.get("status") == 429 else 1)
    assert record.deferrals == fault.get("times", 1)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"prompt": "x [[refuse:violence]]"}, "refused"),
        ({"prompt": "x [[refuse:contentFilter]]"}, "refused"),
        ({"prompt": "x [[refuse:content_policy_violation]]", "model": "dall-e-3"}, "refused"),
        ({"prompt": "x", "model": "gpt-image-9"}, "unknown_model"),
        ({"prompt": "x", "output_format": "webp"}, "option_not_supported"),
        ({"prompt": "x", "operation": "edit", "images": ["images/none.png"]}, "input_missing"),
        ({"prompt": "x", "operation": "edit", "images": ["ledger/a"]}, "container_not_allowed"),
        ({"prompt": "x", "operation": "edit", "images": ["images/e2e/a.pdf"]}, "unsupported_type"),
        ({"prompt": "x", "operation": "edit", "images": ["images/e2e/bomb.png"]}, "too_many_pixels"),
        ({"prompt": "x", "operation": "edit", "images": ["images/e2e/a.png"], "mask": "images/e2e/a.png"},
         "invalid_mask"),
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_done_fails_at_once_with_a_sentence_and_costs_nothing(
    whole: Whole, message: dict[str, Any], code: str
) -> None:
    """One attempt, one record, one event."""
    give(whole, "e2e/a.pdf", corpus.text_pdf())
    give(whole, "e2e/bomb.png", corpus.bomb_png())
    give(whole, "e2e/a.png", small_png())
    before = whole.storage.depth(JOB_EVENTS) or 0

    record = run(whole, f"e2e-bad-{before}", **message)

    assert record.problem is not None
    assert (record.status, record.problem.code, record.attempts) == (Status.FAILED, code, 1)
    assert record.problem.message.endswith(".")
    assert billed(whole) == 0
    assert (whole.storage.depth(JOB_EVENTS) or 0) - before == 1


@pytest.mark.parametrize(
    "text",
    [f"{CANARY} no JSON", f'{{"prompt": "{CANARY}", "dequeueCount": "abc"}}', f'{{"prompt": "{CANARY}", "n": 99}}'],
)
def test_a_message_that_cannot_be_used_ends_in_a_record_under_an_id_of_its_own(whole: Whole, text: str) -> None:
    """Even one whose key makes the host's own conversion fail."""
    whole.storage.send(IMAGE_JOBS, text)

    def rejected() -> dict[str, Any] | None:
        for blob in whole.storage.list(RESULTS, "rejected/"):
            record = json.loads(whole.storage.read(blob.ref) or b"{}")
            if record.get("message") == text and record["status"] == "failed":
                return dict(record)
        return None

    record = whole.until(rejected)
    assert (record["kind"], "The message" in record["problem"]["message"]) == ("image", True)


def test_a_blocked_resource_holds_the_job_and_is_logged_as_an_error(whole: Whole) -> None:
    """Nobody's prompt is at fault."""
    whole.emulator("POST", "faults", {"kind": "status", "status": 403})
    whole.storage.send(IMAGE_JOBS, json.dumps({"prompt": "A lighthouse", "job_id": "e2e-blocked", **QUICK}))

    def waits() -> JobRecord | None:
        record = read_record(whole.storage, image_folder("e2e-blocked"))
        return record if record is not None and record.status is Status.WAITING else None

    record = whole.until(waits)
    assert record.problem is not None
    assert record.problem.code == "blocked"
    assert any("code=blocked" in line and "ERROR" in line.upper() for line in log(whole).splitlines())


def test_no_log_line_holds_a_word_of_a_prompt_or_the_address_of_a_picture(whole: Whole) -> None:
    """Canaries in good jobs, refused ones, and through faults of the model."""
    whole.emulator("POST", "faults", {"kind": "null"})
    run(whole, "e2e-log-1", prompt=f"{CANARY} lighthouse", user=CANARY, **QUICK)
    run(whole, "e2e-log-2", prompt=f"{CANARY} [[refuse:violence]]", **QUICK)
    run(whole, "e2e-log-3", prompt=f"{CANARY} windmill", model="dall-e-3")

    logs = {path.name: path.read_text(errors="replace") for path in whole.logs.glob("*.log")}
    assert "pictures paid" in log(whole)
    for name, text in logs.items():
        for secret in (CANARY, "local-key"):
            assert not [line for line in text.splitlines() if secret in line], name
    assert "sig=" not in log(whole)


def log(whole: Whole) -> str:
    """What the host has logged."""
    return (whole.logs / "host.log").read_text(errors="replace")
