"""What a request asks for, whatever dialect it came in."""

import hashlib
from dataclasses import dataclass
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from local.foundry.embeddings import tokens
from local.foundry.embeddings.pictures import Picture


@dataclass(frozen=True)
class Input:
    """One thing to embed: a text, a picture, or both; on Cohere's own route there may be several pictures."""

    text: str | None = None
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class Wanted:
    """The inputs in order, the length of their vectors, the forms to send them in, and what they are for.

    `purpose` is `document`, `query` or another word that moves a vector a little, as an input type does.
    """

    inputs: tuple[Input, ...]
    dimensions: int
    forms: tuple[str, ...]
    purpose: str

    @property
    def text_tokens(self) -> int:
        """The tokens of all texts."""
        return sum(tokens.count(one.text) for one in self.inputs if one.text is not None)

    @property
    def pictures(self) -> list[Picture]:
        """The pictures of all inputs."""
        return [picture for one in self.inputs for picture in one.pictures]

    @property
    def image_tokens(self) -> int:
        """The tokens of all pictures."""
        return sum(picture.tokens for picture in self.pictures)


def identifier(vectors: NDArray[np.float32]) -> str:
    """The id of an answer, the same for the same vectors."""
    return str(UUID(bytes=hashlib.sha256(vectors.tobytes()).digest()[:16]))
