"""Pictures, vectors and refusals for the tests of this folder."""

import base64
import io
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from local.foundry.embeddings import pictures
from local.foundry.embeddings.embedder import embedded
from local.foundry.embeddings.models import EMBEDDING_MODELS, EmbeddingModel
from local.foundry.embeddings.wanted import Input, Wanted
from local.foundry.errors import ServiceError
from local.foundry.images.drawing.picture import drawn
from tests.unit.foundry_images.pictures import wanted as drawing

V4 = EMBEDDING_MODELS["embed-v-4-0"]
V3 = EMBEDDING_MODELS["Cohere-embed-v3-english"]
SMALL = EMBEDDING_MODELS["text-embedding-3-small"]
Vectors = NDArray[np.float32]


@lru_cache
def scene(prompt: str) -> Image.Image:
    """A picture as the emulator draws it."""
    return drawn(drawing(prompt), (640, 480), 0, transparent=False)


def plain(colour: str, size: tuple[int, int] = (64, 64)) -> Image.Image:
    """A picture of one colour."""
    return Image.new("RGB", size, colour)


def file(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The picture as a file."""
    target = io.BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def data_url(content: bytes, kind: str = "image/png") -> str:
    """A file as a base64 data URL."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def shown(picture: Image.Image, kind: str = "PNG", text: str | None = None, **options: Any) -> Input:
    """A picture to embed, with a text if there is one."""
    return Input(text, tuple(pictures.opened([file(picture, kind, **options)], V4)))


def vectors(
    *inputs: Input | str, dimensions: int = 1536, purpose: str = "document", space: str = "any", reading: bool = False
) -> Vectors:
    """One vector a row for pictures and texts."""
    these = tuple(Input(one) if isinstance(one, str) else one for one in inputs)
    return embedded(space, Wanted(these, dimensions, ("float",), purpose), reading)


def likeness(one: Input | str, other: Input | str) -> float:
    """The cosine of the angle between two vectors."""
    first, second = vectors(one, other)
    return float(first @ second)


def refused(
    read: Callable[[Mapping[str, Any], EmbeddingModel], Wanted], content: Mapping[str, Any], model: EmbeddingModel
) -> ServiceError:
    """The refusal that a body gets."""
    with pytest.raises(ServiceError) as refusal:
        read(content, model)
    return refusal.value
