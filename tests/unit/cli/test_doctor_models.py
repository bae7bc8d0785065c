"""What the doctor says of the models, and what it spends."""

from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest

from cli.doctor.findings import Finding, Verdict
from cli.doctor.models import SMALLEST_CALLS, model_findings
from shared.clients.ocr import OcrRequest
from shared.clients.ocr_answer import OcrAnswer
from shared.errors import NotDeployed
from shared.settings import Settings
from tests.fakes import Bench

HERE, ELSEWHERE = "http://127.0.0.1:8780", "https://a.services.ai.azure.com"


def found(bench: Bench, endpoint: str, *, spend: bool = False) -> dict[str, Finding]:
    """What is found of the models for text and pictures, at one endpoint."""
    settings = replace(bench.services.settings, ocr_endpoint=endpoint, image_endpoint=endpoint)
    services = replace(bench.services, settings=settings)
    return {finding.name: finding for finding in model_findings(services, spend=spend)}


@pytest.fixture
def bench() -> Bench:
    """Models that answer."""
    return Bench.make(embedding_endpoint="")


def test_every_kind_of_model_is_asked() -> None:
    """A kind that has an endpoint in the settings has its smallest call."""
    kinds = {name.removesuffix("_endpoint") for name in vars(Settings()) if name.endswith("_endpoint")}
    assert {call.kind for call in SMALLEST_CALLS} == kinds


def test_the_emulator_is_asked_without_being_allowed_to(bench: Bench) -> None:
    """It costs nothing."""
    told = found(bench, HERE)

    assert told["model ocr"].what == "mistral-document-ai-2512 answers: 1 page read."
    assert told["model image"].what == "gpt-image-2 answers: 1 picture made."


def test_a_model_that_costs_is_not_asked_unless_it_may(bench: Bench) -> None:
    """Looking after an installation is free."""
    told = found(bench, ELSEWHERE)

    assert told["model ocr"].verdict is Verdict.SKIPPED
    assert told["model image"].remedy == "Allow the smallest one with --spend."
    assert (bench.ocr.calls, bench.images.calls) == ([], [])


def test_the_smallest_calls_are_small(bench: Bench) -> None:
    """One page, and one picture of low quality."""
    pages: list[int] = []
    read = bench.ocr.read

    def counting(request: OcrRequest, answer: Path) -> tuple[OcrAnswer, tuple[str, ...]]:
        with pypdfium2.PdfDocument(request.file) as pdf:
            pages.append(len(pdf))
        return read(request, answer)

    object.__setattr__(bench.ocr, "read", counting)

    found(bench, ELSEWHERE, spend=True)

    assert pages == [1]
    [picture] = bench.images.calls
    assert dict(picture.fields) == {"prompt": "A grey square", "size": "1024x1024", "quality": "low"}


def test_a_model_that_refuses_is_wrong_with_its_remedy(bench: Bench) -> None:
    """The client's own sentences; the other model is asked all the same."""
    bench.ocr.faults = [NotDeployed("There is no such deployment.", remedy="Deploy it.")]

    told = found(bench, HERE)

    assert told["model ocr"] == Finding("model ocr", Verdict.WRONG, "There is no such deployment.", "Deploy it.")
    assert told["model image"].verdict is Verdict.RIGHT


def test_a_kind_without_an_endpoint_is_skipped(bench: Bench) -> None:
    """Not everybody wants pictures."""
    assert found(bench, "")["model image"] == Finding(
        "model image",
        Verdict.SKIPPED,
        "DARKROOM_IMAGE_ENDPOINT is not set; such jobs wait.",
        "Set DARKROOM_IMAGE_ENDPOINT to use such a model.",
    )


def test_a_model_that_the_catalogue_does_not_know_is_told() -> None:
    """Nobody could say what it takes."""
    bench = Bench.make(image_model="mine", embedding_endpoint="")

    told = found(bench, HERE)["model image"]

    assert told.verdict is Verdict.WRONG
    assert "'mine' is not known for pictures" in told.what
