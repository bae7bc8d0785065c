"""The app settings: every one of them is declared and documented here, once, and nowhere else.

Cheap to import: `function_app.py` reads it at start, so it holds to the standard library.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any
from urllib.parse import urlsplit

from shared.errors import Misconfigured

PREFIX = "DARKROOM_"
BLOB_SOURCES = ("EventGrid", "LogsAndContainerScan")
OCR_ROUTES = ("foundry", "serverless")
IMAGE_ROUTES = ("v1", "deployments")
ABOVE_CAP = ("wait", "fail")
EMBEDDING_ROUTES = ("models", "cohere", "v1", "deployments", "serverless")
COGNITIVE_SCOPE = "https://cognitiveservices.azure.com/.default"
ML_SCOPE = "https://ml.azure.com/.default"


def _text(value: str) -> str:
    return value.strip()


def _endpoint(value: str) -> str:
    try:
        parts = urlsplit(value.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None  # its own words would quote the value
    local = host in ("127.0.0.1", "localhost", "::1")
    if not host or parts.scheme not in (("http", "https") if local else ("https",)):
        raise ValueError("is not an https address such as https://my-resource.services.ai.azure.com")
    return value.strip().rstrip("/")


def _positive(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value.strip()) or int(value) < 1:
        raise ValueError("is not a whole number above 0")
    return int(value)


def _amount(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", value.strip()):
        raise ValueError("is not a whole number, 0 or above")
    return int(value)


def _count(value: str) -> int:
    if not re.fullmatch(r"[0-9]{1,2}", value.strip()):
        raise ValueError("is not a whole number from 0 to 99")
    return int(value)


def _flag(value: str) -> bool:
    if value.strip().lower() not in ("true", "false"):
        raise ValueError("is not true or false")
    return value.strip().lower() == "true"


def _choice(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value.strip() not in allowed:
            raise ValueError(f"is not one of {', '.join(filter(None, allowed))}")
        return value.strip()

    return parse


def _json_object(value: str) -> dict[str, Any]:
    try:
        declared = json.loads(value)
    except (ValueError, RecursionError):
        raise ValueError("is not JSON") from None
    if not isinstance(declared, dict):
        raise ValueError("is not a JSON object")
    return declared


def _setting(name: str, parse: Callable[[str], Any], default: Any, sample: str, doc: str) -> Any:
    metadata = {"name": name, "parse": parse, "sample": sample, "doc": doc}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, repr=False)  # no repr: it would show keys
class Settings:
    """The settings of one process, made by `Settings.read(os.environ)`; `problems` tells what is wrong with them."""

    storage: str = _setting(
        "AzureWebJobsStorage", _text, "", "UseDevelopmentStorage=true",
        "Connection string of the storage account (Azurite, or an account with keys). In Azure leave it out and set "
        "`AzureWebJobsStorage__accountName` instead.",
    )  # fmt: skip
    storage_account: str = _setting(
        "AzureWebJobsStorage__accountName", _text, "", "",
        "Name of the storage account, reached with Microsoft Entra ID and no key.",
    )  # fmt: skip
    storage_client_id: str = _setting(
        "AzureWebJobsStorage__clientId", _text, "", "",
        "Client id of the user-assigned managed identity that may use the storage account; empty: the system's own.",
    )  # fmt: skip
    client_id: str = _setting(
        "AZURE_CLIENT_ID", _text, "", "",
        "Client id of the user-assigned managed identity that may call the models.",
    )  # fmt: skip
    insights: str = _setting(
        "APPLICATIONINSIGHTS_CONNECTION_STRING", _text, "", "",
        "Where traces and metrics go: the connection string of an Application Insights; empty: nowhere.",
    )  # fmt: skip
    blob_source: str = _setting(
        "DARKROOM_BLOB_SOURCE", _choice(*BLOB_SOURCES), "EventGrid", "LogsAndContainerScan",
        "Where the news of a dropped file comes from: `EventGrid` in Azure, `LogsAndContainerScan` with Core Tools.",
    )  # fmt: skip
    ocr_endpoint: str = _setting(
        "DARKROOM_OCR_ENDPOINT", _endpoint, "", "http://127.0.0.1:8780",
        "Where OCR is served: `https://<resource>.services.ai.azure.com` (or its `cognitiveservices` alias), or "
        "`https://<name>.<region>.models.ai.azure.com`. A full address with its path is taken as it is.",
    )  # fmt: skip
    ocr_route: str = _setting(
        "DARKROOM_OCR_ROUTE", _choice("", *OCR_ROUTES), "", "",
        "`foundry` (`/providers/mistral/azure/ocr`) or `serverless` (`/v1/ocr`); empty: told by the endpoint's host.",
    )  # fmt: skip
    ocr_api_key: str = _setting(
        "DARKROOM_OCR_API_KEY", _text, "", "local-key",
        "Key of the OCR endpoint; empty: Microsoft Entra ID.",
    )  # fmt: skip
    ocr_scope: str = _setting(
        "DARKROOM_OCR_SCOPE", _text, COGNITIVE_SCOPE, COGNITIVE_SCOPE,
        "Scope of the Microsoft Entra token for OCR; used when no key is set.",
    )  # fmt: skip
    ocr_model: str = _setting(
        "DARKROOM_OCR_MODEL", _text, "mistral-document-ai-2512", "mistral-document-ai-2512",
        "Name of the OCR deployment that reads a document when neither the file nor the message names another.",
    )  # fmt: skip
    ocr_deadline_seconds: int = _setting(
        "DARKROOM_OCR_DEADLINE_SECONDS", _positive, 300, "300",
        "Seconds, by the wall clock, that one OCR call may take. Must stay below `functionTimeout` in host.json.",
    )  # fmt: skip
    image_endpoint: str = _setting(
        "DARKROOM_IMAGE_ENDPOINT", _endpoint, "", "http://127.0.0.1:8780",
        "Where pictures are made: `https://<resource>.openai.azure.com` or `https://<resource>.services.ai.azure.com`. "
        "Without it image jobs wait.",
    )  # fmt: skip
    image_route: str = _setting(
        "DARKROOM_IMAGE_ROUTE", _choice(*IMAGE_ROUTES), "v1", "v1",
        "`v1` (`/openai/v1/images/…`) or `deployments` (`/openai/deployments/<deployment>/images/…?api-version=…`).",
    )  # fmt: skip
    image_api_version: str = _setting(
        "DARKROOM_IMAGE_API_VERSION", _text, "2025-04-01-preview", "2025-04-01-preview",
        "The api-version of the route `deployments`.",
    )  # fmt: skip
    image_api_key: str = _setting(
        "DARKROOM_IMAGE_API_KEY", _text, "", "local-key",
        "Key of the image endpoint; empty: Microsoft Entra ID.",
    )  # fmt: skip
    image_scope: str = _setting(
        "DARKROOM_IMAGE_SCOPE", _text, COGNITIVE_SCOPE, COGNITIVE_SCOPE,
        "Scope of the Microsoft Entra token for pictures; used when no key is set.",
    )  # fmt: skip
    image_model: str = _setting(
        "DARKROOM_IMAGE_MODEL", _text, "gpt-image-2", "gpt-image-2",
        "Name of the image deployment when the message names none.",
    )  # fmt: skip
    image_deadline_seconds: int = _setting(
        "DARKROOM_IMAGE_DEADLINE_SECONDS", _positive, 400, "400",
        "Seconds, by the wall clock, that one image call may take. Must stay below `functionTimeout` in host.json.",
    )  # fmt: skip
    image_unsure_retries: int = _setting(
        "DARKROOM_IMAGE_UNSURE_RETRIES", _count, 1, "1",
        "How often a call is made again that ended without an answer and may have been billed.",
    )  # fmt: skip
    prompt_in_files: bool = _setting(
        "DARKROOM_PROMPT_IN_FILES", _flag, False, "false",
        "`true` writes the prompt into the metadata of the pictures that are made.",
    )  # fmt: skip
    embedding_endpoint: str = _setting(
        "DARKROOM_EMBEDDING_ENDPOINT", _endpoint, "", "http://127.0.0.1:8780",
        "Where vectors are computed: `https://<resource>.services.ai.azure.com`, `https://<resource>.openai.azure.com` "
        "or `https://<name>.<region>.models.ai.azure.com`. Without it embedding jobs wait.",
    )  # fmt: skip
    embedding_route: str = _setting(
        "DARKROOM_EMBEDDING_ROUTE", _choice("", *EMBEDDING_ROUTES), "", "",
        "`models` (`/models/embeddings`, `/models/images/embeddings`), `cohere` (`/providers/cohere/v2/embed`), `v1` "
        "(`/openai/v1/embeddings`), `deployments` (`/openai/deployments/<deployment>/embeddings?api-version=…`) or "
        "`serverless` (`/embeddings`, `/images/embeddings`); empty: told by the endpoint's host and the model.",
    )  # fmt: skip
    embedding_api_version: str = _setting(
        "DARKROOM_EMBEDDING_API_VERSION", _text, "2024-10-21", "2024-10-21",
        "The api-version of the route `deployments`.",
    )  # fmt: skip
    embedding_api_key: str = _setting(
        "DARKROOM_EMBEDDING_API_KEY", _text, "", "local-key",
        "Key of the embedding endpoint; empty: Microsoft Entra ID.",
    )  # fmt: skip
    embedding_scope: str = _setting(
        "DARKROOM_EMBEDDING_SCOPE", _text, "", "",
        "Scope of the Microsoft Entra token for vectors; empty: the route's own, `https://ml.azure.com/.default` for "
        "`serverless` and `https://cognitiveservices.azure.com/.default` for the others.",
    )  # fmt: skip
    embedding_model: str = _setting(
        "DARKROOM_EMBEDDING_MODEL", _text, "embed-v-4-0", "embed-v-4-0",
        "Name of the embedding deployment when the message names none.",
    )  # fmt: skip
    embedding_deadline_seconds: int = _setting(
        "DARKROOM_EMBEDDING_DEADLINE_SECONDS", _positive, 120, "120",
        "Seconds, by the wall clock, that one embedding call may take.",
    )  # fmt: skip
    embedding_calls: int = _setting(
        "DARKROOM_EMBEDDING_CALLS", _positive, 4, "4",
        "Calls that one embedding job makes side by side.",
    )  # fmt: skip
    max_embedding_inputs: int = _setting(
        "DARKROOM_MAX_EMBEDDING_INPUTS", _positive, 5000, "5000",
        "Most inputs of one embedding job, those below a prefix counted; more fail with a sentence before anything is "
        "paid.",
    )  # fmt: skip
    embed_documents: bool = _setting(
        "DARKROOM_EMBED_DOCUMENTS", _flag, False, "false",
        "`true` sends the pages and figures of every document that was read on to embedding, unless it says otherwise.",
    )  # fmt: skip
    models: dict[str, Any] = _setting(
        "DARKROOM_MODELS", _json_object, {}, "{}",
        'Deployments that the catalogue does not know, as JSON: `{"my-ocr": {"like": "mistral-document-ai-2512"}}`, '
        "with any field of the catalogue's entry beside `like`.",
    )  # fmt: skip
    max_document_mb: int = _setting(
        "DARKROOM_MAX_DOCUMENT_MB", _positive, 500, "500",
        "Largest document, in MB, that is read; a larger one fails with a sentence before it is downloaded.",
    )  # fmt: skip
    max_document_pages: int = _setting(
        "DARKROOM_MAX_DOCUMENT_PAGES", _positive, 2000, "2000",
        "Most pages of one document that are read; more fail with a sentence before anything is paid.",
    )  # fmt: skip
    max_job_images: int = _setting(
        "DARKROOM_MAX_JOB_IMAGES", _positive, 10, "10",
        "Most pictures of one job; a job for more fails with a sentence before anything is paid.",
    )  # fmt: skip
    max_job_vectors: int = _setting(
        "DARKROOM_MAX_JOB_VECTORS", _amount, 10_000, "10000",
        "Most vectors of one job, counted after long texts are cut into chunks; 0: any number.",
    )  # fmt: skip
    max_pages_a_day: int = _setting(
        "DARKROOM_MAX_PAGES_A_DAY", _amount, 0, "0",
        "Most pages that are read in a day of UTC, by all instances together; 0: any number.",
    )  # fmt: skip
    max_images_a_day: int = _setting(
        "DARKROOM_MAX_IMAGES_A_DAY", _amount, 0, "0",
        "Most pictures that are made or edited in a day of UTC, by all instances together; 0: any number.",
    )  # fmt: skip
    max_vectors_a_day: int = _setting(
        "DARKROOM_MAX_VECTORS_A_DAY", _amount, 0, "0",
        "Most vectors that are computed in a day of UTC, by all instances together; 0: any number.",
    )  # fmt: skip
    above_cap: str = _setting(
        "DARKROOM_ABOVE_CAP", _choice(*ABOVE_CAP), "wait", "wait",
        "What jobs do when a day's cap is reached: `wait` for the next day, or `fail`.",
    )  # fmt: skip
    job_hours: int = _setting(
        "DARKROOM_JOB_HOURS", _positive, 24, "24",
        "Hours that a job may wait for a throttled or missing model before it fails with `gave_up`.",
    )  # fmt: skip

    problems: tuple[str, ...] = ()

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read all settings; one that cannot be used keeps its default and is told of in `problems`."""
        values: dict[str, Any] = {}
        found = _misspelt(environment)
        for name, setting in _declared().items():
            text = environment.get(setting["name"], "")
            try:
                values |= {name: setting["parse"](text)} if text.strip() else {}
            except ValueError as error:
                found.append(f"The setting {setting['name']} {error}.")
        settings = cls(**values)
        return replace(settings, problems=tuple(found or _contradictions(settings)))

    def check(self) -> None:
        """Let work begin.

        Raises:
            Misconfigured: the first problem, in one sentence that names the setting.
        """
        if self.problems:
            raise Misconfigured(self.problems[0], remedy="Mend the app settings; the job goes on by itself.")


def _declared() -> dict[str, Mapping[str, Any]]:
    return {f.name: f.metadata for f in fields(Settings) if f.metadata}


def _misspelt(environment: Mapping[str, str]) -> list[str]:
    known = {setting["name"] for setting in _declared().values()}
    return [
        f"The setting {name} is not one that Darkroom knows; see the list of settings in the README."
        for name in sorted(environment)
        if name.startswith(PREFIX) and name not in known
    ]


def _contradictions(settings: Settings) -> list[str]:
    found = []
    if not settings.storage and not settings.storage_account:
        found.append("Neither AzureWebJobsStorage nor AzureWebJobsStorage__accountName is set; one of them must be.")
    if settings.storage and settings.storage_account:
        found.append("Both AzureWebJobsStorage and AzureWebJobsStorage__accountName are set; remove one of them.")
    if not settings.ocr_endpoint:
        found.append("The setting DARKROOM_OCR_ENDPOINT is missing; set it to the address where OCR is served.")
    return found
