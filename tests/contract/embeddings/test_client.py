"""Our embedding client against the running emulator: vectors on every route, and refusals told as what they are."""

import io
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from shared.chunks import chunks
from shared.clients.credentials import Entra, Key
from shared.clients.embedding_answer import EmbeddingAnswer
from shared.clients.embeddings import EmbeddingClient, EmbeddingRequest
from shared.clients.transport import Credential, Transport
from shared.embedding_catalog import EMBEDDING_MODELS, EmbeddingRoute, check, takes_images
from shared.embedding_messages import EmbeddingJob
from shared.embedding_pictures import fit
from shared.errors import DarkroomError, Incomplete, Invalid, NotDeployed, Throttled, Unauthorised, Unavailable
from shared.settings import COGNITIVE_SCOPE
from tests.contract.embeddings.official import FORMS, control, stats
from tests.contract.tokens import Tokens

V3, V4, SMALL = "Cohere-embed-v3-english", "embed-v-4-0", "text-embedding-3-small"
SERVED = [(name, route) for name, model in EMBEDDING_MODELS.items() for route in model.routes]
SEEING = [(name, route) for name, route in SERVED if takes_images(EMBEDDING_MODELS[name], route)]
SPOILED = (
    ("empty", Unavailable, "not complete JSON"),
    ("null", Unavailable, "without vectors"),
    ("cut", Unavailable, "connection"),
    ("reset", Unavailable, "connection"),
    ("one_vector", Incomplete, "3 inputs with 1 vectors"),
    ("short_vectors", Incomplete, "dimensions instead of 1536"),
    ("nan_vectors", Incomplete, "finite"),
    ("zero_vectors", Incomplete, "zeros"),
)
TEXTS = ("a lighthouse at dusk", "the lighthouse at dusk", "invoices of the third quarter")


@dataclass(frozen=True)
class Service:
    """The emulator, and a client of it."""

    url: str
    folder: Path

    def embed(
        self, request: EmbeddingRequest, *, credential: Credential | None = None, seconds: float = 20
    ) -> EmbeddingAnswer:
        """The vectors of a request, of the length that the catalogue or the request promises."""
        client = EmbeddingClient(self.url, "2024-10-21", Transport(credential or Key("local-key")), seconds)
        client.embed(request, self.folder / "answer")
        promised = request.dimensions or EMBEDDING_MODELS[request.deployment].dimensions
        return EmbeddingAnswer.read(self.folder / "answer", request, promised)

    def picture(self, image: Image.Image, kind: str = "PNG") -> Path:
        """A picture, as a model gets it."""
        path = self.folder / f"{random.randrange(10**9)}"
        image.save(path, kind)
        fitted, _ = fit(path, path.with_suffix(".png"), EMBEDDING_MODELS[V3])
        return fitted


@pytest.fixture
def service(url: str, tmp_path: Path) -> Service:
    """The emulator as new."""
    return Service(url, tmp_path)


def scene(seed: int) -> Image.Image:
    """A picture of its own colours and shapes."""
    colours = random.Random(seed)
    small = Image.new("RGB", (6, 4))
    small.putdata([(colours.randrange(256), colours.randrange(256), colours.randrange(256)) for _ in range(24)])
    return small.resize((480, 320), Image.Resampling.BICUBIC)


