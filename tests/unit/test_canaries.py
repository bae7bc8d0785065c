"""Not a word of a document, prompt, key, token or SAS is in any log line, event, output or exception that leaves."""

import io
import json
import logging
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from shared import embedding_jobs, image_jobs, ocr_jobs
from shared.clients.credentials import Entra, Key
from shared.clients.downloads import Downloads
from shared.clients.embeddings import EmbeddingClient
from shared.clients.images import ImageClient
from shared.clients.ocr import OcrClient
from shared.clients.transport import Transport
from shared.names import BlobRef
from tests import corpus
from tests.fakes import Bench, small_png
from tests.servers import Exchange, Script, answer, head, sends, serving

TEXT, BYTES, PROMPT, KEY, TOKEN, SAS, SCHEMA, ECHO = CANARIES = [
    f"canary-{what}-7f3a" for what in ("text", "bytes", "prompt", "key", "token", "sas", "schema", "echo")
]
EVERYTHING = " ".join(CANARIES)
SIGNED = f"https://account.blob.core.windows.net/documents/a.pdf?sv=2026-02-06&sig={SAS}"


def error(code: str, **more: Any) -> bytes:
    """An error that repeats whatever it was sent."""
    return json.dumps({"error": {"code": code, "message": EVERYTHING, **more}}).encode()


def stream(*events: dict[str, Any]) -> Script:
    """A streamed answer."""
    body = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    return answer(200, body, content_type="text/event-stream")


def good(_: str) -> list[Script]:
    """Pages and vectors."""
    page = {"index": 0, "markdown": EVERYTHING, "images": [{"id": SAS, "image_base64": BYTES}]}
    vectors = [{"index": index, "embedding": [0.5] * 1536, "object": TEXT} for index in range(2)]
    told = {"pages": [page], "data": vectors, "document_annotation": EVERYTHING, "usage": {}, "model": ECHO}
    return [answer(200, json.dumps(told).encode())]


def pictured(url: str) -> list[Script]:
    """A picture that lies here, where it can be fetched."""
    picture = {"url": f"{url.removesuffix('/ocr')}/picture.png?sig={SAS}", "revised_prompt": PROMPT}
    return [answer(200, json.dumps({"data": [picture]}).encode()), answer(200, small_png() + BYTES.encode())]


def foreign(_: str) -> list[Script]:
    """A picture that lies elsewhere."""
    return [answer(200, json.dumps({"data": [{"url": SIGNED}]}).encode())]


def gone(url: str) -> list[Script]:
    """A picture that lies here, and does not any more."""
    return [pictured(url)[0], answer(404, EVERYTHING.encode())]


CUT = sends([head(content_length="5000"), b'{"pages": [{"markdown": "', EVERYTHING.encode()])
DETAIL = {"detail": [{"loc": ["body", "prompt"], "msg": EVERYTHING, "input": PROMPT, "type": "value_error"}]}
ANSWERS: dict[str, Callable[[str], list[Script]]] = {
    "success": good,
    "picture": pictured,
    "foreign picture": foreign,
    "picture gone": gone,
    "429": lambda _: [answer(429, error("429"), retry_after="7")],
    "429 in words": lambda _: [answer(429, f"{EVERYTHING} retry after 7 seconds".encode())],
    "500": lambda _: [answer(500, error("500"))],
    "null": lambda _: [answer(200, b"null")],
    "text": lambda _: [answer(200, EVERYTHING.encode())],
    "cut": lambda _: [CUT],
    "reset": lambda _: [Exchange.reset],
    "refused": lambda _: [answer(400, error("contentFilter", inner_error={"code": ECHO}))],
    "invalid": lambda _: [answer(400, error("invalid_value"))],
    "detail": lambda _: [answer(422, json.dumps(DETAIL).encode())],
    "too large": lambda _: [answer(413, error("413"))],
    "401": lambda _: [answer(401, error("401"))],
    "403": lambda _: [answer(403, error("blocked"))],
    "404": lambda _: [answer(404, error("DeploymentNotFound"))],
    "redirect": lambda _: [answer(307, b"", location=SIGNED)],
    "error in a stream": lambda _: [stream({"type": "error", "error": {"code": ECHO, "message": EVERYTHING}})],
    "stream without end": lambda _: [stream({"type": "image_generation.partial_image", "b64_json": BYTES})],
}


