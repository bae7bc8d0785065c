"""Requests to embedding models, and answers as the services write them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.clients.credentials import Key
from shared.clients.embeddings import EmbeddingClient, EmbeddingRequest
from shared.clients.transport import Transport
from shared.embedding_catalog import EmbeddingRoute
from tests.servers import Server

SECONDS = 2.0
TEXTS = ("a lighthouse", "ein Leuchtturm")


def asked(route: EmbeddingRoute = "models", texts: tuple[str, ...] = TEXTS, **more: Any) -> EmbeddingRequest:
    """A request."""
    return EmbeddingRequest("embed-v-4-0", route, texts, **more)


def in_data(*vectors: Any, **more: Any) -> dict[str, Any]:
    """An answer of every route but Cohere's."""
    items = [{"object": "embedding", "index": index, "embedding": vector} for index, vector in enumerate(vectors)]
    return {"object": "list", "model": "embed-v-4-0", "data": items, "usage": {"prompt_tokens": 9}, **more}


def by_type(kind: str, *vectors: Any, **units: Any) -> dict[str, Any]:
    """An answer of Cohere's route."""
    return {
        "response_type": "embeddings_by_type",
        "embeddings": {kind: list(vectors)},
        "meta": {"billed_units": units},
    }


@dataclass(frozen=True)
class Caller:
    """Has vectors computed at a scripted server."""

    folder: Path

    @property
    def answer(self) -> Path:
        """Where answers go."""
        return self.folder / "answer"

    def embed(self, server: Server, request: EmbeddingRequest) -> Any:
        """The answer as JSON."""
        client = EmbeddingClient(server.url.removesuffix("/ocr"), "2024-10-21", Transport(Key("the-key")), SECONDS)
        client.embed(request, self.answer)
        return json.loads(self.answer.read_bytes())
