"""Which engine reads documents: the OCR engine, or an instant one for benchmarks."""

from collections.abc import AsyncGenerator, Sequence
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from local.foundry.ocr.documents import Document
from local.foundry.ocr.instant import InstantEngine
from local.foundry.ocr.page import PageReading
from local.foundry.ocr.reader import Reader


class EngineSettings(BaseModel):
    """The body of PUT /emulator/engine; times in seconds, the figure's size in bytes, both for `instant` only."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: Literal["ocr", "instant"] = "ocr"
    seconds_per_page: float = Field(default=0.1, ge=0)
    figure_bytes: int = Field(default=0, ge=0)


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
