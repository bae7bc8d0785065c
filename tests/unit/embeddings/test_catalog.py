"""What an embedding model does not take is refused in a sentence before anything is sent."""

from datetime import date
from typing import Any

import pytest

from shared.embedding_catalog import (
    EMBEDDING_MODELS,
    EmbeddingModel,
    EmbeddingRoute,
    check,
    route_of,
    takes_images,
    used_usd,
)
from shared.embedding_messages import EmbeddingJob
from shared.errors import Invalid
from shared.messages import EmbeddingUsage

V3, V4, V5 = (EMBEDDING_MODELS[name] for name in ("Cohere-embed-v3-english", "embed-v-4-0", "Cohere-Embed-V5-Pro"))
MULTILINGUAL = EMBEDDING_MODELS["Cohere-embed-v3-multilingual"]
LARGE = EMBEDDING_MODELS["text-embedding-3-large"]
TEXT, PICTURE, MANY = {"text": "a"}, {"image": "images/a.png"}, {"images": "images/all/"}
PAIR = {**PICTURE, **TEXT}


def asked(*inputs: dict[str, str], **options: Any) -> EmbeddingJob:
    """A job."""
    return EmbeddingJob.model_validate({"inputs": inputs or [TEXT], **options})


def refused(model: EmbeddingModel, route: EmbeddingRoute, job: EmbeddingJob) -> str:
    """Why the model cannot do a job."""
    with pytest.raises(Invalid) as raised:
        check(job, model, route)
    assert raised.value.code == "option_not_supported"
    return raised.value.message


@pytest.mark.parametrize(
    ("model", "chosen", "host", "route"),
    [
        (V4, "", "it.services.ai.azure.com", "models"),
        (V4, "", "127.0.0.1", "models"),
        (V4, "", "it.openai.azure.com", "v1"),
        (V4, "", "it.eastus2.models.ai.azure.com", "serverless"),
        (V4, "cohere", "it.openai.azure.com", "cohere"),
        (V4, "deployments", "it.openai.azure.com", "deployments"),
        (V5, "", "it.services.ai.azure.com", "cohere"),
        (LARGE, "", "it.services.ai.azure.com", "v1"),
        (LARGE, "models", "it.services.ai.azure.com", "models"),
    ],
)
def test_a_route_is_chosen_else_the_host_s_else_the_model_s(
    model: EmbeddingModel, chosen: str, host: str, route: str
) -> None:
    """Without any setting each model is asked where it is usually served."""
    assert route_of(model, chosen, host) == route


@pytest.mark.parametrize(
    ("model", "chosen", "host"),
    [(V5, "models", ""), (V5, "", "it.openai.azure.com"), (V3, "v1", ""), (LARGE, "cohere", ""),
     (LARGE, "", "it.eastus2.models.ai.azure.com")],
)  # fmt: skip
def test_a_model_that_is_not_served_on_a_route_is_refused(model: EmbeddingModel, chosen: str, host: str) -> None:
    """The service would answer 404, and the job would wait for an operator."""
    with pytest.raises(Invalid) as raised:
        route_of(model, chosen, host)

    assert model.name in raised.value.message
    assert all(route in raised.value.message for route in model.routes)
    assert "DARKROOM_EMBEDDING_ROUTE" in raised.value.remedy


@pytest.mark.parametrize(
    ("model", "route", "job"),
    [
        (V3, "models", asked(TEXT, PICTURE, MANY, input_type="query", encoding_format="ubinary")),
        (V3, "cohere", asked(PICTURE, dimensions=1024)),
        (V4, "models", asked(PAIR, dimensions=256, input_type="text", encoding_format="base64")),
        (V4, "cohere", asked(PAIR, input_type="document", encoding_format="int8")),
        (V4, "v1", asked(TEXT, encoding_format="base64", dimensions=1536)),
        (V5, "cohere", asked(PAIR, MANY, dimensions=4096)),
        (MULTILINGUAL, "models", asked(TEXT, input_type="document")),
        (LARGE, "deployments", asked(TEXT, dimensions=1)),
        (LARGE, "models", asked(TEXT, dimensions=3072)),
        (LARGE, "v1", asked({"text_blob": "texts/a.txt"}, {"document": "documents/a.pdf"})),
    ],
)
def test_what_a_model_can_do_passes(model: EmbeddingModel, route: EmbeddingRoute, job: EmbeddingJob) -> None:
    """Nothing that works on the service is refused here."""
    check(job, model, route)