def likeness(answer: EmbeddingAnswer) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The cosine of each vector with each."""
    vectors = np.array([vector.floats() for vector in answer.vectors], np.float64)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors @ vectors.T)


@pytest.mark.parametrize(("model", "route"), SERVED)
def test_texts_have_vectors_wherever_the_catalogue_says(service: Service, model: str, route: EmbeddingRoute) -> None:
    """In order, and near each other where the texts are."""
    answer = service.embed(EmbeddingRequest(model, route, TEXTS))

    alike = likeness(answer)
    assert alike[0, 1] > alike[0, 2]
    assert answer.usage.text_tokens
    assert answer.usage.images == 0


@pytest.mark.parametrize(("model", "route"), SEEING)
def test_pictures_have_vectors_wherever_the_catalogue_says(service: Service, model: str, route: EmbeddingRoute) -> None:
    """A photograph in JPEG is near its smaller copy, and not near another."""
    whole, other = scene(1), scene(2)
    files = [
        service.picture(image, kind)
        for image, kind in ((whole, "JPEG"), (whole.resize((240, 160)), "PNG"), (other, "PNG"))
    ]

    answers = [service.embed(EmbeddingRequest(model, route, image=file)) for file in files]

    alike = likeness(EmbeddingAnswer(tuple(answer.vectors[0] for answer in answers), answers[0].usage))
    assert alike[0, 1] > 0.9 > alike[0, 2]
    assert [answer.usage.images for answer in answers] == [1, 1, 1]
    assert stats(service.url)["vectors"]["billed"] == 3


@pytest.mark.parametrize(("model", "route"), [served for served in SEEING if EMBEDDING_MODELS[served[0]].pairs])
def test_a_pair_has_one_vector_between_the_picture_and_the_text(
    service: Service, model: str, route: EmbeddingRoute
) -> None:
    """Both have a part in it."""
    file = service.picture(scene(1))

    alone, pair = (service.embed(EmbeddingRequest(model, route, texts, file)) for texts in ((), ("a red lighthouse",)))
    text = service.embed(EmbeddingRequest(model, route, ("a red lighthouse",)))

    alike = likeness(EmbeddingAnswer((*alone.vectors, *pair.vectors, *text.vectors), pair.usage))
    assert alike[0, 1] > alike[0, 2] + 0.1
    assert alike[1, 2] > alike[0, 2] + 0.1


@pytest.mark.parametrize("encoding_format", FORMS)
@pytest.mark.parametrize(("model", "route"), SERVED)
def test_formats_are_sent_where_the_catalogue_says_and_refused_elsewhere(
    service: Service, model: str, route: EmbeddingRoute, encoding_format: str
) -> None:
    """Whatever the format, like texts stay alike."""
    request = EmbeddingRequest(model, route, TEXTS, encoding_format=encoding_format)
    try:
        _check(model, route, encoding_format=encoding_format)
    except Invalid:
        with pytest.raises(Invalid):
            service.embed(request)
        return

    alike = likeness(service.embed(request))

    assert alike[0, 1] > alike[0, 2]


@pytest.mark.parametrize("encoding_format", ["base64", "int8", "binary", "ubinary"])
def test_a_format_is_another_form_of_the_same_vector(service: Service, encoding_format: str) -> None:
    """Base64 to the last bit, bits by their signs."""
    plain, packed = (
        service.embed(EmbeddingRequest(V4, "models", TEXTS[:1], encoding_format=form)).vectors[0].floats()
        for form in ("float", encoding_format)
    )

    if encoding_format == "base64":
        assert list(packed) == pytest.approx(list(plain), abs=1e-8)
    else:
        agreeing = sum((one > 0) == (two > 0) for one, two in zip(plain, packed, strict=True) if two)
        assert agreeing == sum(two != 0 for two in packed)


@pytest.mark.parametrize("dimensions", [1, 256, 300, 1024, 1536, 3072])
@pytest.mark.parametrize(("model", "route"), [one for one in SERVED if one[0] != "Cohere-Embed-V5-Pro"])
def test_dimensions_are_had_where_the_catalogue_says_and_refused_elsewhere(
    service: Service, model: str, route: EmbeddingRoute, dimensions: int
) -> None:
    """Nothing is forbidden that would have worked, and what is asked for comes."""
    request = EmbeddingRequest(model, route, TEXTS[:1], dimensions=dimensions)
    try:
        _check(model, route, dimensions=dimensions)
    except Invalid:
        with pytest.raises(Invalid):
            service.embed(request)
        return

    assert service.embed(request).vectors[0].dimensions == dimensions


@pytest.mark.parametrize("input_type", ["document", "query", "text"])
@pytest.mark.parametrize(("model", "route"), SERVED)
def test_input_types_are_taken_where_the_catalogue_says(
    service: Service, model: str, route: EmbeddingRoute, input_type: str
) -> None:
    """On the routes of OpenAI there is none, and none is sent."""
    request = EmbeddingRequest(model, route, TEXTS[:1], input_type=input_type)
    try:
        _check(model, route, input_type=input_type)
    except Invalid:
        if route == "cohere" or (route == "models" and input_type != "text"):  # else it is not sent, or says nothing
            with pytest.raises(Invalid):
                service.embed(request)
        return

    assert service.embed(request).vectors


@pytest.mark.parametrize(("model", "route"), SERVED)
def test_as_many_texts_go_into_a_call_as_the_catalogue_says(
    service: Service, model: str, route: EmbeddingRoute
) -> None:
    """And one more is refused by the service."""
    most = EMBEDDING_MODELS[model].texts_a_call
    dimensions = 16 if model.startswith("text-embedding") else None

    answer = service.embed(EmbeddingRequest(model, route, ("a",) * most, dimensions=dimensions))

    assert len(answer.vectors) == most
    with pytest.raises(Invalid, match=str(most)):
        service.embed(EmbeddingRequest(model, route, ("a",) * (most + 1), dimensions=dimensions))


@pytest.mark.parametrize("model", [V4, SMALL])
def test_chunks_are_short_enough_for_the_service(service: Service, model: str) -> None:
    """A text that is too long is refused, and its chunks are not."""
    route: EmbeddingRoute = "cohere" if model == V4 else "v1"
    text = " ".join(f"Paragraph {number} tells, in short words, of a lighthouse.\n\n" for number in range(2000))

    with pytest.raises(Invalid, match="tokens"):
        service.embed(EmbeddingRequest(model, route, (text,)))

    found = [chunk.text for chunk in chunks(text, EMBEDDING_MODELS[model].text_tokens)]
    assert len(service.embed(EmbeddingRequest(model, route, tuple(found[:20]))).vectors) == min(20, len(found))


@pytest.mark.parametrize(("model", "route"), SERVED)
def test_a_token_of_entra_opens_what_a_key_opens(service: Service, model: str, route: EmbeddingRoute) -> None:
    """But for the serverless endpoints, which know keys alone."""
    request = EmbeddingRequest(model, route, TEXTS)
    entra = Entra(Tokens(), COGNITIVE_SCOPE)
    if route == "serverless":
        with pytest.raises(Unauthorised):
            service.embed(request, credential=entra)
    else:
        assert service.embed(request, credential=entra).vectors


@pytest.mark.parametrize(("model", "route"), SERVED)
def test_a_wrong_key_is_unauthorised(service: Service, model: str, route: EmbeddingRoute) -> None:
    """And not in the sentence that tells it."""
    with pytest.raises(Unauthorised) as raised:
        service.embed(EmbeddingRequest(model, route, TEXTS), credential=Key("wrong-canary"))

    assert "canary" not in raised.value.message


@pytest.mark.parametrize("route", ["models", "cohere", "v1", "deployments"])
def test_an_unknown_deployment_is_told_as_such(service: Service, route: EmbeddingRoute) -> None:
    """It waits for an operator, who learns its name."""
    with pytest.raises(NotDeployed, match="no deployment named nobody"):
        service.embed(EmbeddingRequest("nobody", route, TEXTS))


def test_a_model_on_a_route_that_it_is_not_on_is_told_as_such(service: Service) -> None:
    """The newest model is on Cohere's route alone."""
    with pytest.raises(NotDeployed, match="no such route for Cohere-Embed-V5-Pro"):
        service.embed(EmbeddingRequest("Cohere-Embed-V5-Pro", "models", TEXTS))


