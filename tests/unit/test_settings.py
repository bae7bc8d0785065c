"""Settings are read once; what is wrong with them is told by name, and never with the value."""

from dataclasses import fields

import pytest

from shared.errors import Misconfigured
from shared.settings import COGNITIVE_SCOPE, Settings

CANARY = "canary-7f3a"
GOOD = {"AzureWebJobsStorage": "UseDevelopmentStorage=true", "DARKROOM_OCR_ENDPOINT": "https://r.services.ai.azure.com"}
NAMES = {f.name: f.metadata["name"] for f in fields(Settings) if f.metadata}


def problems(**changes: str) -> tuple[str, ...]:
    """What is wrong with otherwise good settings."""
    return Settings.read({**GOOD, **changes}).problems


def test_the_least_that_is_needed_is_enough() -> None:
    """Storage and an endpoint; everything else has a default."""
    settings = Settings.read(GOOD)

    settings.check()
    assert settings.problems == ()
    assert (settings.ocr_model, settings.ocr_deadline_seconds) == ("mistral-document-ai-2512", 300)
    assert (settings.ocr_scope, settings.blob_source, settings.models) == (COGNITIVE_SCOPE, "EventGrid", {})


def test_every_setting_is_read_by_its_name() -> None:
    """A name that is documented has an effect; white space around a value has none."""
    values = {
        "storage": "",
        "storage_account": "account",
        "storage_client_id": "id-1",
        "client_id": "id-2",
        "insights": "InstrumentationKey=id-3",
        "blob_source": "LogsAndContainerScan",
        "ocr_endpoint": "https://other.example/v1/ocr",
        "ocr_route": "serverless",
        "ocr_api_key": "key",
        "ocr_scope": "https://ai.azure.com/.default",
        "ocr_model": "my-ocr",
        "ocr_deadline_seconds": 60,
        "image_endpoint": "https://pictures.example",
        "image_route": "deployments",
        "image_api_version": "2026-01-01",
        "image_api_key": "another key",
        "image_scope": "https://ai.azure.com/.default",
        "image_model": "my-images",
        "image_deadline_seconds": 90,
        "image_unsure_retries": 0,
        "prompt_in_files": True,
        "embedding_endpoint": "https://vectors.example",
        "embedding_route": "cohere",
        "embedding_api_version": "2026-02-02",
        "embedding_api_key": "a third key",
        "embedding_scope": "https://ai.azure.com/.default",
        "embedding_model": "my-embeddings",
        "embedding_deadline_seconds": 45,
        "embedding_calls": 7,
        "max_embedding_inputs": 70,
        "embed_documents": True,
        "models": {"my-ocr": {"like": "mistral-ocr-4-0"}},
        "max_document_mb": 10,
        "max_document_pages": 20,
        "max_job_images": 3,
        "max_job_vectors": 400,
        "max_pages_a_day": 500,
        "max_images_a_day": 60,
        "max_vectors_a_day": 7000,
        "above_cap": "fail",
        "job_hours": 2,
    }
    assert values.keys() == NAMES.keys()
    written = {NAMES[name]: f" {value} ".replace("'", '"') for name, value in values.items()}  # True is a flag's text

    settings = Settings.read(written)

    assert settings.problems == ()
    assert {name: getattr(settings, name) for name in values} == values


def test_blank_values_mean_the_default() -> None:
    """Deployment templates write empty strings for what was not given."""
    settings = Settings.read({**GOOD, "DARKROOM_OCR_MODEL": "", "DARKROOM_JOB_HOURS": "  "})

    assert (settings.problems, settings.ocr_model, settings.job_hours) == ((), "mistral-document-ai-2512", 24)


@pytest.mark.parametrize("name", [f.metadata["name"] for f in fields(Settings) if f.metadata])
def test_every_sample_can_be_used(name: str) -> None:
    """The sample file is made of these."""
    sample = next(f.metadata["sample"] for f in fields(Settings) if f.metadata and f.metadata["name"] == name)

    assert problems(**{name: sample}) == ()


