"""Fetching the pictures that a service made and keeps for a day.

The address comes from the service's answer, and still it is not trusted: only https to the service's own storage
hosts is fetched, or the local emulator's address when that is the endpoint; redirects are not followed, no key goes
along, and the size is bounded.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import requests

from shared.clients.cutting import CuttableAdapter, cut_after
from shared.clients.deadline import Deadline
from shared.clients.transport import no_netrc
from shared.errors import Incomplete, Unavailable

_STORAGE_HOSTS = (".blob.core.windows.net", ".blob.storage.azure.net")
_PLAIN = re.compile(r"(?P<scheme>https?)://(?P<host>[a-z0-9][a-z0-9.-]*(?::[0-9]{1,5})?)/[!#-\[\]-~]*")
_LOCAL = ("127.0.0.1", "localhost", "::1")
_LARGEST = 64 * 1024 * 1024
_PIECE = 256 * 1024
_GONE = (403, 404, 410)


@dataclass(frozen=True)
class Downloads:
    """Fetches made pictures; `endpoint` is where they are made, `seconds` bound each fetch by the wall clock."""

    endpoint: str
    seconds: float = 60.0
    deadline: Callable[[float], Deadline] = Deadline

    def allowed(self, url: str) -> bool:
        """Whether an address is one of the service's own."""
        address = _PLAIN.fullmatch(url)  # readers of addresses differ about odd ones, so odd ones are not read at all
        if not address:
            return False
        here = urlsplit(self.endpoint)
        if here.hostname in _LOCAL:
            return address["scheme"] == "http" and address["host"] == here.netloc
        return address["scheme"] == "https" and address["host"].endswith(_STORAGE_HOSTS)

    def fetch(self, url: str, to: Path) -> None:
        """Copy a picture into a file.

        Raises:
            Unavailable: it could not be fetched now.
            Incomplete: it is not there any more, too large, or not at an address of the service's own.
        """
        if not self.allowed(url):
            raise Incomplete("The picture's address is not one of the service's own; it was not fetched.")
        deadline = self.deadline(self.seconds)
        try:
            with requests.Session() as session, cut_after(self.seconds):
                for scheme in ("http://", "https://"):
                    session.mount(scheme, CuttableAdapter())
                with session.get(
                    url, auth=no_netrc, stream=True, allow_redirects=False, timeout=self.seconds
                ) as response:
                    _take(response, to, deadline)
        except (requests.RequestException, ConnectionError, TimeoutError) as error:
            raise _not_now(type(error).__name__) from None


def _not_now(why: str) -> Unavailable:
    """Nothing new was asked for, so nothing can have been billed."""
    return Unavailable(f"The finished picture could not be fetched ({why}).", reached=False)


def _take(response: requests.Response, to: Path, deadline: Deadline) -> None:
    if response.status_code in _GONE:
        raise Incomplete("The finished picture is not there any more; the service keeps it for a day.")
    if response.status_code != 200:
        raise _not_now(f"HTTP {response.status_code}")
    size = 0
    with to.open("wb") as file:
        for piece in response.iter_content(_PIECE):
            deadline.remaining()
            size += len(piece)
            if size > _LARGEST:
                raise Incomplete(f"The finished picture is above {_LARGEST // 1024 // 1024} MB.")
            file.write(piece)
    deadline.remaining()
