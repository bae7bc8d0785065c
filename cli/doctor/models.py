"""Whether each model answers, asked by the smallest call that it takes."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pikepdf

from cli.doctor.findings import Finding, right, skipped, wrong
from shared.clients.embedding_answer import EmbeddingAnswer
from shared.clients.embeddings import EmbeddingRequest
from shared.clients.images import ImageRequest
from shared.clients.ocr import OcrRequest
from shared.documents import PDF
from shared.embedding_catalog import route_of
from shared.errors import DarkroomError
from shared.services import Services
from shared.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_GENERAL_REMEDY = "Mend what it says, or try again in a few minutes."


@dataclass(frozen=True)
class SmallestCall:
    """How one kind of model is asked: `kind` is that in the names of its settings, `ask` tells what it answered."""

    kind: str
    ask: Callable[[Services, str, Path], str]


def keyless(settings: Settings) -> list[str]:
    """The kinds of model that are called with an identity, having an endpoint and no key."""
    kinds = [call.kind for call in SMALLEST_CALLS]
    return [
        kind for kind in kinds if getattr(settings, f"{kind}_endpoint") and not getattr(settings, f"{kind}_api_key")
    ]


def model_findings(services: Services, *, spend: bool) -> Iterator[Finding]:
    """A finding for each kind of model; those that cost money are called only when they may."""
    for call in SMALLEST_CALLS:
        name = f"model {call.kind}"
        endpoint = getattr(services.settings, f"{call.kind}_endpoint")
        deployment = getattr(services.settings, f"{call.kind}_model")
        if not endpoint:
            setting = f"DARKROOM_{call.kind.upper()}_ENDPOINT"
            yield skipped(name, f"{setting} is not set; such jobs wait.", f"Set {setting} to use such a model.")
        elif not spend and urlsplit(endpoint).hostname not in _LOOPBACK:
            yield skipped(name, f"A call of {deployment} costs money.", "Allow the smallest one with --spend.")
        else:
            yield _answer(name, call, services, deployment)


def _answer(name: str, call: SmallestCall, services: Services, deployment: str) -> Finding:
    try:
        with tempfile.TemporaryDirectory(prefix="darkroom-doctor-") as folder:
            return right(name, f"{deployment} answers: {call.ask(services, deployment, Path(folder))}.")
    except DarkroomError as error:
        return wrong(name, error.message, error.remedy or _GENERAL_REMEDY)


def _read(services: Services, deployment: str, folder: Path) -> str:
    answer, _ = services.ocr.read(OcrRequest(deployment, _one_page(folder), PDF, {}), folder / "answer")
    return f"{len(answer.indexes)} page read"


def _one_page(folder: Path) -> Path:
    """A PDF of one page with one word on it."""
    file = folder / "page.pdf"
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(200, 100))
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.Contents = pdf.make_stream(b"BT /F1 24 Tf 20 40 Td (Darkroom) Tj ET")
        pdf.save(file)
    return file


def _draw(services: Services, deployment: str, folder: Path) -> str:
    model = services.catalog.image(deployment)
    quality = {"quality": "low"} if "low" in model.qualities else {}
    fields = {"prompt": "A grey square", "size": "1024x1024", **quality}
    answer = services.images.make(ImageRequest("generate", deployment, fields), folder / "answer", _ignore)
    return f"{len(answer.pictures)} picture made"


def _embed(services: Services, deployment: str, folder: Path) -> str:
    model = services.catalog.embedding(deployment)
    route = route_of(model, services.settings.embedding_route, services.embeddings.host)
    request = EmbeddingRequest(deployment, route, ("Darkroom",))
    services.embeddings.embed(request, folder / "answer")
    vectors = EmbeddingAnswer.read(folder / "answer", request, None).vectors
    return f"{len(vectors)} vector computed"


def _ignore(index: int, picture: Path) -> None:
    """No partial pictures are asked for."""


SMALLEST_CALLS = (SmallestCall("ocr", _read), SmallestCall("image", _draw), SmallestCall("embedding", _embed))