@pytest.mark.parametrize(
    ("model", "route", "job", "says"),
    [
        (LARGE, "v1", asked(PICTURE), "text-embedding-3-large takes text only."),
        (MULTILINGUAL, "models", asked(TEXT, MANY), "Cohere-embed-v3-multilingual takes text only."),
        (V4, "v1", asked(PICTURE), "embed-v-4-0 takes text only on the route v1."),
        (V4, "deployments", asked(MANY), "embed-v-4-0 takes text only on the route deployments."),
        (V3, "models", asked(PAIR), "a picture or a text, not both as a pair"),
        (V3, "models", asked(dimensions=512), "no vectors of 512 dimensions; it has 1024."),
        (V4, "models", asked(dimensions=300), "no vectors of 300 dimensions; it has 256, 512, 1024, 1536."),
        (LARGE, "v1", asked(dimensions=3073), "no vectors of 3073 dimensions; it has any up to 3072."),
        (LARGE, "models", asked(input_type="query"), "input_type is not taken by text-embedding-3-large"),
        (V4, "v1", asked(input_type="query"), "input_type is not taken by embed-v-4-0 on the route v1"),
        (V4, "cohere", asked(input_type="text"), "no input_type text"),
        (LARGE, "models", asked(encoding_format="int8"), "does not send int8"),
        (V4, "v1", asked(encoding_format="binary"), "does not send binary on the route v1"),
    ],
)
def test_what_a_model_cannot_do_is_refused_with_its_name(
    model: EmbeddingModel, route: EmbeddingRoute, job: EmbeddingJob, says: str
) -> None:
    """The service would refuse it late, or embed a picture's letters without an error."""
    assert says in refused(model, route, job)


@pytest.mark.parametrize("model", EMBEDDING_MODELS.values(), ids=lambda model: model.name)
def test_pictures_are_for_the_routes_that_take_them(model: EmbeddingModel) -> None:
    """OpenAI's routes take none, whatever the model."""
    found = {route for route in model.routes if takes_images(model, route)}

    assert found == (set(model.routes) - {"v1", "deployments"} if model.images else set())


@pytest.mark.parametrize(
    ("model", "usage", "usd"),
    [
        (V4, EmbeddingUsage(text_tokens=1_000_000, image_tokens=0, images=0), 0.12),
        (V4, EmbeddingUsage(text_tokens=0, image_tokens=1_000_000, images=400), 0.47),
        (V4, EmbeddingUsage(text_tokens=1_000_000, image_tokens=1_000_000, images=1), 0.59),
        (V3, EmbeddingUsage(text_tokens=1_000_000, image_tokens=None, images=1000), 0.2),
        (LARGE, EmbeddingUsage(text_tokens=1_000_000, image_tokens=0, images=0), 0.13),
        (V4, EmbeddingUsage(text_tokens=None, image_tokens=0, images=0), None),
        (V4, EmbeddingUsage(text_tokens=0, image_tokens=None, images=1), None),
        (V3, EmbeddingUsage(text_tokens=0, image_tokens=9, images=None), None),
        (V5, EmbeddingUsage(text_tokens=1, image_tokens=0, images=0), None),
        (V5, EmbeddingUsage(text_tokens=0, image_tokens=0, images=0), 0.0),
    ],
)
def test_a_price_is_of_what_was_counted_and_else_unknown(
    model: EmbeddingModel, usage: EmbeddingUsage, usd: float | None
) -> None:
    """Some models have a price for a picture, others for its tokens; a guess is no price."""
    assert used_usd(model, usage) == usd


def test_the_end_of_openai_s_models_is_known() -> None:
    """A job tells it from that day on."""
    assert LARGE.retired(date(2028, 2, 8)) is None
    assert LARGE.retired(date(2028, 2, 9)) == "The model text-embedding-3-large was retired on 2028-02-09."
