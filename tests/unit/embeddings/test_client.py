"""The embedding client on the wire: addresses, headers and bodies of five routes, and answers that are none."""

import base64
import json
from pathlib import Path
from typing import Any, cast

import pytest

from shared.clients.credentials import Key
from shared.clients.embeddings import EmbeddingClient, EmbeddingRequest
from shared.clients.transport import Transport
from shared.embedding_catalog import EmbeddingRoute
from shared.errors import DarkroomError, Invalid, NotDeployed, Refused, Throttled, TooLarge, Unavailable
from tests.fakes import small_png
from tests.servers import Request, Script, answer, sends, serving
from tests.unit.embeddings.asking import Caller, asked, in_data

GOOD = json.dumps(in_data([0.5, 0.5], [0.25, 0.75])).encode()
ROUTES: tuple[EmbeddingRoute, ...] = ("models", "cohere", "v1", "deployments", "serverless")
DATA_URL = "data:image/png;base64," + base64.b64encode(small_png()).decode()
FLAT_422 = {
    "status": 422, "code": "parameter_not_supported", "detail": {"loc": ["body", "dimensions"], "input": 3},
    "message": "One of the parameters contain invalid values.",
}  # fmt: skip
NESTED_422 = {
    "error": {
        "code": "Invalid input", "status": 422, "message": "invalid input error",
        "details": [{"type": "missing", "loc": ["body", "dimensions"], "msg": "Field required", "input": None}],
    },
}  # fmt: skip


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    """A caller with a short deadline."""
    return Caller(tmp_path)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A picture."""
    path = tmp_path / "image.png"
    path.write_bytes(small_png())
    return path


def sent(caller: Caller, request: EmbeddingRequest) -> Request:
    """What goes over the wire."""
    with serving(answer(body=GOOD)) as server:
        caller.embed(server, request)
    [found] = server.requests
    return found


def content(caller: Caller, request: EmbeddingRequest) -> dict[str, Any]:
    """The body that goes over the wire."""
    return cast(dict[str, Any], json.loads(sent(caller, request).body))


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("models", "/models/embeddings?api-version=2024-05-01-preview"),
        ("serverless", "/embeddings?api-version=2024-05-01-preview"),
        ("cohere", "/providers/cohere/v2/embed"),
        ("v1", "/openai/v1/embeddings"),
        ("deployments", "/openai/deployments/embed-v-4-0/embeddings?api-version=2024-10-21"),
    ],
)
def test_texts_have_an_address_on_every_route(caller: Caller, route: EmbeddingRoute, path: str) -> None:
    """The api-version of the settings is that of `deployments` alone."""
    assert sent(caller, asked(route)).line == f"POST {path} HTTP/1.1"


@pytest.mark.parametrize(
    ("route", "path"),
    [
        ("models", "/models/images/embeddings?api-version=2024-05-01-preview"),
        ("serverless", "/images/embeddings?api-version=2024-05-01-preview"),
        ("cohere", "/providers/cohere/v2/embed"),
    ],
)
def test_pictures_have_an_address_where_pictures_are_taken(
    caller: Caller, image: Path, route: EmbeddingRoute, path: str
) -> None:
    """A picture posted to the address of texts would be embedded as its letters."""
    assert sent(caller, asked(route, (), image=image)).line == f"POST {path} HTTP/1.1"


def test_a_deployment_s_name_is_quoted_in_the_address() -> None:
    """A name with a slash or a question mark leads to no other address."""
    client = EmbeddingClient("https://it.openai.azure.com", "2024-10-21", Transport(Key("the-key")), 1)

    path = "/openai/deployments/..%2Fa%3Fb/embeddings?api-version=2024-10-21"
    assert client.url(EmbeddingRequest("../a?b", "deployments")) == f"https://it.openai.azure.com{path}"
    assert client.host == "it.openai.azure.com"


@pytest.mark.parametrize("route", ROUTES)
def test_a_key_goes_under_both_names_and_unknown_fields_are_errors(caller: Caller, route: EmbeddingRoute) -> None:
    """Routes document one header or the other; `models` leaves out unknown fields in silence where it may."""
    headers = sent(caller, asked(route)).headers

    assert (headers["authorization"], headers["api-key"]) == ("Bearer the-key", "the-key")
    assert headers["content-type"] == "application/json"
    assert headers.get("extra-parameters") == ("error" if route in ("models", "serverless") else None)


@pytest.mark.parametrize("route", ["models", "serverless", "v1", "deployments"])
def test_only_what_was_asked_is_sent(caller: Caller, route: EmbeddingRoute) -> None:
    """A model that does not know an option refuses it, even with its usual value."""
    assert content(caller, asked(route, ("Grün",))) == {"model": "embed-v-4-0", "input": ["Grün"]}


@pytest.mark.parametrize("route", ["models", "serverless"])
def test_options_and_pairs_are_those_of_azure_ai_inference(caller: Caller, image: Path, route: EmbeddingRoute) -> None:
    """After the package's 1.0.0b9."""
    told: dict[str, Any] = {"input_type": "query", "dimensions": 512, "encoding_format": "int8"}
    base = {"model": "embed-v-4-0", **told}

    assert content(caller, asked(route, **told)) == {**base, "input": ["a lighthouse", "ein Leuchtturm"]}
    assert content(caller, asked(route, (), image=image, **told)) == {**base, "input": [{"image": DATA_URL}]}
    pair = [{"image": DATA_URL, "text": "at night"}]
    assert content(caller, asked(route, ("at night",), image=image, **told)) == {**base, "input": pair}


