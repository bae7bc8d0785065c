"""A document that was read goes on: its pages and figures become vectors that name where they stand."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from shared import embedding_jobs
from shared.clients.ocr import OcrRequest
from shared.clients.ocr_answer import OcrAnswer
from shared.messages import JobRecord, Status
from shared.names import BlobRef, record_of
from shared.pipelines.captions import caption
from shared.pipelines.onward import send_on
from tests.corpus import text_pdf
from tests.fakes import small_png
from tests.unit.embeddings.lab import Lab

FIGURE = small_png(9, (64, 64))
PAGES: tuple[dict[str, Any], ...] = (
    {"markdown": "The first page tells of boats.\n\n![a](img-0.png)\n\nFigure 1: A boat.", "picture": FIGURE},
    {"markdown": "   ", "picture": small_png(3, (4, 4))},
    {"markdown": "The last page tells of nothing else.", "picture": None},
)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Lab:
    """A process whose OCR model reads three pages, the second blank but for a speck."""
    lab = Lab.make()

    def read(request: OcrRequest, answer: Path) -> tuple[OcrAnswer, tuple[str, ...]]:
        pages = [_page(index, page) for index, page in enumerate(PAGES)]
        answer.write_text(json.dumps({"pages": pages, "usage_info": {"pages_processed": 3}}))
        return OcrAnswer.read(answer), ()

    object.__setattr__(lab.bench.ocr, "read", read)
    return lab


def _page(index: int, page: dict[str, Any]) -> dict[str, Any]:
    picture = page["picture"]
    encoded = base64.b64encode(picture).decode() if picture else None
    images = [{"id": "img-0.png", "image_base64": f"data:image/png;base64,{encoded}"}] if encoded else []
    return {"index": index, "markdown": page["markdown"], "images": images}


def dropped(lab: Lab, **metadata: str) -> JobRecord:
    """The record of a document that was dropped and read."""
    lab.bench.drop("report.pdf", text_pdf(pages=3), **metadata)
    lab.bench.run()
    return lab.bench.record("report.pdf")


def test_a_document_that_asks_for_it_becomes_one_embedding_job(lab: Lab) -> None:
    """Pages are texts, figures are pictures with their captions, and each row names page and figure."""
    read = dropped(lab, embed="true")
    lab.again()

    record = lab.record(read.embedding_job or "")
    document = {"document": "documents/report.pdf"}
    assert [line["input"] for line in lab.lines(record.job_id)] == [
        {"number": 1, **document, "page": 1},
        {"number": 2, **document, "page": 1, "figure": "figures/page-1-img-0.png"},
        {"number": 5, **document, "page": 3},
    ]
    assert [call.texts for call in lab.model.calls if call.image] == [("Figure 1: A boat.",)]
    assert record.status is Status.SUCCEEDED
    assert record.source is not None
    assert (record.source.name, record.source.sha256) == ("documents/report.pdf", read.source and read.source.sha256)
    assert "One figure is too small" in record.notes[0]


def test_the_setting_sends_all_documents_on_and_a_document_can_say_no(lab: Lab) -> None:
    """What the file says goes before what the settings say."""
    lab = Lab.make(embed_documents=True)

    quiet = dropped(lab, embed="false")

    assert quiet.embedding_job is None
    assert lab.waiting() == []
    assert dropped(lab).embedding_job is not None
    assert len(lab.waiting()) == 1


def test_a_document_that_is_assembled_twice_is_embedded_once(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash between sending on and the record sends on again, to the same job."""

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    lab.bench.drop("report.pdf", text_pdf(pages=3), embed="true")
    [message] = lab.bench.storage.queues["ocr-jobs"]
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr("shared.records.HeldRecord.succeed", die)
        lab.bench.step()
    lab.bench.storage.send("ocr-jobs", message.text)
    lab.bench.run()
    for posted in list(lab.waiting()):
        embedding_jobs.embedding_message(lab.bench.services, posted.text.encode(), 1, "id")

    assert len({posted.text for posted in lab.waiting()}) == 1
    assert len(lab.waiting()) == 2
    assert len(lab.model.calls) == 2  # the pages, and the figure


def test_a_document_that_is_read_anew_is_embedded_anew() -> None:
    """Other options under the same name, and a replay: what an earlier embedding job came to is not theirs."""
    lab = Lab.make()
    lab.bench.drop("report.pdf", text_pdf(pages=2))
    lab.bench.run()

    for page in ("1", "2"):
        lab.bench.post(document="documents/report.pdf", job_id="mine", pages=page, embed=True)
        lab.bench.run()
    send_on(lab.bench.services, lab.bench.record("report.pdf").model_copy(update={"replays": 1}))

    assert len({json.loads(posted.text)["job_id"] for posted in lab.waiting()}) == 3


def test_a_document_that_is_still_being_read_is_waited_for(lab: Lab) -> None:
    """Its pages come when its record says that they are there."""
    lab.bench.drop("report.pdf", text_pdf(pages=3))
    lab.bench.run()
    record = lab.bench.record("report.pdf")
    running = record.model_copy(update={"status": Status.RUNNING})
    lab.bench.storage.write(record_of("ocr/report.pdf"), running.model_dump_json().encode(), "application/json")

    lab.deliver({"document": "documents/report.pdf"})

    [posted] = lab.waiting()
    assert posted.delay >= 10


def test_a_document_that_is_read_anew_meanwhile_is_not_mixed(lab: Lab) -> None:
    """The old pages and the new figures would be neither; the job begins again, and pays only what is new."""
    dropped(lab)
    embed, pages = lab.model.embed, BlobRef("results", "ocr/report.pdf/document.json")

    def reading_anew(request: Any, answer: Path) -> None:
        embed(request, answer)
        if len(lab.model.calls) == 1:
            lab.bench.storage.write(pages, lab.bench.storage.read(pages) or b"", "application/json")

    object.__setattr__(lab.model, "embed", reading_anew)
    lab.deliver({"document": "documents/report.pdf"})
    waiting = lab.record()
    lab.again()

    assert (waiting.status, waiting.problem and waiting.problem.code) == (Status.WAITING, "changed")
    assert (lab.record().status, len(lab.model.calls)) == (Status.SUCCEEDED, 2)


def test_a_model_without_pictures_takes_the_pages_only(lab: Lab) -> None:
    """Figures are no failure of a text model."""
    dropped(lab)

    record = lab.run({"document": "documents/report.pdf"}, model="text-embedding-3-small")

    assert (record.status, record.vectors) == (Status.SUCCEEDED, 2)


@pytest.mark.parametrize(
    ("markdown", "figure", "expected"),
    [
        ("Text.\n\n![x](f.png)\n\nFigure 2: Rain.\n\nMore.", {}, "Figure 2: Rain."),
        ("Fig. 3 Snow.\n\n![x](f.png)\n\nMore.", {}, "Fig. 3 Snow."),
        ("![x](f.png)\n**Abbildung 1** Wind.", {}, "**Abbildung 1** Wind."),
        ("![x](f.png)\n\nFigures of the year are good.", {}, None),
        ("![x](f.png)\n\nThe next chapter.", {}, None),
        ("no link at all", {}, None),
        ("![x](f.png)", {"image_annotation": {"what": "a map"}}, '{"what": "a map"}'),
    ],
)
def test_a_caption_is_what_names_itself_one_beside_the_figure(
    markdown: str, figure: dict[str, Any], expected: str | None
) -> None:
    """Or the annotation of a model that gave one."""
    assert caption(markdown, {"file": "f.png", **figure}) == expected
