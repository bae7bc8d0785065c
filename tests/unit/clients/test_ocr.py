"""The OCR client: the address, the fields for each model, and the one retry without what the endpoint does not know."""

import base64
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from shared.catalog import OCR_MODELS
from shared.clients.credentials import Key
from shared.clients.ocr import OcrClient, OcrRequest, ocr_url, request_fields
from shared.clients.transport import Transport
from shared.errors import Invalid, Unavailable, Unsupported
from shared.messages import OcrOptions, Usage
from tests.servers import Server, answer, serving

FOUNDRY = "https://res.services.ai.azure.com"
SERVERLESS = "https://name.eastus2.models.ai.azure.com"
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}}
STRICT = {"type": "json_schema", "json_schema": {"schema": SCHEMA, "strict": True}}
PAGES = json.dumps({"pages": [{"index": 0}], "usage_info": {"pages_processed": 1}}).encode()
FULL = OcrOptions(table_format="html", annotation_schema=SCHEMA, figure_annotation_schema=SCHEMA)


@pytest.mark.parametrize(
    ("endpoint", "route", "url"),
    [
        (FOUNDRY, "", f"{FOUNDRY}/providers/mistral/azure/ocr"),
        (f"{FOUNDRY}/", "", f"{FOUNDRY}/providers/mistral/azure/ocr"),
        (
            "https://res.cognitiveservices.azure.com",
            "",
            "https://res.cognitiveservices.azure.com/providers/mistral/azure/ocr",
        ),
        ("http://127.0.0.1:8780", "", "http://127.0.0.1:8780/providers/mistral/azure/ocr"),
        (SERVERLESS, "", f"{SERVERLESS}/v1/ocr"),
        (f"{SERVERLESS}/", "", f"{SERVERLESS}/v1/ocr"),
        (SERVERLESS.upper().replace("HTTPS", "https"), "", SERVERLESS.upper().replace("HTTPS", "https") + "/v1/ocr"),
        (FOUNDRY, "serverless", f"{FOUNDRY}/v1/ocr"),
        (SERVERLESS, "foundry", f"{SERVERLESS}/providers/mistral/azure/ocr"),
        (f"{FOUNDRY}/gateway/ocr", "", f"{FOUNDRY}/gateway/ocr"),
        (f"{SERVERLESS}/v1/ocr?api-version=1", "foundry", f"{SERVERLESS}/v1/ocr?api-version=1"),
    ],
)
def test_the_address_follows_from_endpoint_and_route(endpoint: str, route: str, url: str) -> None:
    """The host tells the route, the setting overrules it, and a full address overrules both."""
    assert ocr_url(endpoint, route) == url


def test_defaults_ask_for_figures_and_nothing_else() -> None:
    """Fields that nobody asked for are not sent: an older model's schema may forbid them."""
    assert request_fields(OcrOptions(), OCR_MODELS["mistral-ocr-2503"]) == {"include_image_base64": True}
    assert request_fields(OcrOptions(include_figures=False), OCR_MODELS["mistral-ocr-2503"]) == {}


@pytest.mark.parametrize("model", ["mistral-document-ai-2512", "mistral-ocr-4-0"])
def test_every_option_becomes_its_field(model: str) -> None:
    """Tables by name, schemas as response formats."""
    fields = request_fields(FULL, OCR_MODELS[model])

    assert fields.keys() == {
        "include_image_base64", "table_format", "document_annotation_format", "bbox_annotation_format",
    }  # fmt: skip
    assert fields["table_format"] == "html"
    assert fields["document_annotation_format"]["json_schema"]["schema"] == SCHEMA


@pytest.mark.parametrize("name", ["document_annotation_format", "bbox_annotation_format"])
def test_schemas_are_always_strict(name: str) -> None:
    """Without `strict` the service answers 200, leaves the annotation out and bills the page."""
    sent = request_fields(FULL, OCR_MODELS["mistral-document-ai-2512"])[name]

    assert sent["type"] == "json_schema"
    assert sent["json_schema"]["strict"] is True
    assert sent["json_schema"]["name"]


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (OcrOptions(table_format="html"), "table_format"),
        (OcrOptions(annotation_schema=SCHEMA), "annotation_schema"),
        (OcrOptions(figure_annotation_schema=SCHEMA), "figure_annotation_schema"),
    ],
)
def test_an_option_that_the_model_does_not_take_is_invalid(options: OcrOptions, named: str) -> None:
    """Nothing is paid for an answer that lacks what was asked for; the sentence names model and option."""
    with pytest.raises(Invalid, match=rf"mistral-ocr-2503 does not take the option {named}\.") as raised:
        request_fields(options, OCR_MODELS["mistral-ocr-2503"])

    assert raised.value.code == "option_not_supported"


