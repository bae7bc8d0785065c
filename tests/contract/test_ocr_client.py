"""Our OCR client against the running emulator: whatever the service does, the client says what it is."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from local.foundry.process import running
from shared.catalog import OCR_MODELS
from shared.clients.credentials import Entra, Key
from shared.clients.ocr import OcrClient, OcrRequest, ocr_url, request_fields
from shared.clients.ocr_answer import OcrAnswer
from shared.clients.transport import Credential, Transport
from shared.errors import (
    Blocked,
    Invalid,
    NotDeployed,
    Throttled,
    TooLarge,
    Unauthorised,
    Unavailable,
)
from shared.messages import OcrOptions, Usage
from tests import corpus
from tests.contract.tokens import Tokens

SECONDS = 20
SCHEMA = {"type": "object", "properties": {"total": {"type": ["number", "null"]}}, "required": ["total"]}
NEWEST = "mistral-ocr-4-0"


@dataclass(frozen=True)
class Service:
    """The emulator, and a client of it."""

    url: str
    folder: Path

    def read(
        self,
        data: bytes,
        fields: dict[str, Any] | None = None,
        *,
        media_type: str = "application/pdf",
        model: str = NEWEST,
        route: str = "foundry",
        credential: Credential | None = None,
        seconds: float = SECONDS,
    ) -> tuple[OcrAnswer, tuple[str, ...]]:
        """Have a file read."""
        file = self.folder / "part"
        file.write_bytes(data)
        client = OcrClient(ocr_url(self.url, route), Transport(credential or Key("local-key")), seconds)
        return client.read(OcrRequest(model, file, media_type, fields or {}), self.folder / "answer")

    def fault(self, kind: str, **more: Any) -> None:
        """Let the next call meet a fault."""
        requests.post(f"{self.url}/emulator/faults", json={"kind": kind, **more}, timeout=5).raise_for_status()

    def stats(self) -> dict[str, Any]:
        """What the emulator counted."""
        counted: dict[str, Any] = requests.get(f"{self.url}/emulator/stats", timeout=5).json()["totals"]
        return counted


@pytest.fixture(scope="module")
def emulator() -> Iterator[str]:
    """One emulator for all tests of this file."""
    with running({}) as process:
        yield process.url


@pytest.fixture
def service(emulator: str, tmp_path: Path) -> Service:
    """The emulator as new, with the engine that does not really read."""
    requests.post(f"{emulator}/emulator/reset", timeout=5).raise_for_status()
    engine = {"engine": "instant", "seconds_per_page": 0, "figure_bytes": 2000}
    requests.put(f"{emulator}/emulator/engine", json=engine, timeout=5).raise_for_status()
    return Service(emulator, tmp_path)


@pytest.mark.parametrize("route", ["foundry", "serverless"])
def test_a_document_is_read_on_both_routes(service: Service, route: str) -> None:
    """Pages in order with their text, what was counted, and nothing left out."""
    answer, dropped = service.read(corpus.text_pdf(3), route=route)

    assert answer.indexes == (0, 1, 2)
    assert ["Page 3 of 3" in page["markdown"] for page in answer.pages()] == [False, False, True]
    assert answer.usage == Usage(pages=3, annotation_pages=0, document_bytes=len(corpus.text_pdf(3)))
    assert (answer.annotation, dropped) == (None, ())


@pytest.mark.parametrize(
    ("data", "media_type"),
    [(corpus.png(), "image/png"), (corpus.jpeg(), "image/jpeg"), (corpus.webp(), "image/webp")],
)
def test_a_picture_is_read(service: Service, data: bytes, media_type: str) -> None:
    """One page, sent as an image."""
    answer, _ = service.read(data, media_type=media_type)

    assert answer.indexes == (0,)


@pytest.mark.parametrize("model", OCR_MODELS)
def test_every_model_takes_every_field_that_the_catalogue_gives_it(service: Service, model: str) -> None:
    """The catalogue and the service agree: nothing that is sent is refused, and all of it comes back."""
    takes = OCR_MODELS[model].options
    options = OcrOptions(
        table_format="html" if "table_format" in takes else None,
        annotation_schema=SCHEMA if "document_annotation_format" in takes else None,
        figure_annotation_schema=SCHEMA if "bbox_annotation_format" in takes else None,
    )
    fields = request_fields(options, OCR_MODELS[model])

    answer, dropped = service.read(corpus.text_pdf(), fields, model=model)

    (page,) = answer.pages()
    assert fields.keys() == takes
    assert dropped == ()
    assert page["images"][0]["image_base64"]
    assert (answer.annotation is not None) == ("document_annotation_format" in takes)


def test_an_annotation_is_a_value_and_its_pages_are_counted(service: Service) -> None:
    """The schema was sent strictly, or the service would have skipped it without a word."""
    fields = request_fields(OcrOptions(annotation_schema=SCHEMA), OCR_MODELS[NEWEST])

    answer, _ = service.read(corpus.text_pdf(2), fields)

    assert answer.annotation.keys() == {"total"}
    assert (answer.usage.pages, answer.usage.annotation_pages) == (0, 2)


def test_a_field_that_the_deployment_does_not_know_is_left_out_once(service: Service) -> None:
    """The real 422 of an older model leads to one more call, which is the only one that is paid."""
    fields = {"table_format": "html", "include_image_base64": True}

    answer, dropped = service.read(corpus.text_pdf(), fields, model="mistral-document-ai-2505")

    assert (answer.indexes, dropped) == ((0,), ("table_format",))
    assert service.stats()["by_status"] == {"422": 1, "200": 1}
    assert service.stats()["billed_calls"] == 1


def test_a_bad_value_is_invalid_and_names_the_field(service: Service) -> None:
    """The service's own words, with the place."""
    with pytest.raises(Invalid, match="table_format: Input should be 'markdown' or 'html'"):
        service.read(corpus.text_pdf(), {"table_format": "csv"})


