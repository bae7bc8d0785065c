"""Files that are dropped are followed to their end, whatever it is."""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from cli.drop import Drop
from cli.errors import InterruptedByUserError, UnreachableError
from cli.follow import Clock
from cli.inputs import Input
from cli.outcome import DocumentOutcome
from shared.messages import Problem, Status
from shared.names import BlobRef
from shared.storage import Lease
from tests.unit.cli.fakes import TEXT, FakeDarkroom, FakeTime, MemoryStorage

WAIT = Problem(code="throttled", message="The model asks for a pause.", retryable=True)
FAULT = Problem(code="encrypted", message="The PDF is encrypted.", remedy="Save it without.", retryable=False)


def file(folder: Path, name: str) -> Input:
    """A small file on disk."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"%PDF")
    return Input(path, name)


def run(
    storage: MemoryStorage, inputs: list[Input], **options: Any
) -> tuple[list[DocumentOutcome], list[DocumentOutcome]]:
    """Drop the files on a fake Darkroom with the given stories; the outcomes, and all that was shown."""
    stories, shown = options.pop("stories", {}), list[DocumentOutcome]()
    time = FakeTime(storage, FakeDarkroom(storage, **stories))
    given: dict[str, Any] = {"out": None, "show": shown.append, "clock": time.clock(), **options}
    return Drop(storage, given.pop("metadata", {}), **given).run(inputs), shown


def test_a_dropped_file_ends_with_what_its_record_tells(tmp_path: Path) -> None:
    """Pages, figures, job and record of a finished job reach the outcome."""
    storage = MemoryStorage()

    [outcome], _ = run(storage, [file(tmp_path, "a b/q3.pdf")], metadata={"pages": "1-2,5"})

    assert storage.metadata[BlobRef("documents", "a b/q3.pdf")] == {"pages": "1-2,5"}
    assert (outcome.name, outcome.status, outcome.pages, outcome.figures) == ("a b/q3.pdf", "succeeded", 3, 1)
    assert (outcome.job_id, outcome.record) == ("ocr-1", "results/ocr/a b/q3.pdf/job.json")
    assert outcome.out is None
    assert outcome.problem is None


def test_a_document_that_goes_on_tells_where_its_vectors_come(tmp_path: Path) -> None:
    """They are computed by a job of their own, which is not waited for."""
    story = [{"status": Status.SUCCEEDED, "embedding_job": "embedding-1"}]

    [outcome], _ = run(MemoryStorage(), [file(tmp_path, "q3.pdf")], stories={"q3": story})

    assert outcome.embedding_job == "embedding-1"
    assert outcome.told == f"3 pages, 1 figure, {outcome.seconds:.1f} s; vectors come to results/embeddings/embedding-1"


def test_results_are_copied_with_links_that_resolve(tmp_path: Path) -> None:
    """With a folder given, document, figures and record lie in it under the document's path."""
    [outcome], _ = run(MemoryStorage(), [file(tmp_path, "in/q3.pdf")], out=tmp_path / "texts")

    folder = tmp_path / "texts" / "in" / "q3.pdf"
    assert outcome.out == str(folder)
    assert sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()) == [
        "document.md",
        "figures/page-1-img-0.jpeg",
        "job.json",
    ]
    assert (folder / "document.md").read_bytes() == TEXT


def test_a_waiting_job_is_shown_with_its_reason_and_followed_on(tmp_path: Path) -> None:
    """A throttled job is no end."""
    story = [{"status": Status.RUNNING}, {"status": Status.WAITING, "problem": WAIT}, {"status": Status.SUCCEEDED}]

    [outcome], shown = run(MemoryStorage(), [file(tmp_path, "q3.pdf")], stories={"q3": story})

    steps = [(one.status, one.problem) for one in shown if one.status not in ("pending", "uploading")]
    assert steps == [("queued", None), ("running", None), ("waiting", WAIT), ("succeeded", None)]
    assert outcome.succeeded


def test_the_record_of_an_earlier_version_is_not_taken_for_this_one(tmp_path: Path) -> None:
    """A file dropped again waits for the record of its own ETag."""
    storage = MemoryStorage()
    ref, item = BlobRef("documents", "q3.pdf"), file(tmp_path, "q3.pdf")
    storage.write(ref, b"earlier", "")
    FakeDarkroom(storage).record(ref, {"status": Status.FAILED, "problem": FAULT})

    [outcome], _ = run(storage, [item], stories={"q3": [{"status": Status.RUNNING}, {"status": Status.SUCCEEDED}]})

    assert outcome.succeeded


def test_one_failure_leaves_the_others_alone(tmp_path: Path) -> None:
    """Outcomes come in the order of the files, the failed one with its reason."""
    items = [file(tmp_path, f"{name}.pdf") for name in ("a", "b", "c")]

    outcomes, _ = run(MemoryStorage(), items, stories={"b": [{"status": Status.FAILED, "problem": FAULT}]})

    assert [outcome.status for outcome in outcomes] == ["succeeded", "failed", "succeeded"]
    assert outcomes[1].problem == FAULT


@pytest.mark.parametrize("removed", [False, True])
def test_a_document_that_somebody_replaces_or_removes_ends(tmp_path: Path, removed: bool) -> None:
    """No record of the uploaded version will ever come, so waiting for it would never end."""
    storage = MemoryStorage()
    ref = BlobRef("documents", "q3.pdf")

    class Replacing(FakeDarkroom):
        def work(self) -> None:
            storage.write(ref, b"another", "")
            self.record(ref, {"status": Status.RUNNING})
            if removed:
                del storage.blobs[ref]

    time = FakeTime(storage, Replacing(storage))
    [outcome] = Drop(storage, {}, out=None, show=lambda _: None, clock=time.clock()).run([file(tmp_path, "q3.pdf")])

    assert outcome.problem is not None
    assert (outcome.status, outcome.problem.code) == ("failed", "replaced")


