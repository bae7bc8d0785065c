"""One HTTP request to a model: body streamed out, answer spooled to disk, errors typed, all of it within a deadline."""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import requests
import urllib3

from shared.clients.cutting import CuttableAdapter, cut_after
from shared.clients.deadline import Deadline
from shared.clients.observed import observed
from shared.clients.pace import Pace
from shared.clients.refusals import Refusal
from shared.errors import DarkroomError, NotDeployed, TooLarge, Unavailable
from shared.telemetry import Telemetry

_JSON = "application/json"
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
    """What shows who asks."""

    def bearer(self) -> str:
        """A key or a token."""

    def headers(self) -> Mapping[str, str]:
        """The headers that carry it."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Transport:
    """Sends requests to one endpoint; safe to share between threads.

    `now` tells the time of day, for answers that name a date to wait for; `deadline` makes the deadline of a call of
    so many seconds. A call's turn may be a short `wait` away, before its deadline begins.
    """

    credential: Credential
    now: Callable[[], datetime] = _now
    deadline: Callable[[float], Deadline] = Deadline
    pace: Pace = field(default_factory=Pace)
    wait: Callable[[float], None] = time.sleep
    telemetry: Telemetry = field(default_factory=Telemetry)
    _local: threading.local = field(default_factory=threading.local)

    def post(
        self,
        url: str,
        body: Body,
        answer: Path,
        *,
        deployment: str,
        seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """POST JSON and spool the answer of a success into the file `answer`.

        Raises as `exchange` does.
        """

        def take(_: str, pieces: Iterator[bytes]) -> None:
            spool(pieces, answer)

        self.exchange(url, body, take, deployment=deployment, seconds=seconds, content_type=_JSON, headers=headers)

    def exchange(
        self,
        url: str,
        body: Body,
        take: Callable[[str, Iterator[bytes]], None],
        *,
        deployment: str,
        seconds: float,
        content_type: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """POST a body and hand the answer of a success to `take`: its content type, and its bytes as they arrive.

        Raises:
            Deferred: throttled, unavailable, cut, out of time, unauthorised, not deployed or blocked.
            Permanent: refused, invalid or too large.
        """
        turn = self.pace.turn(deployment)
        if turn.wait:
            self.wait(turn.wait)
            self.pace.confirm(turn)
        sent = {**(headers or {}), "Content-Type": content_type}
        try:
            self._exchange(url, body, take, deployment=deployment, deadline=self.deadline(seconds), headers=sent)
        except BaseException as error:
            self.pace.ended(turn, error)
            raise
        self.pace.ended(turn, None)

    def _exchange(
        self,
        url: str,
        body: Body,
        take: Callable[[str, Iterator[bytes]], None],
        *,
        deployment: str,
        deadline: Deadline,
        headers: Mapping[str, str],
    ) -> None:
        try:
            with (
                observed(self.telemetry, deployment, len(body)) as call,
                cut_after(deadline.remaining()),
                self._session().post(
                    url,
                    data=_Metered(body, deadline),
                    headers={**headers, **self.credential.headers()},
                    auth=no_netrc,
                    stream=True,
                    allow_redirects=False,
                    timeout=_timeout(deadline),
                ) as response,
            ):
                call.status, call.request_id = response.status_code, _request_id(response.headers)
                log.info(
                    "model answered deployment=%s status=%d request_id=%s sent=%d",
                    deployment, call.status, call.request_id, len(body),
                )  # fmt: skip
                if response.status_code != 200:
                    raise self._error(response, deployment, deadline)
                take(response.headers.get("Content-Type", ""), _pieces(response, deadline))
        except _BROKEN as error:
            raise Unavailable(
                f"The connection to the deployment {deployment} failed ({type(error).__name__}).",
                reached=not _never_connected(error),
            ) from None  # the cause's text holds the address, and nothing that helps

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


def _never_connected(error: BaseException) -> bool:
    """Whether the call ended before anything was sent, so that nothing can have been billed."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, requests.ConnectTimeout | urllib3.exceptions.NewConnectionError):
            return True
        reason = getattr(cause, "reason", None) or (cause.args[0] if cause.args else None)
        cause = reason if isinstance(reason, BaseException) else None
    return False


def _timeout(deadline: Deadline) -> Any:
    """Within the deadline as a whole; requests passes urllib3's own kind of timeout on, which its types do not say."""
    return urllib3.Timeout(connect=_CONNECT_SECONDS, total=deadline.remaining())


def no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Without an `auth` of its own, requests would let a .netrc file overwrite the Authorization header."""
    return request


def _pieces(response: requests.Response, deadline: Deadline) -> Iterator[bytes]:
    """The decoded body as it arrives; `read1` returns what is there: a dripping answer cannot outstay the deadline."""
    deadline.remaining()  # headers that were cut may look complete, and so may a body without a length
    while piece := response.raw.read1(_PIECE, decode_content=True):
        deadline.remaining()
        yield piece
    deadline.remaining()


def spool(pieces: Iterable[bytes], answer: Path) -> None:
    """Write an answer into a file as it arrives.

    Raises:
        TooLarge: above 512 MB.
    """
    size = 0
    with answer.open("wb") as file:
        for piece in pieces:
            size += len(piece)
            if size > _LARGEST_ANSWER:
                limit = _LARGEST_ANSWER // 1024 // 1024
                raise TooLarge(f"The model's answer is above {limit} MB.", code="answer_too_large")
            file.write(piece)


def _request_id(headers: Mapping[str, str]) -> str:
    return next((headers[name] for name in _REQUEST_IDS if name in headers), "-")
