"""One HTTP request to a model: body streamed out, answer spooled to disk, errors typed, all of it within a deadline."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import requests
import urllib3

from shared.clients.breaker import Breaker
from shared.clients.cutting import CuttableAdapter, cut_after
from shared.clients.deadline import Deadline
from shared.clients.refusals import Refusal
from shared.errors import DarkroomError, NotDeployed, Throttled, TooLarge, Unavailable

_CONNECT_SECONDS = 10.0
_LARGEST_ANSWER = 512 * 1024 * 1024
_LARGEST_ERROR = 256 * 1024
_PIECE = 256 * 1024
_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, ConnectionError, TimeoutError, ssl.SSLError)
_REQUEST_IDS = ("apim-request-id", "x-ms-request-id", "x-request-id", "mistral-correlation-id")

log = logging.getLogger("darkroom.clients")


class Body(Protocol):
    """What can be sent: pieces of known length together."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[bytes]: ...


class Credential(Protocol):
    """What gives the bearer of a request."""

    def bearer(self) -> str:
        """A key or a token."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Transport:
    """Sends requests to one endpoint; safe to share between threads.

    `now` tells the time of day, for answers that name a date to wait for; `deadline` makes the deadline of a call of
    so many seconds.
    """

    credential: Credential
    now: Callable[[], datetime] = _now
    deadline: Callable[[float], Deadline] = Deadline
    breaker: Breaker = field(default_factory=Breaker)
    _local: threading.local = field(default_factory=threading.local)

    def post(self, url: str, body: Body, answer: Path, *, deployment: str, seconds: float) -> None:
        """POST JSON and spool the answer of a success into the file `answer`.

        Raises:
            Deferred: throttled, unavailable, cut, out of time, unauthorised, not deployed or blocked.
            Permanent: refused, invalid or too large.
        """
        self.breaker.check(deployment)
        deadline = self.deadline(seconds)
        headers = {
            "Authorization": f"Bearer {self.credential.bearer()}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        try:
            with (
                cut_after(deadline.remaining()),
                self._session().post(
                    url,
                    data=_Metered(body, deadline),
                    headers=headers,
                    auth=_no_netrc,
                    stream=True,
                    allow_redirects=False,
                    timeout=_timeout(deadline),
                ) as response,
            ):
                log.info(
                    "model answered deployment=%s status=%d request_id=%s sent=%d",
                    deployment, response.status_code, _request_id(response.headers), len(body),
                )  # fmt: skip
                self._take(response, answer, deployment, deadline)
        except Throttled as throttled:
            self.breaker.pause(deployment, throttled)
            raise
        except _BROKEN as error:
            raise Unavailable(
                f"The connection to the deployment {deployment} failed ({type(error).__name__})."
            ) from None  # the cause's text holds the address, and nothing that helps

    def _take(self, response: requests.Response, answer: Path, deployment: str, deadline: Deadline) -> None:
        if response.status_code == 200:
            _spool(_pieces(response, deadline), answer, _LARGEST_ANSWER)
            return
        raise self._error(response, deployment, deadline)

    def _error(self, response: requests.Response, deployment: str, deadline: Deadline) -> DarkroomError:
        if response.is_redirect or response.status_code < 400:
            return NotDeployed(
                f"The endpoint of {deployment} answered HTTP {response.status_code} instead of a result.",
                remedy="Check the endpoint's address in the settings; redirects are not followed.",
            )
        body = bytearray()
        with suppress(*_BROKEN, Unavailable):  # status and headers decide, whatever comes of the body
            for piece in _pieces(response, deadline):
                body += piece
                if len(body) > _LARGEST_ERROR:
                    break
        said = bytes(body).replace(self.credential.bearer().encode(), b"***")  # a service may echo the key
        return Refusal.read(response.status_code, said).error(deployment, response.headers, self.now())

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            for scheme in ("http://", "https://"):
                self._local.session.mount(scheme, CuttableAdapter())
        session: requests.Session = self._local.session
        return session


class _Metered:
    """A body whose sending stops when the deadline is over."""

    def __init__(self, body: Body, deadline: Deadline) -> None:
        self._body = body
        self._deadline = deadline

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._body:
            self._deadline.remaining()
            yield piece


def _timeout(deadline: Deadline) -> Any:
    """Within the deadline as a whole; requests passes urllib3's own kind of timeout on, which its types do not say."""
    return urllib3.Timeout(connect=_CONNECT_SECONDS, total=deadline.remaining())


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without an `auth` of its own, requests would let a .netrc file overwrite the Authorization header."""
    return request


def _pieces(response: requests.Response, deadline: Deadline) -> Iterator[bytes]:
    """The decoded body as it arrives; `read1` returns what is there: a dripping answer cannot outstay the deadline."""
    deadline.remaining()  # headers that were cut may look complete, and so may a body without a length
    while piece := response.raw.read1(_PIECE, decode_content=True):
        deadline.remaining()
        yield piece
    deadline.remaining()


def _spool(pieces: Iterable[bytes], answer: Path, limit: int) -> None:
    size = 0
    with answer.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > limit:
                raise TooLarge(f"The model's answer is above {limit // 1024 // 1024} MB.", code="answer_too_large")
            file.write(piece)


def _request_id(headers: Mapping[str, str]) -> str:
    return next((headers[name] for name in _REQUEST_IDS if name in headers), "-")
