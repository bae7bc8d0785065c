"""Which engine reads documents, how pictures are made and vectors computed: what PUT /emulator/engine sets."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from local.foundry.ocr.documents import Document
from local.foundry.ocr.instant import InstantEngine
from local.foundry.ocr.page import PageReading
from local.foundry.ocr.reader import Reader


class EngineSettings(BaseModel):
    """The body of PUT /emulator/engine; times in seconds, sizes in bytes.

    `seconds_per_page` and `figure_bytes` are for `instant` only. For the image endpoints: the model's time for a
    picture, the bytes to which a smaller picture is padded, the number of partial images after which the final one
    comes though more were asked for (null: all come), and whether a stream ends with `data: [DONE]`. For the embedding
    endpoints: the model's time for a call, and whether words that stand in a picture are read.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["ocr", "instant"] = "ocr"
    seconds_per_page: float = Field(default=0.1, ge=0)
    figure_bytes: int = Field(default=0, ge=0)
    seconds_per_picture: float = Field(default=0.0, ge=0)
    picture_bytes: int = Field(default=0, ge=0)
    partial_images_sent: int | None = Field(default=None, ge=0)
    done_mark: bool = False
    seconds_per_embedding_call: float = Field(default=0.0, ge=0)
    read_pictures: bool = False


class Engine(Protocol):
    """Reads pages of a document."""

    def read(self, document: Document, indices: Sequence[int]) -> AsyncGenerator[PageReading, None]:
        """The pages in the order asked for."""


class Engines:
    """The engine in use; the OCR engine is kept when another is chosen, because it is slow to load."""

    def __init__(self) -> None:
        """Start with the OCR engine, which loads nothing until its first page."""
        self._ocr = Reader()
        self.configure(EngineSettings())

    def configure(self, settings: EngineSettings) -> None:
        """Choose the engine for the requests to come."""
        self.settings = settings
        self.current: Engine = self._ocr
        if settings.engine == "instant":
            self.current = InstantEngine(settings.seconds_per_page, settings.figure_bytes)

    def close(self) -> None:
        """Give up pages that wait to be read."""
        self._ocr.close()
