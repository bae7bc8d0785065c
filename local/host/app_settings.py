"""App settings: the process environment over `Values` of `local.settings.json`, as Core Tools does it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from azure.storage.queue import QueueServiceClient

from local.host.errors import Refused

_EXPRESSION = re.compile(r"%([^%]+)%")


class AppSettings(Mapping[str, str]):
    """The settings of one app; also the environment of its worker."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = dict(values)

    def __getitem__(self, name: str) -> str:
        """Look a setting up."""
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._values)

    def __len__(self) -> int:
        """Count the settings."""
        return len(self._values)

    def resolve(self, text: str, where: str) -> str:
        """Replace every `%NAME%` in a queue name, path or schedule; raises Refused for a setting that is not there."""

        def value(match: re.Match[str]) -> str:
            name = match.group(1)
            if name not in self._values:
                raise Refused(f"{where} refers to the setting %{name}%, which is not set.")
            return self._values[name]

        return _EXPRESSION.sub(value, text)

    def connection(self, name: str, where: str) -> str:
        """Give the connection string that the setting `name` holds.

        Raises Refused when it is missing or holds none: the local host signs in with connection strings only.
        """
        text = self._values.get(name, "")
        if not text:
            raise Refused(
                f"{where} needs the setting {name}: put a storage connection string into local.settings.json."
            )
        try:
            QueueServiceClient.from_connection_string(text)
        except ValueError:
            raise Refused(f"{where} needs a storage connection string in the setting {name}; this is none.") from None
        return text


def load_settings(app: Path, environment: Mapping[str, str]) -> AppSettings:
    """Read the settings of the app in the folder `app`; raises Refused when its local.settings.json is unusable."""
    values = {"AZURE_FUNCTIONS_ENVIRONMENT": "Development", "FUNCTIONS_WORKER_RUNTIME": "python"}
    path = app / "local.settings.json"
    if path.exists():
        values |= _file_values(path)
    return AppSettings(values | dict(environment))


def _file_values(path: Path) -> dict[str, str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except ValueError as error:
        raise Refused(f"{path} is not JSON: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("Values", {}), dict):
        raise Refused(f'{path} must hold a JSON object with an object "Values".')
    if document.get("IsEncrypted"):
        raise Refused(f'{path} is encrypted: run `func settings decrypt` or set "IsEncrypted" to false.')
    return {
        str(name): value if isinstance(value, str) else json.dumps(value)
        for name, value in document.get("Values", {}).items()
    }