@pytest.mark.parametrize("route", ["models", "cohere"])
def test_a_picture_of_two_pixels_breaks_the_service_and_is_refused_before(
    service: Service, route: EmbeddingRoute
) -> None:
    """The service answers 500, which would be tried again for hours."""
    path = service.folder / "tiny.png"
    Image.new("RGB", (2, 2)).save(path)

    with pytest.raises(Unavailable, match="HTTP 500"):
        service.embed(EmbeddingRequest(V4, route, image=path))
    with pytest.raises(Invalid, match="32"):
        fit(path, path, EMBEDDING_MODELS[V4])


@pytest.mark.parametrize("route", ["models", "cohere"])
def test_a_picture_of_many_megapixels_fits_afterwards(service: Service, route: EmbeddingRoute) -> None:
    """The service refuses it as it is."""
    big = io.BytesIO()
    scene(1).resize((3000, 2000)).save(big, "PNG")
    path = service.folder / "big.png"
    path.write_bytes(big.getvalue())

    with pytest.raises(Invalid):
        service.embed(EmbeddingRequest(V4, route, image=path))
    fitted, _ = fit(path, service.folder / "fitted.png", EMBEDDING_MODELS[V4])
    assert service.embed(EmbeddingRequest(V4, route, image=fitted)).vectors


@pytest.mark.parametrize(
    ("route", "kind", "error", "says"),
    [(route, *spoiled) for route in ("models", "cohere", "v1") for spoiled in SPOILED]
    + [(route, kind, Incomplete, "which input") for route in ("models", "v1") for kind in ("same_index", "no_index")],
)
def test_a_spoiled_answer_is_caught(
    service: Service, route: EmbeddingRoute, kind: str, error: type[DarkroomError], says: str
) -> None:
    """No vector of it gets to a user; the next answer is good."""
    control(service.url, "POST", "faults", kind=kind)
    request = EmbeddingRequest(V4, route, TEXTS)

    with pytest.raises(error) as raised:
        service.embed(request)

    assert says in raised.value.message
    assert len(service.embed(request).vectors) == 3


@pytest.mark.parametrize(("model", "route"), SERVED)
def test_a_pause_is_understood_on_every_route(service: Service, model: str, route: EmbeddingRoute) -> None:
    """With its seconds."""
    control(service.url, "POST", "faults", kind="status", status=429, after_seconds=7)

    with pytest.raises(Throttled) as raised:
        service.embed(EmbeddingRequest(model, route, TEXTS))

    assert raised.value.after == 7


def _check(model: str, route: EmbeddingRoute, **options: Any) -> None:
    check(EmbeddingJob.model_validate({"inputs": [{"text": "a"}], **options}), EMBEDDING_MODELS[model], route)
