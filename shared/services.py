"""What the jobs of one process share, made once when the first event comes."""

import logging
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from shared.budget import Budget
from shared.catalog import Catalog
from shared.clients.credentials import Entra, Key, LazyTokenSource
from shared.clients.downloads import Downloads
from shared.clients.embeddings import EmbeddingClient
from shared.clients.images import ImageClient
from shared.clients.ocr import OcrClient, ocr_url
from shared.clients.transport import Transport
from shared.embedding_catalog import usual_route
from shared.ledger import Ledger
from shared.settings import COGNITIVE_SCOPE, ML_SCOPE, Settings
from shared.storage import Storage
from shared.telemetry import Telemetry

log = logging.getLogger("darkroom.services")

_WORKSPACE = "darkroom-"
for _talkative in ("urllib3", "PIL"):  # their debug lines hold signed addresses and what is written inside of files
    logging.getLogger(_talkative).setLevel(logging.INFO)


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """Settings, storage, models, time and chance; tests put their own in."""

    settings: Settings
    storage: Storage
    ocr: OcrClient
    images: ImageClient
    embeddings: EmbeddingClient
    downloads: Downloads
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[float, float], float] = random.uniform
    telemetry: Telemetry = field(default_factory=Telemetry)

    @cached_property
    def ledger(self) -> Ledger:
        """The paid responses."""
        return Ledger(self.storage)

    @cached_property
    def budget(self) -> Budget:
        """What today may cost."""
        return Budget(self.storage, self.settings, self.now)

    @property
    def catalog(self) -> Catalog:
        """The models of this installation."""
        return Catalog(self.settings.models)

    @classmethod
    def make(cls, settings: Settings, telemetry: Telemetry | None = None) -> "Services":
        """Everything that the settings name; no request is made yet. Nobody is told of it without `telemetry`."""
        telemetry = telemetry or Telemetry()
        return cls(
            settings,
            Storage.connect(settings),
            _ocr_client(settings, telemetry),
            _image_client(settings, telemetry),
            _embedding_client(settings, telemetry),
            Downloads(settings.image_endpoint),
            telemetry=telemetry,
        )


@lru_cache(maxsize=1)
def services() -> Services:
    """The services of this process, from its environment.

    Raises:
        Misconfigured: a setting is missing or wrong.
    """
    _remove_leftovers(Path(tempfile.gettempdir()))
    settings = Settings.read(os.environ)
    return Services.make(settings, _telemetry(settings))


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder for one job's files, removed whatever happens."""
    with tempfile.TemporaryDirectory(prefix=f"{_WORKSPACE}{os.getpid()}-") as folder:
        yield Path(folder)


def _telemetry(settings: Settings) -> Telemetry:
    if not settings.insights:
        return Telemetry()
    try:
        from shared.otel import connect

        return connect(settings.insights)
    except Exception as error:  # noqa: BLE001 - jobs are worth more than what is told of them
        log.error("no traces and metrics: APPLICATIONINSIGHTS_CONNECTION_STRING, %s", type(error).__name__)
        return Telemetry()


def _ocr_client(settings: Settings, telemetry: Telemetry) -> OcrClient:
    transport = Transport(_credential(settings, settings.ocr_api_key, settings.ocr_scope), telemetry=telemetry)
    url = ocr_url(settings.ocr_endpoint, settings.ocr_route)
    return OcrClient(url, transport, settings.ocr_deadline_seconds)


def _image_client(settings: Settings, telemetry: Telemetry) -> ImageClient:
    transport = Transport(_credential(settings, settings.image_api_key, settings.image_scope), telemetry=telemetry)
    where = settings.image_endpoint, settings.image_route, settings.image_api_version
    return ImageClient(*where, transport, settings.image_deadline_seconds)


def _embedding_client(settings: Settings, telemetry: Telemetry) -> EmbeddingClient:
    endpoint = settings.embedding_endpoint
    route = settings.embedding_route or usual_route(urlsplit(endpoint).hostname or "")
    scope = settings.embedding_scope or (ML_SCOPE if route == "serverless" else COGNITIVE_SCOPE)
    transport = Transport(_credential(settings, settings.embedding_api_key, scope), telemetry=telemetry)
    where = endpoint, settings.embedding_api_version
    return EmbeddingClient(*where, transport, settings.embedding_deadline_seconds)


def _credential(settings: Settings, key: str, scope: str) -> Key | Entra:
    return Key(key) if key else Entra(LazyTokenSource(settings.client_id), scope)


def _remove_leftovers(folder: Path) -> None:
    """Workspaces of workers that were killed: their names tell which process made them."""
    for left in folder.glob(f"{_WORKSPACE}*-*"):
        maker = left.name.removeprefix(_WORKSPACE).split("-")[0]
        if maker.isdecimal() and not _runs(int(maker)):
            shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
