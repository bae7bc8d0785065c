"""The emulator's OCR routes against Mistral's own Azure client and against plain HTTP."""

import base64
import io
import socket
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdfium2
import pytest
import requests
from mistralai.azure.client import MistralAzure
from mistralai.azure.client.errors import HTTPValidationError, SDKError
from mistralai.azure.client.models import DocumentURLChunkTypedDict
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from local.foundry.process import running

FOUNDRY, SERVERLESS = "/providers/mistral/azure/ocr", "/v1/ocr"
KEY = {"api-key": "local-key"}
BEARER = {"Authorization": "Bearer local-key"}
STRICT = {
    "type": "json_schema",
    "json_schema": {
        "name": "invoice",
        "strict": True,
        "schema": {"type": "object", "properties": {"total": {"type": ["number", "null"]}}, "required": ["total"]},
    },
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """An emulator with one deployment of another name."""
    with running({"FOUNDRY_EMULATOR_DEPLOYMENTS": "reader=mistral-ocr-4-0"}) as emulator:
        yield emulator.url


def make_pdf(pages: int = 2) -> bytes:
    """A PDF whose pages say which they are, the first with a total and a picture."""
    target = io.BytesIO()
    canvas = Canvas(target)
    for page in range(pages):
        canvas.drawString(72, 760, f"This is the text of page {page}.")
        if page == 0:
            canvas.drawString(72, 740, "Total: 12.50 EUR")
            canvas.drawInlineImage(Image.linear_gradient("L"), 100, 400, 200, 200)
        canvas.showPage()
    canvas.save()
    return target.getvalue()


def pdf_document(data: bytes) -> DocumentURLChunkTypedDict:
    """The document part of a request."""
    return {"type": "document_url", "document_url": f"data:application/pdf;base64,{base64.b64encode(data).decode()}"}


def screenshot() -> bytes:
    """A picture of one line of text."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(300, 80))
    canvas.drawString(20, 40, "Nobody has crossed the bridge today.")
    canvas.save()
    shot = io.BytesIO()
    with pypdfium2.PdfDocument(target.getvalue()) as document:
        document[0].render(scale=2).to_pil().save(shot, "PNG")
    return shot.getvalue()


def post(url: str, route: str = FOUNDRY, headers: dict[str, str] | None = None, **fields: Any) -> requests.Response:
    """Send an OCR request by plain HTTP; fields given replace the usual ones, None leaves one out."""
    usual = {"model": "mistral-document-ai-2512", "document": pdf_document(make_pdf())}
    body = {name: value for name, value in {**usual, **fields}.items() if value is not None}
    return requests.post(url + route, json=body, headers=KEY if headers is None else headers, timeout=30)


def test_the_official_client_reads_a_document(url: str) -> None:
    """MistralAzure gets typed pages with text, figure, size and usage, unchanged against the emulator."""
    # when
    answer = MistralAzure(api_key="local-key", server_url=url).ocr.process(
        model="reader", document=pdf_document(make_pdf()), include_image_base64=True
    )
    # then
    first, second = answer.pages
    assert "This is the text of page 0." in first.markdown
    assert second.markdown == "This is the text of page 1."
    assert f"![{first.images[0].id}]({first.images[0].id})" in first.markdown
    assert str(first.images[0].image_base64).startswith("data:image/jpeg;base64,")
    assert first.dimensions and first.dimensions.dpi == 200
    assert first.blocks and first.blocks[0].type == "text"
    assert answer.usage_info.pages_processed == 2
    assert answer.usage_info.doc_size_bytes == len(make_pdf())


def test_the_official_client_reads_a_picture(url: str) -> None:
    """An image document is read by real recognition, whatever type its data URL claims."""
    # given
    source = f"data:application/png;base64,{base64.b64encode(screenshot()).decode()}"
    # when
    answer = MistralAzure(api_key="local-key", server_url=url).ocr.process(
        model="reader", document={"type": "image_url", "image_url": source}, confidence_scores_granularity="word"
    )
    # then
    assert "Nobody has crossed the bridge" in answer.pages[0].markdown
    scores = answer.pages[0].confidence_scores
    assert scores and 0.5 < scores.minimum_page_confidence_score <= 1


def test_the_official_client_meets_the_models_limits(url: str) -> None:
    """Its default `include_blocks` is refused by an older model, as the client's own error for 422."""
    with pytest.raises(HTTPValidationError) as refusal:
        MistralAzure(api_key="local-key", server_url=url).ocr.process(
            model="mistral-document-ai-2512", document=pdf_document(make_pdf())
        )
    assert "include_blocks" in str(refusal.value.body)


def test_the_official_client_meets_a_wrong_key(url: str) -> None:
    """A wrong key is the client's own error, with status 401."""
    with pytest.raises(SDKError) as refusal:
        MistralAzure(api_key="wrong", server_url=url).ocr.process(
            model="reader", document=pdf_document(make_pdf()), include_blocks=None
        )
    assert refusal.value.status_code == 401


def test_both_routes_answer_and_only_foundry_filters_content(url: str) -> None:
    """The serverless route gives the same pages without content filter results."""
    # when
    foundry = post(url).json()
    serverless = post(url, SERVERLESS, BEARER).json()
    # then
    assert foundry.pop("content_filter_results")["hate"] == {"filtered": False, "severity": "safe"}
    assert foundry == serverless
    assert list(foundry) == ["pages", "model", "document_annotation", "usage_info"]
    assert foundry["pages"][0]["images"][0]["image_base64"] is None


@pytest.mark.parametrize("pages", [[1], "1", "1-1"])
def test_pages_can_be_chosen(url: str, pages: object) -> None:
    """A list, a number or a range picks pages; they keep their index."""
    answer = post(url, pages=pages).json()
    assert [page["index"] for page in answer["pages"]] == [1]
    assert answer["usage_info"]["pages_processed"] == 1


def test_a_strict_annotation_is_filled_and_billed_apart(url: str) -> None:
    """With a strict schema the annotation is a JSON string, and pages count as annotated instead of processed."""
    answer = post(url, document_annotation_format=STRICT).json()
    assert answer["document_annotation"] == '{"total": 12.5}'
    usage = answer["usage_info"]
    assert (usage["pages_processed"], usage["pages_processed_annotation"]) == (0, 2)


def test_an_annotation_that_is_not_strict_is_skipped_silently(url: str) -> None:
    """Without `strict` the service answers as if no annotation had been asked for."""
    lax = {"type": "json_schema", "json_schema": {**STRICT["json_schema"], "strict": False}}  # type: ignore[dict-item]  # a literal of mixed types
    answer = post(url, document_annotation_format=lax).json()
    assert answer["document_annotation"] is None
    usage = answer["usage_info"]
    assert (usage["pages_processed"], usage["pages_processed_annotation"]) == (2, 0)


@pytest.mark.parametrize(
    ("fields", "kind", "field"),
    [
        ({"confidence_scores_granularity": "word"}, "extra_forbidden", "confidence_scores_granularity"),
        ({"include_blocks": True}, "extra_forbidden", "include_blocks"),
        ({"id": "x"}, "extra_forbidden", "id"),
        ({"model": "mistral-document-ai-2505", "table_format": "html"}, "extra_forbidden", "table_format"),
        ({"model": "mistral-ocr-2503", "bbox_annotation_format": STRICT}, "extra_forbidden", "bbox_annotation_format"),
        ({"table_format": "csv"}, "literal_error", "table_format"),
        ({"document": None}, "missing", "document"),
        ({"model": None}, "missing", "model"),
        ({"pages": "two"}, "value_error", "pages"),
        ({"pages": []}, "value_error", "pages"),
        ({"image_limit": "many"}, "int_parsing", "image_limit"),
        ({"document_annotation_format": {"type": "text"}}, "missing", "document_annotation_format"),
    ],
)
def test_fields_that_do_not_fit_are_422(url: str, fields: dict[str, Any], kind: str, field: str) -> None:
    """Unknown, missing and mistyped fields are named in Mistral's flat shape."""
    # when
    answer = post(url, **fields)
    # then
    error = answer.json()
    assert answer.status_code == error["raw_status_code"] == 422
    assert (error["object"], error["type"], error["code"]) == ("error", "invalid_request_error", None)
    assert (kind, ["body", field]) in [(d["type"], d["loc"][:2]) for d in error["message"]["detail"]]


def encrypted(data: bytes) -> bytes:
    """The PDF behind a password."""
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(target, encryption=pikepdf.Encryption(owner="o", user="u"))
    return target.getvalue()


@pytest.mark.parametrize(
    ("document", "kind", "code", "words"),
    [
        (pdf_document(encrypted(make_pdf())), "invalid_request_file", "3310", "encrypted"),
        (pdf_document(b"%PDF-1.7 and then nothing"), "invalid_request_file", "3310", "damaged"),
        (pdf_document(b"PK\x03\x04 an office file"), "invalid_request_file", "3310", "unsupported"),
        (pdf_document(b""), "invalid_request_file", "3310", "damaged"),
        (
            {"type": "document_url", "document_url": "data:application/pdf;base64,%%"},
            "invalid_request_file",
            "3310",
            "base64",
        ),
        (
            {"type": "document_url", "document_url": "https://example.com/a.pdf"},
            "invalid_request_invalid_args",
            "3051",
            "data URLs",
        ),
        ({"type": "document_url", "document_url": "JVBERi0="}, "invalid_request_invalid_args", "3051", "data URLs"),
        ({"type": "file", "file_id": "f1"}, "invalid_request_invalid_args", "3051", "not supported"),
    ],
)
def test_files_that_cannot_be_read_are_400(url: str, document: Any, kind: str, code: str, words: str) -> None:
    """A damaged, encrypted, unsupported or remote file is refused with a code and a reason."""
    answer = post(url, document=document)
    error = answer.json()
    assert (answer.status_code, error["object"], error["type"], error["code"]) == (400, "error", kind, code)
    assert words in error["message"]


def test_the_page_cap_counts_the_whole_document(url: str) -> None:
    """Asking for one page of 31 is refused all the same, in the service's words."""
    answer = post(url, document=pdf_document(make_pdf(31)), pages=[0])
    assert answer.status_code == 400
    assert answer.json() == {
        "object": "error",
        "message": "This document has 31 pages, which is more than the maximum allowed of 30",
        "type": "document_parser_too_many_pages",
        "param": None,
        "code": "3730",
    }


def test_a_page_that_does_not_exist_is_400(url: str) -> None:
    """A page number beyond the document is refused with that number."""
    answer = post(url, pages=[5])
    assert (answer.status_code, answer.json()["code"]) == (400, "3051")
    assert "Page 5" in answer.json()["message"]


def test_a_file_over_30_megabytes_is_413(url: str) -> None:
    """The size limit counts decoded bytes."""
    assert post(url, document=pdf_document(b"%PDF-" + bytes(30 * 1024 * 1024))).status_code == 413


def test_a_body_over_64_megabytes_is_refused_unread(url: str) -> None:
    """A declared length over the limit is answered before the body arrives."""
    # given
    host, port = url.removeprefix("http://").split(":")
    head = f"POST {FOUNDRY} HTTP/1.1\r\nHost: {host}\r\napi-key: local-key\r\nContent-Length: 70000000\r\n\r\n"
    # when
    with socket.create_connection((host, int(port)), timeout=10) as wire:
        wire.sendall(head.encode())
        status = wire.makefile("rb").readline()
    # then
    assert b" 413 " in status


@pytest.mark.parametrize(
    ("route", "method", "body"),
    [
        ("/openai/nothing", "POST", {"error": {"code": "404", "message": "Resource not found"}}),
        (FOUNDRY, "GET", {"error": {"code": "404", "message": "Resource not found"}}),
    ],
)
def test_a_wrong_path_is_404(url: str, route: str, method: str, body: dict[str, Any]) -> None:
    """Paths that the service does not know get the gateway's answer."""
    answer = requests.request(method, url + route, headers=KEY, timeout=30)
    assert (answer.status_code, answer.json()) == (404, body)


def test_an_unknown_deployment_is_404(url: str) -> None:
    """A model that is not deployed is told apart from a wrong path by its code."""
    answer = post(url, model="mistral-ocr-9")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "DeploymentNotFound")


@pytest.mark.parametrize(
    ("route", "headers"), [(FOUNDRY, {}), (SERVERLESS, KEY), (SERVERLESS, {"Authorization": "local-key"})]
)
def test_a_key_in_the_wrong_place_is_401(url: str, route: str, headers: dict[str, str]) -> None:
    """The serverless route reads bearer keys only; no key at all is refused everywhere."""
    answer = post(url, route, headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "401")
    assert answer.json()["error"]["message"].startswith("Access denied due to invalid subscription key")