@pytest.mark.parametrize("route", ["v1", "deployments"])
def test_options_are_those_of_openai(caller: Caller, route: EmbeddingRoute) -> None:
    """There is no input type."""
    told = content(caller, asked(route, ("a",), input_type="query", dimensions=256, encoding_format="base64"))

    assert told == {"model": "embed-v-4-0", "input": ["a"], "dimensions": 256, "encoding_format": "base64"}


@pytest.mark.parametrize(
    ("input_type", "becomes"), [(None, "search_document"), ("document", "search_document"), ("query", "search_query")]
)
def test_options_are_those_of_cohere(caller: Caller, image: Path, input_type: str | None, becomes: str) -> None:
    """An input type is needed there, and a text that is too long is an error instead of cut in silence."""
    base = {"model": "embed-v-4-0", "embedding_types": ["ubinary"], "output_dimension": 256, "truncate": "NONE"}
    told: dict[str, Any] = {"input_type": input_type, "dimensions": 256, "encoding_format": "ubinary"}

    assert content(caller, asked("cohere", ("a", "b"), **told)) == {**base, "input_type": becomes, "texts": ["a", "b"]}
    lone = content(caller, asked("cohere", (), image=image, **told))
    assert lone == {**base, "input_type": "image", "images": [DATA_URL]}
    pair = [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {"url": DATA_URL}}]
    assert content(caller, asked("cohere", ("a",), image=image, **told)) == {
        **base, "input_type": becomes, "inputs": [{"content": pair}],
    }  # fmt: skip


def test_cohere_needs_a_format_and_no_dimensions(caller: Caller) -> None:
    """Without embedding types the answer has another shape."""
    told = content(caller, asked("cohere", ("a",)))

    assert (told["embedding_types"], "output_dimension" in told) == (["float"], False)


@pytest.mark.parametrize("text", ['"}', "\0file\0", "Straße 図 😀"])
def test_a_text_beside_a_picture_stays_what_it_is(caller: Caller, image: Path, text: str) -> None:
    """Whatever it says, it is never taken for the place of the file."""
    told = content(caller, asked("models", (text,), image=image))

    assert told["input"] == [{"image": DATA_URL, "text": text}]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("text", [DATA_URL, f"\n {DATA_URL}", "DATA:;base64,AAAA", "data:image/svg+xml;base64,AAAA"])
def test_a_data_url_among_texts_is_refused_before_it_is_sent(caller: Caller, route: EmbeddingRoute, text: str) -> None:
    """The service would embed its letters, and charge for a vector that means nothing."""
    with serving(answer(body=GOOD)) as server, pytest.raises(Invalid, match="data URL") as raised:
        caller.embed(server, asked(route, ("a", text)))

    assert (raised.value.code, server.requests) == ("picture_as_text", [])