@pytest.mark.parametrize("model", ["mistral-ocr-2503", "mistral-document-ai-2505"])
def test_a_harmless_option_is_left_out(model: str) -> None:
    """Tables as Markdown are what these models write anyhow."""
    options = OcrOptions(table_format="markdown", include_figures=False)

    assert request_fields(options, OCR_MODELS[model]) == {}


def refusing(*names: str) -> bytes:
    """A 422 that does not know these fields."""
    problems = [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs"} for name in names]
    return json.dumps({"object": "error", "message": {"detail": problems}}).encode()


def client(server: Server) -> OcrClient:
    """A client of this server."""
    return OcrClient(server.url, Transport(Key("key")), 5)


def request(folder: Path, media_type: str = "application/pdf", **fields: Any) -> OcrRequest:
    """A request for a little file."""
    file = folder / "part"
    file.write_bytes(b"the file")
    return OcrRequest("my-ocr", file, media_type, fields)


def sent(server: Server) -> list[dict[str, Any]]:
    """The JSON bodies that the server got."""
    return [json.loads(got.body) for got in server.requests]


@pytest.mark.parametrize(
    ("media_type", "kind"),
    [("application/pdf", "document_url"), ("image/png", "image_url"), ("image/jpeg", "image_url")],
)
def test_a_file_is_sent_as_a_data_url_of_its_kind(tmp_path: Path, media_type: str, kind: str) -> None:
    """Azure takes no addresses; PDFs and pictures have fields of their own, and the model is the deployment's name."""
    with serving(answer(body=PAGES)) as server:
        found, dropped = client(server).read(request(tmp_path, media_type, table_format="html"), tmp_path / "answer")

    url = f"data:{media_type};base64,{base64.b64encode(b'the file').decode()}"
    assert sent(server) == [{"model": "my-ocr", "document": {"type": kind, kind: url}, "table_format": "html"}]
    assert (found.indexes, found.usage, dropped) == ((0,), Usage(pages=1), ())
    assert (tmp_path / "answer").read_bytes() == PAGES


def test_a_field_that_the_endpoint_does_not_know_is_left_out_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The document is read without it, and the user's name of the option is told and logged."""
    caplog.set_level(logging.WARNING, logger="darkroom")
    with serving(answer(422, refusing("table_format")), answer(body=PAGES)) as server:
        asked = request(tmp_path, table_format="html", include_image_base64=True)
        _, dropped = client(server).read(asked, tmp_path / "answer")

    assert ["table_format" in body for body in sent(server)] == [True, False]
    assert sent(server)[1]["include_image_base64"] is True
    assert dropped == ("table_format",)
    assert caplog.messages == ["retrying without fields deployment=my-ocr fields=table_format"]


def test_several_unknown_fields_are_left_out_together(tmp_path: Path) -> None:
    """One answer names them all, so one retry is enough."""
    unknown = ("bbox_annotation_format", "document_annotation_format")
    with serving(answer(422, refusing(*unknown)), answer(body=PAGES)) as server:
        asked = request(tmp_path, bbox_annotation_format=STRICT, document_annotation_format=STRICT)
        _, dropped = client(server).read(asked, tmp_path / "answer")

    assert dropped == ("figure_annotation_schema", "annotation_schema")


def test_a_second_refusal_is_final(tmp_path: Path) -> None:
    """An endpoint that knows ever fewer fields is not asked for ever."""
    first, second = answer(422, refusing("table_format")), answer(422, refusing("include_image_base64"))
    with serving(first, second) as server, pytest.raises(Unsupported) as raised:
        asked = request(tmp_path, table_format="html", include_image_base64=True)
        client(server).read(asked, tmp_path / "answer")

    assert len(server.requests) == 2
    assert raised.value.fields == ("include_image_base64",)


@pytest.mark.parametrize("name", ["document", "model", "something_else"])
def test_a_refusal_of_a_field_that_is_no_option_is_not_retried(tmp_path: Path, name: str) -> None:
    """Only options can be left out; the same request again would be refused again."""
    with serving(answer(422, refusing(name))) as server, pytest.raises(Unsupported):
        client(server).read(request(tmp_path, table_format="html"), tmp_path / "answer")

    assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b"null", b"", PAGES[:-1], b'{"error": {"message": "failed"}}'])
def test_a_success_without_an_answer_is_unavailable(tmp_path: Path, body: bytes) -> None:
    """The job waits instead of ending with an empty text."""
    with serving(answer(body=body)) as server, pytest.raises(Unavailable):
        client(server).read(request(tmp_path), tmp_path / "answer")