BAD = [
    ("DARKROOM_IMAGE_ENDPOINT", f"http://{CANARY}.example"),
    ("DARKROOM_IMAGE_ROUTE", f"{CANARY}"),
    ("DARKROOM_IMAGE_DEADLINE_SECONDS", "0"),
    ("DARKROOM_IMAGE_UNSURE_RETRIES", "-1"),
    ("DARKROOM_IMAGE_UNSURE_RETRIES", "100"),
    ("DARKROOM_IMAGE_UNSURE_RETRIES", "once"),
    ("DARKROOM_PROMPT_IN_FILES", "yes"),
    ("DARKROOM_BLOB_SOURCE", f"{CANARY}"),
    ("DARKROOM_BLOB_SOURCE", "eventgrid"),
    ("DARKROOM_OCR_ENDPOINT", CANARY),
    ("DARKROOM_OCR_ENDPOINT", f"http://{CANARY}.services.ai.azure.com"),
    ("DARKROOM_OCR_ENDPOINT", f"ftp://{CANARY}"),
    ("DARKROOM_OCR_ENDPOINT", f"https:///{CANARY}"),
    ("DARKROOM_OCR_ENDPOINT", f"https://[{CANARY}]"),
    ("DARKROOM_OCR_ENDPOINT", f"https://[{CANARY}"),
    ("DARKROOM_OCR_ENDPOINT", f"https://{CANARY}℀.com"),
    ("DARKROOM_OCR_ENDPOINT", f"https://r.services.ai.azure.com:{CANARY}"),
    ("DARKROOM_OCR_ROUTE", CANARY),
    ("DARKROOM_OCR_DEADLINE_SECONDS", CANARY),
    ("DARKROOM_OCR_DEADLINE_SECONDS", "0"),
    ("DARKROOM_OCR_DEADLINE_SECONDS", "-1"),
    ("DARKROOM_OCR_DEADLINE_SECONDS", "1.5"),
    ("DARKROOM_MAX_DOCUMENT_MB", "5 MB"),
    ("DARKROOM_MAX_DOCUMENT_PAGES", "²"),
    ("DARKROOM_JOB_HOURS", "9" * 5000),
    ("DARKROOM_MODELS", CANARY),
    ("DARKROOM_MODELS", f'["{CANARY}"]'),
    ("DARKROOM_MODELS", f'{{"{CANARY}": '),
    ("DARKROOM_MODELS", "null"),
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda text: text[:40])
def test_a_value_that_cannot_be_used_is_told_by_name_and_not_quoted(name: str, value: str) -> None:
    """Somebody who pasted a key into the wrong setting does not find it in the logs."""
    (problem,) = problems(**{name: value})

    assert problem.startswith(f"The setting {name} is ")
    assert problem.endswith(".")
    assert CANARY not in problem
    assert len(problem) < 200


def test_a_bad_value_leaves_the_default_in_place() -> None:
    """Doors that do not need the setting go on."""
    assert Settings.read({**GOOD, "DARKROOM_JOB_HOURS": "soon"}).job_hours == 24


def test_every_problem_is_told_at_once() -> None:
    """Nobody mends one setting after the other."""
    found = problems(DARKROOM_JOB_HOURS="soon", DARKROOM_OCR_ROUTE="road", DARKROOM_OCR_ENDPONT="x")

    assert len(found) == 3


@pytest.mark.parametrize("name", ["DARKROOM_OCR_ENDPONT", "DARKROOM_", "DARKROOM_ocr_model", "DARKROOM_OCR_APIKEY"])
def test_a_misspelt_name_is_told(name: str) -> None:
    """A setting without an effect is worse than an error."""
    assert problems(**{name: CANARY}) == (
        f"The setting {name} is not one that Darkroom knows; see the list of settings in the README.",
    )


def test_other_programs_settings_are_none_of_ours() -> None:
    """The environment is full of names."""
    assert problems(PATH="/bin", FUNCTIONS_WORKER_RUNTIME="python", darkroom_x="1", MY_DARKROOM_X="1") == ()


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"AzureWebJobsStorage": ""}, ["AzureWebJobsStorage", "AzureWebJobsStorage__accountName"]),
        ({"AzureWebJobsStorage__accountName": "a"}, ["AzureWebJobsStorage__accountName", "remove one"]),
        ({"DARKROOM_OCR_ENDPOINT": ""}, ["DARKROOM_OCR_ENDPOINT", "missing"]),
    ],
)
def test_contradictions_are_told_with_what_to_do(environment: dict[str, str], names: list[str]) -> None:
    """Both names stand in the sentence."""
    (problem,) = problems(**environment)

    assert all(name in problem for name in names)


def test_whoever_only_reads_documents_needs_no_setting_for_pictures() -> None:
    """Image jobs wait then, and say for what."""
    settings = Settings.read(GOOD)

    assert (settings.problems, settings.image_endpoint, settings.image_model) == ((), "", "gpt-image-2")
    assert (settings.image_route, settings.image_unsure_retries, settings.prompt_in_files) == ("v1", 1, False)


def test_a_wrong_endpoint_is_not_also_missing() -> None:
    """One cause, one sentence."""
    assert len(problems(DARKROOM_OCR_ENDPOINT="http://far.example")) == 1


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:8780", "http://localhost:8780/", "http://[::1]:8780"])
def test_plain_http_is_for_this_machine_only(endpoint: str) -> None:
    """A key never crosses a network in the clear; the emulator needs no certificate."""
    assert problems(DARKROOM_OCR_ENDPOINT=endpoint) == ()


def test_work_does_not_begin_with_a_problem() -> None:
    """The job waits and the first problem is its reason."""
    with pytest.raises(Misconfigured, match="DARKROOM_JOB_HOURS") as raised:
        Settings.read({**GOOD, "DARKROOM_JOB_HOURS": "soon"}).check()

    assert "Mend the app settings" in raised.value.remedy


def test_settings_do_not_show_keys() -> None:
    """A log line or a traceback with the settings in it shows none."""
    settings = Settings.read({**GOOD, "DARKROOM_OCR_API_KEY": CANARY, "DARKROOM_IMAGE_API_KEY": CANARY})

    assert CANARY not in repr(settings) + str(settings)