def document(bench: Bench) -> None:
    """A document with a schema and with metadata that names secrets."""
    ref = BlobRef("documents", "a.pdf")
    schema = json.dumps({"type": "object", "description": SCHEMA})
    data = corpus.text_pdf(text=TEXT) + BYTES.encode()
    bench.storage.write(ref, data, "application/pdf", metadata={"annotation_schema": schema, "note": SIGNED})
    ocr_jobs.ocr_message(bench.services, b'{"document": "documents/a.pdf"}', 5)


def picture(bench: Bench) -> None:
    """A prompt, streamed."""
    message = {"prompt": EVERYTHING, "job_id": "picture", "stream": True, "user": ECHO}
    image_jobs.image_message(bench.services, json.dumps(message).encode(), 5, "id")


def edit(bench: Bench) -> None:
    """A prompt and a picture."""
    bench.storage.write(BlobRef("images", "a.png"), small_png() + BYTES.encode(), "image/png")
    message = {"prompt": EVERYTHING, "operation": "edit", "images": ["images/a.png"], "job_id": "edit"}
    image_jobs.image_message(bench.services, json.dumps(message).encode(), 5, "id")


def vectors(bench: Bench) -> None:
    """A text, and a text in a blob."""
    bench.storage.write(BlobRef("documents", "a.txt"), TEXT.encode(), "text/plain")
    inputs = [{"text": EVERYTHING}, {"text_blob": "documents/a.txt"}]
    message = {"inputs": inputs, "model": "text-embedding-3-small", "job_id": "vectors"}
    embedding_jobs.embedding_message(bench.services, json.dumps(message).encode(), 5, "id")


JOBS = (document, picture, edit, vectors)
Check = Callable[[Bench], None]


