"""The OCR routes: `/providers/mistral/azure/ocr` on a Foundry resource, and `/v1/ocr` of a serverless deployment."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from local.foundry import errors
from local.foundry.engines import Engines
from local.foundry.gateway import Endpoint
from local.foundry.ocr import annotation, documents, request
from local.foundry.ocr.documents import Document
from local.foundry.ocr.request import AnnotationFormat, Ocr40
from local.foundry.ocr.response import PageWriter
from local.foundry.settings import OCR_MODELS, Settings
from local.foundry.stats import Call

_CONTENT_FILTER = {
    kind: {"filtered": False, "severity": "safe"} for kind in ("hate", "sexual", "violence", "self_harm")
}


def ocr_endpoints(settings: Settings, engines: Engines) -> list[Endpoint]:
    """Both OCR routes; only the Foundry route adds content filter results."""

    async def read_foundry(http: Request) -> OcrOrder:
        return await _read(await http.body(), settings, engines, {"content_filter_results": _CONTENT_FILTER})

    async def read_serverless(http: Request) -> OcrOrder:
        return await _read(await http.body(), settings, engines, {})

    return [
        Endpoint("/providers/mistral/azure/ocr", read_foundry),
        Endpoint("/v1/ocr", read_serverless, keys_only=True),
    ]


async def _read(body: bytes, settings: Settings, engines: Engines, extras: dict[str, Any]) -> "OcrOrder":
    deployment, content = await asyncio.to_thread(request.deployment_of, body)
    model = settings.deployments.get(deployment)
    if model not in OCR_MODELS:
        raise errors.no_deployment(deployment)
    return OcrOrder(deployment, model, content, engines, extras)


@dataclass(frozen=True)
class OcrOrder:
    """A request for a known deployment whose other fields are still to be validated."""

    deployment: str
    model: str
    content: dict[str, Any]
    engines: Engines
    extras: dict[str, Any]

    async def answer(self, call: Call) -> Response:
        """Validate, note the bill, and answer page by page."""
        wanted, document = await asyncio.to_thread(self._validated)
        indices = _chosen(wanted.pages, document.pages)
        annotated = _is_annotated(wanted)
        call.document_sha256 = document.sha256
        call.pages, call.annotation_pages = (0, len(indices)) if annotated else (len(indices), 0)
        return StreamingResponse(self._stream(wanted, document, indices), media_type="application/json")

    def _validated(self) -> tuple[Ocr40, Document]:
        wanted = request.validated(self.content, self.model)
        _check_schemas(wanted)
        return wanted, documents.inspect(wanted.file())

    async def _stream(self, wanted: Ocr40, document: Document, indices: Sequence[int]) -> AsyncIterator[str]:
        writer, texts = PageWriter(wanted), list[str]()
        yield '{"pages":['
        async with aclosing(self.engines.current.read(document, indices)) as readings:
            async for reading in readings:
                page = writer.write(reading)
                yield ("," if texts else "") + json.dumps(page, ensure_ascii=False)
                texts.append(page["markdown"])
        yield "]," + json.dumps(self._ending(wanted, document, texts), ensure_ascii=False)[1:]

    def _ending(self, wanted: Ocr40, document: Document, texts: list[str]) -> dict[str, Any]:
        annotated = _is_annotated(wanted)
        return {
            "model": self.model,
            "document_annotation": _document_annotation(wanted.document_annotation_format, texts),
            "usage_info": {
                "pages_processed": 0 if annotated else len(texts),
                "pages_processed_annotation": len(texts) if annotated else 0,
                "doc_size_bytes": len(document.data),
            },
            **self.extras,
        }


def _check_schemas(wanted: Ocr40) -> None:
    for asked in (wanted.document_annotation_format, wanted.bbox_annotation_format):
        try:
            annotation.check(asked.json_schema.schema_definition if asked else {})
        except ValueError as error:
            raise errors.bad_arguments(str(error)) from error


def _chosen(pages: Sequence[int] | None, available: int) -> list[int]:
    chosen = list(range(available)) if pages is None else list(pages)
    outside = [page for page in chosen if page >= available]
    if outside:
        raise errors.bad_arguments(
            f"Page {outside[0]} was asked for, but the document has {available}; pages start from 0."
        )
    return chosen


def _is_annotated(wanted: Ocr40) -> bool:
    formats = (wanted.document_annotation_format, wanted.bbox_annotation_format)
    return any(asked is not None and asked.followed for asked in formats)


def _document_annotation(asked: AnnotationFormat | None, texts: list[str]) -> str | None:
    if asked is None or not asked.followed:
        return None
    return annotation.annotate(asked.json_schema.schema_definition, "\n".join(texts))