def test_time_over_leaves_the_job_going(tmp_path: Path) -> None:
    """A job that does not end in time is told as unfinished, with what it waits for."""
    story = [{"status": Status.WAITING, "problem": WAIT}]

    [outcome], shown = run(MemoryStorage(), [file(tmp_path, "q3.pdf")], stories={"q3": story}, timeout=60)

    assert outcome.problem is not None
    assert (outcome.status, outcome.problem.code) == ("unfinished", "timeout")
    assert outcome.problem.message == "Not read after 60 s; the job goes on. It waits: The model asks for a pause."
    assert shown[-1] == outcome


def test_a_file_that_was_not_uploaded_in_time_is_told_so(tmp_path: Path) -> None:
    """No job is promised for a file whose upload never began."""
    over = threading.Event()

    class Stuck(MemoryStorage):
        def write(
            self,
            ref: BlobRef,
            data: bytes | Path,
            media_type: str,
            *,
            lease: Lease | None = None,
            metadata: Mapping[str, str] | None = None,
        ) -> str:
            over.wait(10)
            return super().write(ref, data, media_type, lease=lease, metadata=metadata)

    def show(outcome: DocumentOutcome) -> None:
        if outcome.ended:
            over.set()

    items = [file(tmp_path, f"{number}.pdf") for number in range(9)]
    outcomes = Drop(Stuck(), {}, out=None, show=show, timeout=0).run(items)

    assert outcomes[8].problem is not None
    assert outcomes[8].problem.message == "Not uploaded after 0 s."


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("..\\evil.pdf", "A blob name may have no backslash, no control character and no segment . or .. in it."),
        ("a/../../evil.pdf", "A blob name may have no backslash, no control character and no segment . or .. in it."),
        ("x" * 1025, "Its name has 1025 characters; a blob's has at most 1024."),
        ("caf\udce9.pdf", "Its name is not UTF-8; rename the file."),
    ],
)
def test_a_name_that_no_blob_can_have_fails_alone(tmp_path: Path, name: str, message: str) -> None:
    """Nothing is uploaded under a name that would leave the container or be refused."""
    storage = MemoryStorage()

    [bad, good], _ = run(storage, [Input(tmp_path / "x.pdf", name), file(tmp_path, "q3.pdf")])

    assert bad.problem is not None
    assert (bad.status, bad.problem.message) == ("failed", message)
    assert good.succeeded
    assert {ref.name for ref in storage.blobs if ref.container == "documents"} == {"q3.pdf"}


def test_a_file_that_is_gone_fails_alone(tmp_path: Path) -> None:
    """A file that vanishes between the listing and the upload is one failure, in words."""
    [outcome], _ = run(MemoryStorage(), [Input(tmp_path / "gone.pdf", "gone.pdf")])

    assert outcome.problem is not None
    assert outcome.problem.message == f"The file {tmp_path / 'gone.pdf'} cannot be used: No such file or directory."


def test_a_missing_result_is_a_failure(tmp_path: Path) -> None:
    """A record that names a file which is not there is not reported as success."""
    storage = MemoryStorage()
    time = FakeTime(storage, FakeDarkroom(storage))

    def losing(seconds: float) -> None:
        time.sleep(seconds)
        storage.blobs.pop(BlobRef("results", "ocr/q3.pdf/figures/page-1-img-0.jpeg"), None)

    clock = time.clock()
    drop = Drop(storage, {}, out=tmp_path / "out", show=lambda _: None, clock=Clock(clock.now, losing))
    [outcome] = drop.run([file(tmp_path, "q3.pdf")])

    assert outcome.problem is not None
    assert (outcome.status, outcome.problem.code) == ("failed", "result_missing")
    assert not (tmp_path / "out" / "q3.pdf" / "document.md").exists()


def test_what_storage_refuses_for_one_file_fails_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An HTTP fault of a single upload is the file's own."""
    storage, error = MemoryStorage(), HttpResponseError("text with names in it")
    error.status_code = 413
    monkeypatch.setattr(storage, "write", Mock(side_effect=error))

    [outcome], _ = run(storage, [file(tmp_path, "q3.pdf")])

    assert outcome.problem is not None
    assert outcome.problem.message == "Storage refused it: 413."


@pytest.mark.parametrize("request_name", ["write", "read"])
def test_storage_that_does_not_answer_ends_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_name: str
) -> None:
    """At the upload or while waiting, it is not reported as a failure of every single file."""
    storage = MemoryStorage()
    monkeypatch.setattr(storage, request_name, Mock(side_effect=ServiceRequestError("connection refused")))

    with pytest.raises(UnreachableError, match="The storage does not answer"):
        run(storage, [file(tmp_path, "q3.pdf"), file(tmp_path, "q4.pdf")])


def test_ctrl_c_says_that_the_jobs_go_on(tmp_path: Path) -> None:
    """Who interrupts learns how many jobs go on and how to come back to them."""
    storage = MemoryStorage()
    time = FakeTime(storage, FakeDarkroom(storage, q3=[]))

    def interrupted(outcome: DocumentOutcome) -> None:
        if outcome.status == "queued":
            raise KeyboardInterrupt

    with pytest.raises(InterruptedByUserError) as caught:
        Drop(storage, {}, out=None, show=interrupted, clock=time.clock()).run([file(tmp_path, "q3.pdf")])

    assert str(caught.value) == (
        "Interrupted; 1 dropped file goes on being read: look at results/ocr/<document>/job.json, "
        "or give the same command again, for what is read already is not paid twice."
    )
