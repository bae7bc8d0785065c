"""The OCR endpoints of Mistral's models on Azure AI Foundry.

Two routes serve the same request: `/providers/mistral/azure/ocr` on a Foundry resource and `/v1/ocr` on a serverless
deployment. On Azure both take files as base64 data URLs only, and `model` is the name of the deployment.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.catalog import OcrModel
from shared.clients.body import FileInJson
from shared.clients.ocr_answer import OcrAnswer
from shared.clients.transport import Transport
from shared.documents import PDF
from shared.errors import Invalid, Unsupported
from shared.messages import OcrOptions, Schema

log = logging.getLogger("darkroom.clients.ocr")

_PATHS = {"foundry": "/providers/mistral/azure/ocr", "serverless": "/v1/ocr"}
_SERVERLESS_HOSTS = ".models.ai.azure.com"
_OPTION_OF = {
    "include_image_base64": "include_figures",
    "table_format": "table_format",
    "document_annotation_format": "annotation_schema",
    "bbox_annotation_format": "figure_annotation_schema",
}


def ocr_url(endpoint: str, route: str) -> str:
    """The address to post to: an endpoint that has a path as it is, else with its route's, if need be by its host."""
    if urlsplit(endpoint).path.strip("/"):
        return endpoint
    host = urlsplit(endpoint).hostname or ""
    return endpoint.rstrip("/") + _PATHS[route or ("serverless" if host.endswith(_SERVERLESS_HOSTS) else "foundry")]


def request_fields(options: OcrOptions, model: OcrModel) -> dict[str, Any]:
    """The request fields that these options are for this model.

    Raises:
        Invalid: the model does not take an option, and leaving it out would change the answer.
    """
    wanted = {
        "include_image_base64": options.include_figures or None,
        "table_format": options.table_format,
        "document_annotation_format": _strict("document_annotation", options.annotation_schema),
        "bbox_annotation_format": _strict("figure_annotation", options.figure_annotation_schema),
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    for name in given.keys() - model.options:
        if model.harmless.get(name) != given[name]:
            raise Invalid(
                f"The model {model.name} does not take the option {_OPTION_OF[name]}.", code="option_not_supported"
            )
    return {name: value for name, value in given.items() if name in model.options}


def _strict(name: str, schema: Schema | None) -> dict[str, Any] | None:
    """Always strict: without it the service answers 200, leaves the annotation out and says nothing."""
    if schema is None:
        return None
    return {"type": "json_schema", "json_schema": {"name": name, "schema": schema, "strict": True}}


@dataclass(frozen=True)
class OcrRequest:
    """One part of a document to be read: a file on disk and the fields that shape the answer."""

    deployment: str
    file: Path
    media_type: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class OcrClient:
    """Reads documents at one endpoint; `seconds` bound each call by the wall clock."""

    url: str
    transport: Transport
    seconds: float

    def read(self, request: OcrRequest, answer: Path) -> tuple[OcrAnswer, tuple[str, ...]]:
        """Have a file read and spool the answer; also tell the options that were left out, being unknown there.

        Raises:
            Deferred: throttled, unavailable, an answer that is none, unauthorised, not deployed or blocked.
            Permanent: refused, invalid or too large.
        """
        try:
            self._post(request, request.fields, answer)
            return OcrAnswer.read(answer), ()
        except Unsupported as unsupported:
            dropped = tuple(name for name in unsupported.fields if name in request.fields)
            if not dropped:
                raise
        log.warning("retrying without fields deployment=%s fields=%s", request.deployment, ",".join(dropped))
        kept = {name: value for name, value in request.fields.items() if name not in dropped}
        self._post(request, kept, answer)
        return OcrAnswer.read(answer), tuple(_OPTION_OF[name] for name in dropped)

    def _post(self, request: OcrRequest, fields: Mapping[str, Any], answer: Path) -> None:
        kind = "document_url" if request.media_type == PDF else "image_url"
        content = {"model": request.deployment, "document": {"type": kind, kind: FileInJson.HERE}, **fields}
        body = FileInJson(content, request.file, request.media_type)
        self.transport.post(self.url, body, answer, deployment=request.deployment, seconds=self.seconds)
