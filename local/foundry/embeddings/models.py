"""What each embedding model accepts: routes, dimensions, formats and limits.

From Microsoft's tables of Foundry models (2026-04-16 and 2026-10-05), the types of cohere 7.3.1, and public reports for
what those leave open. Of Cohere-Embed-V5-Pro nothing is published but its route: it is taken to be like embed-v-4-0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

Route = Literal["texts", "images", "cohere", "openai"]
MB = 1_000_000
_QUANTISED = ("float", "base64", "int8", "uint8", "binary", "ubinary")


@dataclass(frozen=True)
class EmbeddingModel:
    """One model.

    `dimensions` are what it gives unasked, and the most; `sizes` the others that can be asked for, None for any number
    up to the most. A call has at most `most_inputs`, and `most_images` of them pictures (None: as many as inputs);
    a text has at most `most_tokens`. Sizes of pictures are in bytes, for each one or for all together, and in pixels.
    """

    name: str
    routes: frozenset[Route]
    dimensions: int
    sizes: tuple[int, ...] | None = ()
    formats: tuple[str, ...] = _QUANTISED
    most_inputs: int = 96
    most_images: int | None = None
    most_tokens: int = 512
    pairs: bool = False
    image_bytes: int = 5 * MB
    all_image_bytes: int | None = None
    pixels: int | None = None

    @property
    def is_openai(self) -> bool:
        """Whether it is one of OpenAI's models, which take no input type and refuse in OpenAI's shape."""
        return self.sizes is None

    def gives(self, dimensions: int) -> bool:
        """Whether it makes vectors of this length."""
        if self.sizes is None:
            return 1 <= dimensions <= self.dimensions
        return dimensions == self.dimensions or dimensions in self.sizes


_V3 = EmbeddingModel("Cohere-embed-v3-english", frozenset({"texts", "images", "cohere"}), 1024, most_images=1)
_V4 = EmbeddingModel(
    "embed-v-4-0",
    frozenset({"texts", "images", "cohere", "openai"}),
    1536,
    sizes=(256, 512, 1024),
    pairs=True,
    image_bytes=20 * MB,
    all_image_bytes=20 * MB,
    pixels=2_000_000,
)
_SMALL = EmbeddingModel(
    "text-embedding-3-small",
    frozenset({"texts", "openai"}),
    1536,
    sizes=None,
    formats=("float", "base64"),
    most_inputs=2048,
    most_tokens=8192,
)

EMBEDDING_MODELS: Mapping[str, EmbeddingModel] = {
    model.name: model
    for model in (
        _V3,
        replace(_V3, name="Cohere-embed-v3-multilingual", routes=frozenset({"texts", "cohere"}), most_images=0),
        _V4,
        replace(_V4, name="Cohere-Embed-V5-Pro", routes=frozenset({"cohere"})),
        _SMALL,
        replace(_SMALL, name="text-embedding-3-large", dimensions=3072),
    )
}
