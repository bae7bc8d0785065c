"""Whatever a service answers, it is a result, or one of the errors that decide what happens next."""

import json
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients.credentials import Key
from shared.clients.embedding_answer import EmbeddingAnswer
from shared.clients.embeddings import EmbeddingRequest
from shared.clients.image_answer import ImageAnswer
from shared.clients.images import ImageClient, ImageRequest
from shared.clients.multipart import Form
from shared.clients.ocr_answer import OcrAnswer
from shared.clients.refusals import Refusal
from shared.clients.retry_after import LONGEST, retry_after
from shared.clients.sse import events
from shared.clients.transport import Transport
from shared.errors import DarkroomError, Deferred, Permanent, Unavailable
from shared.names import BlobRef
from shared.pipelines.results import ResultFiles
from tests.fakes import MemoryStorage
from tests.properties.anything import MANY, NUMBERS, SOME, TEXT, VALUES, as_json, no_json, objects

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = st.sampled_from(["img-0.jpeg", "../../x", "a/b", "..", ".", "tbl-0", "\\", ""]) | TEXT
PICTURES = st.sampled_from(["data:image/png;base64,iVBORw0KGgo=", "iVBORw0KGgo=", "data:,x"]) | TEXT
FIGURE = {"id": NAMES, "image_base64": PICTURES, "image_annotation": st.sampled_from(['{"a": 1}', "x"])}
TABLE = {"id": NAMES, "content": TEXT, "format": st.sampled_from(["html", "markdown"])}
PAGE = {
    "index": st.integers(0, 3),
    "markdown": NAMES.map("![{0}]({0}) <script>".format) | TEXT,
    "images": st.lists(objects(FIGURE), max_size=3),
    "tables": st.lists(objects(TABLE), max_size=3),
}
OCR_ANSWERS = objects(
    {
        "pages": st.lists(objects(PAGE), max_size=3),
        "usage_info": objects({"pages_processed": st.integers(), "doc_size_bytes": st.floats()}),
        "document_annotation": st.sampled_from(['{"a": NaN}', '{"a": 1}', "["]),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples."""
    return tmp_path_factory.mktemp("answers")


@MANY
@given(answer=as_json(OCR_ANSWERS) | no_json(OCR_ANSWERS | VALUES))
def test_any_ocr_answer_is_pages_or_no_answer(folder: Path, answer: bytes) -> None:
    """And what it calls its figures and tables stays in the folder of the results."""
    path = folder / "answer.json"
    path.write_bytes(answer)
    storage = MemoryStorage()
    try:
        read = OcrAnswer.read(path)
        results = ResultFiles(storage, "ocr/a.pdf", folder, {"model": "m"})
        for number, page in enumerate(read.pages(), 1):
            results.add(number, page)
        results.close([{"annotation": read.annotation}])
    except (Unavailable, Permanent):
        return
    for ref, (_, content) in storage.blobs.items():
        assert ref.name.startswith("ocr/a.pdf/")
        assert BlobRef.parse(str(ref)) == ref
        if ref.name.endswith("document.json"):
            json.loads(content, parse_constant=pytest.fail)


ERRORS = objects(
    {
        "code": st.sampled_from(["contentFilter", "429", "DeploymentNotFound", "3310"]) | TEXT,
        "type": TEXT,
        "message": TEXT | objects({"detail": VALUES}),
        "detail": st.lists(objects({"loc": VALUES, "msg": TEXT, "type": st.just("extra_forbidden")})),
        "inner_error": objects({"code": TEXT, "content_filter_results": st.dictionaries(TEXT, VALUES, max_size=2)}),
        "moderation_details": objects({"moderation_stage": TEXT, "categories": st.lists(TEXT | VALUES)}),
    }
)
IMAGE_ANSWERS = objects(
    {
        "data": st.lists(objects({"b64_json": PICTURES, "url": TEXT, "revised_prompt": TEXT}), max_size=3),
        "usage": objects({"output_tokens": st.integers(), "input_tokens_details": VALUES}),
        "error": ERRORS,
        "type": st.sampled_from(["image_generation.completed", "image_edit.partial_image"]),
        "b64_json": PICTURES,
        "partial_image_index": st.integers(0, 3),
    }
)


@MANY
@given(answer=as_json(IMAGE_ANSWERS) | no_json(IMAGE_ANSWERS | VALUES))
def test_any_image_answer_is_pictures_or_no_answer(folder: Path, answer: bytes) -> None:
    """Its pictures are files beside it, whatever it says."""
    path = folder / "call-1"
    path.write_bytes(answer)
    try:
        read = ImageAnswer.read(path)
    except Unavailable:
        return
    assert read.pictures
    assert all(p.path.parent == folder and p.path.exists() for p in read.pictures if p.path)


VECTORS = st.just([0.5, 1, 0]) | st.just("AACAPwAAAEAAAAAA") | st.lists(st.integers(-200, 300) | NUMBERS, max_size=3)
ENTRIES = st.integers(1, 2).flatmap(
    lambda count: st.tuples(
        *[st.fixed_dictionaries({"index": st.just(at), "embedding": VECTORS}) for at in range(count)]
    )
)
PLACES: dict[str, st.SearchStrategy[Any]] = {
    "data": ENTRIES,
    "embeddings": st.fixed_dictionaries({name: st.lists(VECTORS, max_size=2) for name in ("float", "uint8")}),
    "usage": objects({"prompt_tokens": NUMBERS}),
    "meta": objects({"billed_units": objects({"input_tokens": NUMBERS, "images": NUMBERS})}),
}
EMBEDDING_ANSWERS = objects(PLACES) | st.fixed_dictionaries(PLACES)
REQUESTS = st.builds(
    EmbeddingRequest,
    deployment=st.just("m"),
    route=st.sampled_from(["v1", "cohere", "models"]),
    texts=st.sampled_from([("one",), ("one", "two")]),
    encoding_format=st.sampled_from(["float", "base64", "binary", "uint8"]),
)


@MANY
@given(answer=as_json(EMBEDDING_ANSWERS) | no_json(EMBEDDING_ANSWERS), asked=REQUESTS)
def test_any_embedding_answer_is_vectors_or_no_answer(folder: Path, answer: bytes, asked: EmbeddingRequest) -> None:
    """As many as were asked for, of one length, and of finite numbers."""
    path = folder / "vectors"
    path.write_bytes(answer)
    try:
        read = EmbeddingAnswer.read(path, asked, None)
    except (Unavailable, Permanent):
        return
    assert len(read.vectors) == asked.vectors
    assert len({vector.dimensions for vector in read.vectors}) == 1
    assert all(math.isfinite(number) for vector in read.vectors for number in vector.floats())


@SOME
@given(count=NUMBERS | VALUES)
def test_any_count_is_a_number_or_unknown(folder: Path, count: Any) -> None:
    """What is billed is told in numbers; whatever else stands there costs no answer that is paid.

    An OCR answer with a number above 64 bits is none, for its parser reads no such number anywhere.
    """
    path = folder / "counted"

    def told(**answer: Any) -> Path:
        path.write_text(json.dumps(answer))
        return path

    texts = EmbeddingRequest("m", "v1", ("one",))
    counts = [
        ImageAnswer.read(told(data=[{"url": "x"}], usage={"output_tokens": count})).usage.out,
        EmbeddingAnswer.read(
            told(data=[{"index": 0, "embedding": [1]}], usage={"prompt_tokens": count}), texts, None
        ).usage.text_tokens,
        EmbeddingAnswer.read(
            told(embeddings={"float": [[1]]}, meta={"billed_units": {"input_tokens": count}}),
            replace(texts, route="cohere"),
            None,
        ).usage.text_tokens,
    ]
    with suppress(Unavailable):
        counts.append(OcrAnswer.read(told(pages=[], usage_info={"pages_processed": count})).usage.pages)
    assert all(known is None or isinstance(known, int) for known in counts)


class Says(Transport):
    """Answers with these bytes in these pieces, instead of asking anybody."""

    def exchange(self, url: str, body: object, take: Callable[[str, Any], None], **_: Any) -> None:
        take(*self.answer)

    answer: tuple[str, list[bytes]]


STREAMS = st.lists(
    st.sampled_from([b"data:", b"data: ", b"\n", b"\r\n", b"\n\n", b": ping\n\n", b"event: x\n", b"[DONE]", b"id"])
    | as_json(IMAGE_ANSWERS).map(lambda event: b"data: " + event + b"\n\n")
    | st.binary(max_size=20),
    max_size=8,
)


@MANY
@given(pieces=STREAMS)
def test_any_stream_gives_a_picture_or_an_error_that_decides(folder: Path, pieces: list[bytes]) -> None:
    """Wherever it is cut, and whatever errors it carries."""
    transport = Says(Key("unused"))
    object.__setattr__(transport, "answer", ("text/event-stream", pieces))
    client = ImageClient("http://nowhere", "v1", "", transport, 1)
    request = ImageRequest("generate", "gpt-image-2", {"stream": True})
    try:
        answer = client.make(request, folder / "call-2", lambda index, picture: None)
    except DarkroomError:
        return
    assert answer.pictures


@MANY
@given(pieces=st.lists(st.binary(max_size=12) | st.sampled_from([b"data:", b"\n\n", b"\r", b"[DONE]"]), max_size=12))
def test_a_stream_has_the_same_events_however_it_is_cut(folder: Path, pieces: list[bytes]) -> None:
    """Bytes come as networks like it."""

    def read(cut: list[bytes]) -> list[bytes]:
        return [event.read_bytes() for event in events(cut, folder / "event")]

    whole = b"".join(pieces)
    assert read(pieces) == read([whole]) == read([whole[at : at + 1] for at in range(len(whole))])


@MANY
@given(
    status=st.integers(100, 999) | st.sampled_from([400, 401, 403, 404, 413, 422, 429, 500]),
    body=as_json(ERRORS | st.fixed_dictionaries({"error": ERRORS})) | no_json(ERRORS | VALUES),
    headers=st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), TEXT),
)
def test_any_error_is_one_that_decides(status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """And its words are few."""
    refusal = Refusal.read(status, body)
    for error in (refusal.error("ocr", headers, NOW), refusal.without_status("ocr", NOW)):
        assert isinstance(error, Deferred | Permanent)
        assert len(error.message) < 1500


PAUSES = (
    st.integers().map(str)
    | st.floats().map(str)
    | st.sampled_from(
        ["Fri, 20 Nov 2026 12:00:07 GMT", "Fri, 20 Nov 99999 12:00:07 +9999999", ",", "Fri, ", "1 2 3 4 5"]
    )
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,3} [A-Z][a-z]{2} \d{1,6} [\d:]{1,10} ?[+-]?[\dA-Z]{0,12}", fullmatch=True)
    | st.text()
)
WORDS = TEXT | st.tuples(PAUSES, st.sampled_from(["s", "ms", "minutes", "years"])).map(
    lambda told: f"Please retry after {told[0]} {told[1]}."
)


@MANY
@given(headers=st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), PAUSES), words=WORDS)
def test_any_pause_is_between_nothing_and_a_day(headers: Mapping[str, str], words: str) -> None:
    """No header can put a job off for ever, or bring down its worker."""
    pause = retry_after(headers, words, NOW)
    assert pause is None or 0 <= pause <= LONGEST


@SOME
@given(fields=st.lists(st.tuples(st.sampled_from(["prompt", "size"]), st.text()), max_size=4))
def test_no_field_of_a_form_can_end_it(fields: list[tuple[str, str]]) -> None:
    """The boundary is not to be guessed: what a prompt says stays in its field."""
    form = Form(fields, [])
    boundary = form.content_type.partition("boundary=")[2].encode()
    body = b"".join(form)
    assert len(form) == len(body)
    assert body.count(boundary) == len(fields) + 1
