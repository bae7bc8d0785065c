"""What the emulator accepts: keys, token audiences and deployments, read once from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field

OCR_MODELS = ("mistral-ocr-2503", "mistral-document-ai-2505", "mistral-document-ai-2512", "mistral-ocr-4-0")
IMAGE_MODELS = (
    "gpt-image-1",
    "gpt-image-1-mini",
    "gpt-image-1.5",
    "gpt-image-2",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-flare",
    "dall-e-3",
)
EMBEDDING_MODELS = (
    "Cohere-embed-v3-english",
    "Cohere-embed-v3-multilingual",
    "embed-v-4-0",
    "Cohere-Embed-V5-Pro",
    "text-embedding-3-small",
    "text-embedding-3-large",
)
MODELS = (*OCR_MODELS, *IMAGE_MODELS, *EMBEDDING_MODELS)

_AUDIENCES = ("https://cognitiveservices.azure.com", "https://ai.azure.com")


@dataclass(frozen=True)
class Settings:
    """Keys and audiences that open the door, and each deployment's model by the deployment's name."""

    keys: frozenset[str] = frozenset({"local-key"})
    audiences: frozenset[str] = frozenset(_AUDIENCES)
    deployments: Mapping[str, str] = field(default_factory=lambda: {model: model for model in MODELS})


def from_environment(environment: Mapping[str, str]) -> Settings:
    """Read FOUNDRY_EMULATOR_KEYS, _AUDIENCES and _DEPLOYMENTS.

    Raises ValueError with a sentence naming the entry that cannot be used.
    """
    own = {model: model for model in MODELS}
    extra = dict(_deployment(pair) for pair in _entries(environment, "FOUNDRY_EMULATOR_DEPLOYMENTS"))
    return Settings(
        keys=frozenset(_entries(environment, "FOUNDRY_EMULATOR_KEYS")) or frozenset({"local-key"}),
        audiences=frozenset(_entries(environment, "FOUNDRY_EMULATOR_AUDIENCES")) or frozenset(_AUDIENCES),
        deployments=own | extra,
    )


def _entries(environment: Mapping[str, str], name: str) -> list[str]:
    return [entry.strip() for entry in environment.get(name, "").split(",") if entry.strip()]


def _deployment(pair: str) -> tuple[str, str]:
    name, _, model = (piece.strip() for piece in pair.partition("="))
    if not name or model not in MODELS:
        raise ValueError(
            f"FOUNDRY_EMULATOR_DEPLOYMENTS has '{pair}': write name=model, where model is one of {', '.join(MODELS)}."
        )
    return name, model
