"""What each embedding model accepts, and what it costs.

Facts are those of Microsoft's tables of Foundry models of 2026-04 and 2026-10 and of the `cohere` package 7.3.1, and
where they say nothing, what callers have reported of the Azure endpoints up to 2026-11. Prices are list prices of
2026-11 in US dollars, for estimates only; None is unknown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from shared.embedding_messages import EmbeddingJob
from shared.errors import Invalid
from shared.lifecycle import Retirable
from shared.messages import EmbeddingUsage

EmbeddingRoute = Literal["models", "cohere", "v1", "deployments", "serverless"]
MB = 1_000_000
_OPENAI_ROUTES: tuple[EmbeddingRoute, ...] = ("v1", "deployments")
_QUANTISED = frozenset({"float", "base64", "int8", "uint8", "binary", "ubinary"})


@dataclass(frozen=True)
class EmbeddingModel(Retirable):
    """One embedding model.

    `routes` are those that serve it, the usual first. `sizes` are the dimensions that can be asked for (empty: it has
    but one), `any_size` that every number up to the largest can; `dimensions` is what it gives unasked, None where
    nobody tells. A picture has at most `max_pixels` and `max_image_bytes`, and sides of `min_side` or more. A text has
    at most `text_tokens`, a call `texts_a_call` texts. Prices are for a million tokens, and for one picture.
    """

    name: str
    routes: tuple[EmbeddingRoute, ...]
    dimensions: int | None
    sizes: tuple[int, ...] = ()
    any_size: bool = False
    images: bool = True
    pairs: bool = False
    formats: frozenset[str] = _QUANTISED
    texts_a_call: int = 96
    text_tokens: int = 512
    max_pixels: int = 2 * MB
    max_image_bytes: int = 5 * MB
    min_side: int = 32
    retired_on: date | None = None
    successor: str | None = None
    usd_text_tokens: float | None = None
    usd_image_tokens: float | None = None
    usd_image: float | None = None

    def takes(self, dimensions: int) -> bool:
        """Whether vectors of this length can be asked for."""
        if self.any_size:
            return dimensions <= (self.dimensions or 0)
        return dimensions in self.sizes or dimensions == self.dimensions or not (self.sizes or self.dimensions)


EMBEDDING_MODELS: Mapping[str, EmbeddingModel] = {
    model.name: model
    for model in (
        EmbeddingModel(
            "Cohere-embed-v3-english", ("models", "serverless", "cohere"), 1024, usd_text_tokens=0.1, usd_image=0.0001
        ),
        EmbeddingModel(
            "Cohere-embed-v3-multilingual", ("models", "serverless", "cohere"), 1024, images=False, usd_text_tokens=0.1
        ),
        EmbeddingModel(
            "embed-v-4-0",
            ("models", "cohere", "v1", "deployments", "serverless"),
            1536,
            sizes=(256, 512, 1024, 1536),
            pairs=True,
            max_image_bytes=20 * MB,
            usd_text_tokens=0.12,
            usd_image_tokens=0.47,
        ),
        EmbeddingModel("Cohere-Embed-V5-Pro", ("cohere",), None, pairs=True, max_image_bytes=20 * MB),
        *(
            EmbeddingModel(
                f"text-embedding-3-{size}",
                ("v1", "deployments", "models"),
                dimensions,
                any_size=True,
                images=False,
                formats=frozenset({"float", "base64"}),
                texts_a_call=2048,
                text_tokens=8192,
                retired_on=date(2028, 2, 9),
                usd_text_tokens=price,
            )
            for size, dimensions, price in (("small", 1536, 0.02), ("large", 3072, 0.13))
        ),
    )
}


def route_of(model: EmbeddingModel, chosen: str, host: str) -> EmbeddingRoute:
    """The route for a model: the chosen one, else the endpoint's by its host, else the model's usual.

    Raises:
        Invalid: the model is not served there.
    """
    told = chosen or usual_route(host)
    for route in model.routes:
        if route == told or not told:
            return route
    raise Invalid(
        f"The model {model.name} is not served on the route {told}; it is on {', '.join(model.routes)}.",
        code="option_not_supported",
        remedy="Name another model, or change DARKROOM_EMBEDDING_ROUTE.",
    )


def usual_route(host: str) -> str:
    """The route that an endpoint's host has, empty where it has several."""
    if host.endswith(".models.ai.azure.com"):
        return "serverless"
    return "v1" if host.endswith(".openai.azure.com") else ""


def check(job: EmbeddingJob, model: EmbeddingModel, route: EmbeddingRoute) -> None:
    """Let a job pass that the model can do on this route.

    Raises:
        Invalid: it cannot, with the option and the model in one sentence.
    """
    for refusal in [*_inputs(job, model, route), *_options(job, model, route)]:
        raise Invalid(refusal, code="option_not_supported")


def takes_images(model: EmbeddingModel, route: EmbeddingRoute) -> bool:
    """Whether pictures can be embedded; a data URL on an OpenAI route is embedded as text, without an error."""
    return model.images and route not in _OPENAI_ROUTES


def takes_input_type(model: EmbeddingModel, route: EmbeddingRoute) -> bool:
    """Whether it can be told what is to be found and what to find with."""
    return route not in _OPENAI_ROUTES and not model.any_size


def _inputs(job: EmbeddingJob, model: EmbeddingModel, route: EmbeddingRoute) -> list[str]:
    pictures = any(one.image or one.images for one in job.inputs)
    pairs = any(one.image and one.text is not None for one in job.inputs)
    if pictures and not takes_images(model, route):
        where = f" on the route {route}" if model.images else ""
        return [f"The model {model.name} takes text only{where}."]
    if pairs and not model.pairs:
        return [f"The model {model.name} takes a picture or a text, not both as a pair."]
    return []


def _options(job: EmbeddingJob, model: EmbeddingModel, route: EmbeddingRoute) -> list[str]:
    found = []
    if job.dimensions is not None and not model.takes(job.dimensions):
        sizes = (
            f"any up to {model.dimensions}"
            if model.any_size
            else ", ".join(map(str, model.sizes or (model.dimensions,)))
        )
        found.append(f"The model {model.name} has no vectors of {job.dimensions} dimensions; it has {sizes}.")
    if job.input_type is not None and not takes_input_type(model, route):
        found.append(f"The option input_type is not taken by {model.name} on the route {route}.")
    if job.input_type == "text" and route == "cohere":
        found.append("The route cohere has no input_type text; choose document or query.")
    if job.encoding_format not in (model.formats & {"float", "base64"} if route in _OPENAI_ROUTES else model.formats):
        found.append(f"The model {model.name} does not send {job.encoding_format} on the route {route}.")
    return found


def used_usd(model: EmbeddingModel, usage: EmbeddingUsage) -> float | None:
    """What the paid calls of a job cost, by what the service counted; None when a count or a price is not known."""
    images = (
        (usage.images, model.usd_image)
        if model.usd_image is not None
        else (usage.image_tokens, _a_token(model.usd_image_tokens))
    )
    parts = [(usage.text_tokens, _a_token(model.usd_text_tokens)), images]
    if any(count is None or (count and price is None) for count, price in parts):
        return None
    return round(sum((count or 0) * (price or 0.0) for count, price in parts), 6)


def _a_token(usd_a_million: float | None) -> float | None:
    return None if usd_a_million is None else usd_a_million / 1e6
