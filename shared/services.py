"""What the jobs of one process share, made once when the first event comes."""

import os
import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from pathlib import Path

from shared.catalog import Catalog
from shared.clients.credentials import Entra, Key, default_token_source
from shared.clients.ocr import OcrClient, ocr_url
from shared.clients.transport import Transport
from shared.ledger import Ledger
from shared.settings import Settings
from shared.storage import Storage

_WORKSPACE = "darkroom-"
_LEFTOVER_SECONDS = 3600


def utc_now() -> datetime:
    """The time of day."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """Settings, storage, models, time and chance; tests put their own in."""

    settings: Settings
    storage: Storage
    ocr: OcrClient
    now: Callable[[], datetime] = utc_now
    jitter: Callable[[float, float], float] = random.uniform

    @cached_property
    def ledger(self) -> Ledger:
        """The paid responses."""
        return Ledger(self.storage)

    @property
    def catalog(self) -> Catalog:
        """The models of this installation."""
        return Catalog(self.settings.models)

    @classmethod
    def make(cls, settings: Settings) -> "Services":
        """Everything that the settings name; no request is made yet."""
        return cls(settings, Storage.connect(settings), _ocr_client(settings))


@lru_cache(maxsize=1)
def services() -> Services:
    """The services of this process, from its environment.

    Raises:
        Misconfigured: a setting is missing or wrong.
    """
    _remove_leftovers(Path(tempfile.gettempdir()))
    return Services.make(Settings.read(os.environ))


@contextmanager
def workspace() -> Iterator[Path]:
    """A folder for one job's files, removed whatever happens."""
    with tempfile.TemporaryDirectory(prefix=_WORKSPACE) as folder:
        yield Path(folder)


def _ocr_client(settings: Settings) -> OcrClient:
    credential = (
        Key(settings.ocr_api_key)
        if settings.ocr_api_key
        else Entra(default_token_source(settings.client_id), settings.ocr_scope)
    )
    url = ocr_url(settings.ocr_endpoint, settings.ocr_route)
    return OcrClient(url, Transport(credential), settings.ocr_deadline_seconds)


def _remove_leftovers(folder: Path) -> None:
    """Workspaces of workers that were killed; none lives for an hour."""
    for left in folder.glob(f"{_WORKSPACE}*"):
        if left.is_dir() and time.time() - left.stat().st_mtime > _LEFTOVER_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
