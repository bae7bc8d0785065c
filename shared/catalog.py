"""What each model accepts: its family, options, limits, lifecycle and price.

Facts about models stand here and nowhere else. Limits are those of Microsoft's table of Foundry models of 2026-10-05
(30 pages and 30 MB a request); options are those that clients have seen the Azure endpoints accept or refuse, up to
2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import date
from typing import Any, TypeVar

from shared.embedding_catalog import EMBEDDING_MODELS, EmbeddingModel
from shared.errors import Invalid, Misconfigured
from shared.image_catalog import IMAGE_MODELS, ImageModel
from shared.lifecycle import Retirable

MIB = 1024 * 1024
_Model = TypeVar("_Model", ImageModel, EmbeddingModel)


@dataclass(frozen=True)
class OcrModel(Retirable):
    """One OCR model.

    `options` are the request fields that it takes beside `model` and `document`; `harmless` are fields with the value
    that it acts by anyhow though it does not take them, so that leaving them out changes nothing. `max_bytes` counts
    the decoded file. `retired_on` is the day on which Azure stopped serving it.
    """

    name: str
    options: frozenset[str]
    harmless: Mapping[str, Any] = field(default_factory=dict)
    max_pages: int = 30
    max_bytes: int = 30 * MIB
    retired_on: date | None = None
    successor: str | None = None
    usd_per_1000_pages: float | None = None


_FIGURES = frozenset({"include_image_base64"})
_ANNOTATIONS = frozenset({"document_annotation_format", "bbox_annotation_format"})
_TABLES_IN_THE_TEXT = {"table_format": "markdown"}

OCR_MODELS: Mapping[str, OcrModel] = {
    model.name: model
    for model in (
        OcrModel(
            "mistral-ocr-2503",
            options=_FIGURES,
            harmless=_TABLES_IN_THE_TEXT,
            retired_on=date(2026, 1, 30),
            successor="mistral-document-ai-2512",
            usd_per_1000_pages=1.0,
        ),
        OcrModel(
            "mistral-document-ai-2505",
            options=_FIGURES | _ANNOTATIONS,
            harmless=_TABLES_IN_THE_TEXT,
            retired_on=date(2026, 7, 20),
            successor="mistral-document-ai-2512",
            usd_per_1000_pages=1.0,
        ),
        OcrModel(
            "mistral-document-ai-2512",
            options=_FIGURES | _ANNOTATIONS | {"table_format"},
            successor="mistral-ocr-4-0",
            usd_per_1000_pages=3.0,
        ),
        OcrModel(
            "mistral-ocr-4-0",
            options=_FIGURES | _ANNOTATIONS | {"table_format"},
            usd_per_1000_pages=4.0,
        ),
    )
}


@dataclass(frozen=True)
class Catalog:
    """The models of this installation: those known here, and those that the setting `DARKROOM_MODELS` declares."""

    declared: Mapping[str, Any] = field(default_factory=dict)

    def image(self, deployment: str) -> ImageModel:
        """The image model behind a deployment.

        Raises:
            Invalid: the deployment is neither known nor declared with `like`.
            Misconfigured: its declaration in `DARKROOM_MODELS` cannot be used.
        """
        return self._alike(deployment, IMAGE_MODELS, "pictures")

    def embedding(self, deployment: str) -> EmbeddingModel:
        """The embedding model behind a deployment.

        Raises:
            Invalid: the deployment is neither known nor declared with `like`.
            Misconfigured: its declaration in `DARKROOM_MODELS` cannot be used.
        """
        return self._alike(deployment, EMBEDDING_MODELS, "vectors")

    def ocr(self, deployment: str) -> OcrModel:
        """The OCR model behind a deployment.

        Raises:
            Invalid: the deployment is neither known nor declared.
            Misconfigured: its declaration in `DARKROOM_MODELS` cannot be used.
        """
        if deployment in self.declared:
            return _declared_ocr(deployment, self.declared[deployment])
        if deployment in OCR_MODELS:
            return OCR_MODELS[deployment]
        known = ", ".join([*OCR_MODELS, *self.declared])
        raise Invalid(
            f"The model {deployment!r} is not known for OCR; known are {known}.",
            code="unknown_model",
            remedy="Name a known model, or declare the deployment in the setting DARKROOM_MODELS.",
        )

    def _alike(self, deployment: str, known: Mapping[str, _Model], purpose: str) -> _Model:
        """The model behind a deployment, by its own name or by the one that its declaration says it is like."""
        if deployment in known:
            return known[deployment]
        declaration = self.declared.get(deployment)
        like = declaration.get("like") if isinstance(declaration, dict) and len(declaration) == 1 else None
        if isinstance(like, str) and like in known:
            return replace(known[like], name=deployment)
        if declaration is not None:
            raise Misconfigured(
                f"The setting DARKROOM_MODELS declares {deployment!r} in a way that cannot be used for {purpose}; "
                "`like` alone names a known model."
            )
        raise Invalid(
            f"The model {deployment!r} is not known for {purpose}; known are {', '.join(known)}.",
            code="unknown_model",
            remedy="Name a known model, or declare the deployment in the setting DARKROOM_MODELS.",
        )


def _declared_ocr(deployment: str, declaration: Any) -> OcrModel:
    try:
        changes = dict(declaration)
        base = OCR_MODELS[changes.pop("like")] if "like" in changes else OcrModel(deployment, options=_FIGURES)
        return replace(base, name=deployment, **{key: _value(key, value) for key, value in changes.items()})
    except (KeyError, TypeError, ValueError) as error:
        raise Misconfigured(
            f"The setting DARKROOM_MODELS declares {deployment!r} in a way that cannot be used ({error}); "
            f"`like` names a known model, other keys are {', '.join(f.name for f in fields(OcrModel)[1:])}."
        ) from error


def _value(key: str, value: Any) -> Any:
    """A declared value as the entry has it; of the wrong kind it is refused here, not somewhere later."""
    kinds: Mapping[str, tuple[type, ...]] = {
        "options": (list,),
        "harmless": (dict,),
        "max_pages": (int,),
        "max_bytes": (int,),
        "usd_per_1000_pages": (int, float, type(None)),
        "successor": (str, type(None)),
        "retired_on": (str, type(None)),
    }
    if type(value) not in kinds[key] or (key.startswith("max_") and value < 1):
        raise ValueError(f"{key} has a value that it cannot have")
    if key == "options":
        return frozenset(value)
    return date.fromisoformat(value) if key == "retired_on" and value is not None else value