@pytest.mark.parametrize("text", ["data: see below", "What is a data:image/png;base64,AAAA URL?", "data:,a;base64,"])
def test_a_text_about_data_urls_is_a_text(caller: Caller, text: str) -> None:
    """Only a text that is one as a whole is no text."""
    assert content(caller, asked("v1", (text,)))["input"] == [text]


@pytest.mark.parametrize("route", ["v1", "deployments"])
def test_a_picture_on_a_route_of_texts_is_refused_before_it_is_sent(
    caller: Caller, image: Path, route: EmbeddingRoute
) -> None:
    """Its request would have no input."""
    with serving(answer(body=GOOD)) as server, pytest.raises(Invalid, match=f"{route} takes text only"):
        caller.embed(server, asked(route, (), image=image))

    assert server.requests == []


@pytest.mark.parametrize(
    "script",
    [
        answer(body=b""),
        answer(body=b"null"),
        answer(body=b"[]"),
        answer(body=b"{}"),
        answer(body=b'{"data": []}'),
        answer(body=b'{"data": null, "embeddings": {}}'),
        answer(body=GOOD[:-20]),
        answer(body=b"<html>busy</html>"),
        answer(body=b"\xff\xfe"),
        answer(body=b"[" * 100_000),
        sends([b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n", GOOD]),
        answer(503),
    ],
    ids=["empty", "null", "list", "object", "no data", "nulls", "cut", "html", "bytes", "deep", "cut stream", "503"],
)
def test_an_answer_without_vectors_is_unavailable(caller: Caller, script: Script) -> None:
    """Nothing usable was sent, so asking again is right; an empty 200 is known from the service."""
    with serving(script) as server, pytest.raises(Unavailable):
        caller.embed(server, asked())


@pytest.mark.parametrize(
    ("body", "kind", "says"),
    [
        ({"error": {"code": "content_filter", "message": "Filtered."}}, Refused, "Filtered."),
        ({"error": {"code": "rate_limit_exceeded", "message": "Retry after 7 seconds."}}, Throttled, "pause"),
        ({"error": {"code": None, "message": "Broke."}}, Unavailable, "did not answer"),
        ({"object": "error", "code": "rate_limited", "type": "x", "message": "Slow down."}, Throttled, "pause"),
        (FLAT_422, Invalid, "dimensions"),
    ],
)
def test_an_error_in_an_answer_of_http_200_is_that_error(
    caller: Caller, body: dict[str, Any], kind: type[DarkroomError], says: str
) -> None:
    """Gateways are known to wrap the model's error in a success."""
    with serving(answer(body=json.dumps(body).encode())) as server, pytest.raises(kind, match=says):
        caller.embed(server, asked())


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (422, FLAT_422, Invalid, r"One of the parameters contain invalid values\. \(dimensions\)"),
        (422, NESTED_422, Invalid, r"invalid input error \(dimensions: Field required\)"),
        (422, {"error": {"code": "invalid", "message": "Not supported.", "target": "dimensions"}}, Invalid,
         r"Not supported\. \(dimensions\)"),
        (400, {"detail": "Extra parameters ['a'] are not allowed."}, Invalid, r"Extra parameters \['a'\]"),
        (400, {"message": "invalid request: total number of texts must be at most 96"}, Invalid, "at most 96"),
        (404, {"error": {"code": "unknown_model", "message": "Unknown model: x"}}, NotDeployed, "no deployment named"),
        (404, {"error": {"code": "api_not_supported", "message": "Requested API is currently not supported"}},
         NotDeployed, "no such route"),
        (413, {}, TooLarge, "of this size"),
        (429, {}, Throttled, "pause"),
        (500, {"error": {"code": "500", "message": "The server had an error."}}, Unavailable, "HTTP 500"),
    ],
)  # fmt: skip
def test_a_refusal_is_told_in_the_service_s_words(
    caller: Caller, status: int, body: dict[str, Any], kind: type[DarkroomError], says: str
) -> None:
    """In both shapes a 422 names the parameter."""
    with serving(answer(status, json.dumps(body).encode())) as server, pytest.raises(kind, match=says):
        caller.embed(server, asked())