@pytest.fixture
def nothing_leaked(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[Check]:
    """Checks all that was logged, by any library and however talkative, printed, and told in events."""
    caplog.set_level(logging.DEBUG)

    def check(bench: Bench) -> None:
        printed = capfd.readouterr()
        events = "".join(posted.text for posted in bench.storage.queues.get("job-events", []))
        written = "\n".join([caplog.text, printed.out, printed.err, events])
        assert "darkroom" in caplog.text
        found = [line for line in written.splitlines() if any(canary in line for canary in CANARIES)]
        assert not found

    yield check


def at(url: str) -> Bench:
    """A bench whose models are a server; one kind of job has a token, the others a key."""
    bench = Bench.make(ocr_endpoint=url, image_endpoint=url, embedding_endpoint=url)
    token = SimpleNamespace(token=TOKEN, expires_on=int(time.time()) + 3600)
    here, source = url.removesuffix("/ocr"), SimpleNamespace(get_token=lambda *_: token)
    keyed, signed_in = Transport(Key(KEY)), Transport(Entra(source, "scope"))
    services = replace(
        bench.services,
        ocr=OcrClient(url, keyed, 5),
        images=ImageClient(here, "v1", "", signed_in, 5),
        embeddings=EmbeddingClient(here, "2024-05-01-preview", keyed, 5),
        downloads=Downloads(here, 5),
    )
    return replace(bench, services=services)


@pytest.mark.parametrize("job", JOBS)
@pytest.mark.parametrize("said", ANSWERS)
def test_whatever_a_service_answers_it_is_told_without_its_words(
    job: Callable[[Bench], None], said: str, nothing_leaked: Check
) -> None:
    """Services repeat prompts, keys and documents in their errors; those go into the record and nowhere else."""
    with serving(answer()) as server:
        server.scripts[:] = ANSWERS[said](server.url)
        bench = at(server.url)

        job(bench)

    assert server.requests or said == "reset"
    nothing_leaked(bench)


@pytest.mark.parametrize("attempt", [1, 5])
@pytest.mark.parametrize("kind", ["ocr", "images", "embeddings"])
def test_a_fault_of_our_own_is_told_by_its_type_and_place(
    monkeypatch: pytest.MonkeyPatch, kind: str, attempt: int, nothing_leaked: Check
) -> None:
    """The text of a foreign exception may hold anything, and the host writes down what is raised."""

    def fails(*_: object) -> None:
        raise ValueError(EVERYTHING)

    bench = Bench.make()
    method = {"ocr": "read", "images": "make", "embeddings": "embed"}[kind]
    monkeypatch.setattr(type(getattr(bench, kind)), method, fails)
    bench.storage.write(BlobRef("documents", "a.pdf"), corpus.text_pdf(text=TEXT), "application/pdf")
    doors = {
        "ocr": lambda: ocr_jobs.ocr_message(bench.services, b'{"document": "documents/a.pdf"}', attempt),
        "images": lambda: image_jobs.image_message(
            bench.services, json.dumps({"prompt": PROMPT, "job_id": "a"}).encode(), attempt, "id"
        ),
        "embeddings": lambda: embedding_jobs.embedding_message(
            bench.services, json.dumps({"inputs": [{"text": PROMPT}], "job_id": "a"}).encode(), attempt, "id"
        ),
    }
    try:
        doors[kind]()
    except Exception as raised:  # noqa: BLE001 - the host catches whatever comes
        assert attempt < 5
        assert not any(canary in line for line in traceback.format_exception(raised) for canary in CANARIES)
    nothing_leaked(bench)


MESSAGES = [
    EVERYTHING,
    json.dumps(EVERYTHING),
    json.dumps({"document": SIGNED, "prompt": EVERYTHING, "inputs": [{"text": EVERYTHING}]}),
    json.dumps({"document": "documents/a.pdf", EVERYTHING: EVERYTHING}),
    json.dumps({"document": "documents/a.pdf", "pages": PROMPT, "model": KEY}),
    json.dumps({"document": "documents/a.pdf", "annotation_schema": {SCHEMA: SCHEMA}, "job_id": SAS + "?"}),
    json.dumps({"prompt": EVERYTHING, "operation": "edit", "images": [SIGNED], "mask": SIGNED}),
    json.dumps({"prompt": EVERYTHING, "size": PROMPT, "quality": PROMPT, "job_id": "a"}),
    json.dumps({"prompt": EVERYTHING, "model": f"AccountKey={KEY}", "job_id": "a"}),
    json.dumps({"inputs": [{"image": SIGNED, "text": EVERYTHING}], "model": KEY, "job_id": "a"}),
    json.dumps({"ContainerName": SIGNED, "BlobName": EVERYTHING}),
]


@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_a_message_that_is_refused_or_poisoned_is_told_without_its_words(message: str, nothing_leaked: Check) -> None:
    """Whoever posts one may have put a key or a signed address into the wrong place."""
    bench = Bench.make()
    bench.storage.write(BlobRef("documents", "a.pdf"), corpus.text_pdf(text=TEXT), "application/pdf")
    body = message.encode()
    ocr_jobs.ocr_message(bench.services, body, 1)
    image_jobs.image_message(bench.services, body, 1, "id")
    embedding_jobs.embedding_message(bench.services, body, 1, "id")
    for bury in (ocr_jobs.buried, ocr_jobs.buried_event, image_jobs.buried, embedding_jobs.buried):
        bury(bench.services, body)
    nothing_leaked(bench)


def described(kind: str) -> bytes:
    """A picture that is described inside of its file."""
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = TEXT
    Image.new("RGB", (8, 8)).save(buffer, kind, exif=exif, comment=TEXT)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG", "GIF", "WEBP", "PDF"])
def test_what_libraries_say_of_a_file_does_not_quote_it(kind: str, nothing_leaked: Check) -> None:
    """Pillow's debug lines hold the values of tags, and its warnings quote what they cannot read."""
    data = corpus.text_pdf(text=TEXT) if kind == "PDF" else described(kind)
    for damage in (data, data[:-40], data[:60] + TEXT.encode() + data[60:], data + TEXT.encode() * 50):
        bench = Bench.make()
        bench.storage.write(BlobRef("documents", "a"), damage, "application/octet-stream")
        ocr_jobs.ocr_message(bench.services, b'{"document": "documents/a"}', 5)
        nothing_leaked(bench)