@pytest.mark.parametrize("route", ["foundry", "serverless"])
def test_a_wrong_key_is_unauthorised(service: Service, route: str) -> None:
    """On both routes."""
    with pytest.raises(Unauthorised, match="401"):
        service.read(corpus.text_pdf(), route=route, credential=Key("wrong"))


def test_a_token_opens_the_door(service: Service) -> None:
    """Without a key, with the scope that the settings have by default."""
    answer, _ = service.read(
        corpus.text_pdf(), credential=Entra(Tokens(), "https://cognitiveservices.azure.com/.default")
    )

    assert answer.indexes == (0,)


def test_a_token_for_another_audience_names_the_scope_to_try(service: Service) -> None:
    """The one mistake that everybody makes once."""
    with pytest.raises(Unauthorised) as raised:
        service.read(corpus.text_pdf(), credential=Entra(Tokens(), "https://ml.azure.com/.default"))

    assert "https://ai.azure.com/.default" in raised.value.remedy


def test_an_unknown_deployment_is_not_deployed(service: Service) -> None:
    """The name is told."""
    with pytest.raises(NotDeployed, match="no deployment named nobody"):
        service.read(corpus.text_pdf(), model="nobody")


def test_a_wrong_path_is_not_deployed(service: Service) -> None:
    """An endpoint of another kind is told apart from a missing deployment."""
    elsewhere = Service(f"{service.url}/openai/v1/ocr", service.folder)

    with pytest.raises(NotDeployed, match="no such route"):
        elsewhere.read(corpus.text_pdf())


def test_too_many_pages_are_too_large(service: Service) -> None:
    """The page cap is not a fault of the file."""
    with pytest.raises(TooLarge, match="31 pages"):
        service.read(corpus.text_pdf(31))


@pytest.mark.parametrize("data", [corpus.header_only_pdf(), b"\0" * 100], ids=["header only", "zeros"])
def test_a_file_that_the_service_cannot_read_is_damaged(service: Service, data: bytes) -> None:
    """With a code of its own."""
    with pytest.raises(Invalid) as raised:
        service.read(data)

    assert raised.value.code == "damaged"


@pytest.mark.parametrize(
    ("fault", "after"),
    [
        ({"after_seconds": 7}, 7.0),
        ({"after_ms": 1500}, 1.5),
        ({"after_seconds": 2, "after_ms": 1500}, 1.5),
        ({"after_seconds": 9, "message_only": True}, 9.0),
        ({"after_seconds": 30, "retry_after_date": True}, 30.0),
        ({}, None),
    ],
    ids=["seconds", "ms", "both", "words", "date", "nothing"],
)
def test_a_pause_is_understood_however_it_is_told(service: Service, fault: dict[str, Any], after: float | None) -> None:
    """Headers in seconds, milliseconds and dates, or words alone."""
    service.fault("status", status=429, **fault)

    with pytest.raises(Throttled) as raised:
        service.read(corpus.text_pdf())

    assert raised.value.after == (None if after is None else pytest.approx(after, abs=1.5 if after == 30 else 0))


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_service_that_is_down_is_unavailable(service: Service, status: int) -> None:
    """The job waits, as long as it was told to."""
    service.fault("status", status=status, after_seconds=3)

    with pytest.raises(Unavailable, match=f"HTTP {status}") as raised:
        service.read(corpus.text_pdf())

    assert raised.value.after == 3


def test_a_blocked_resource_is_blocked(service: Service) -> None:
    """Not the document's fault, though the service speaks of content policy."""
    service.fault("status", status=403)

    with pytest.raises(Blocked):
        service.read(corpus.text_pdf())


@pytest.mark.parametrize(
    "fault", [{"kind": "null"}, {"kind": "cut", "bytes": 100}, {"kind": "reset"}], ids=lambda fault: fault["kind"]
)
def test_an_answer_that_is_none_is_unavailable(service: Service, fault: dict[str, Any]) -> None:
    """A null, a cut and a reset are the same to the job: it asks again, and the next answer is taken."""
    service.fault(**fault)

    with pytest.raises(Unavailable):
        service.read(corpus.text_pdf())

    assert service.read(corpus.text_pdf())[0].indexes == (0,)


@pytest.mark.parametrize("kind", ["slow", "drip"])
def test_a_slow_answer_does_not_outstay_the_deadline(service: Service, kind: str) -> None:
    """Neither one that comes late nor one that never stops coming."""
    service.fault(kind, seconds=3)
    began = time.monotonic()

    with pytest.raises(Unavailable):
        service.read(corpus.text_pdf(3), seconds=0.4)

    assert time.monotonic() - began < 1.5


def test_a_rate_limit_tells_when_to_come_back(service: Service) -> None:
    """The emulator's own gateway, not a fault on request."""
    limits = {"requests_per_minute": 1}
    requests.put(f"{service.url}/emulator/limits", json=limits, timeout=5).raise_for_status()
    service.read(corpus.text_pdf())

    with pytest.raises(Throttled) as raised:
        service.read(corpus.text_pdf())

    assert raised.value.after is not None
    assert 50 < raised.value.after <= 60
