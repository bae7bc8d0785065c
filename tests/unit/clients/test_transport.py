"""One request to a model: what goes out, what comes back, and every way in which a connection fails."""

import itertools
import logging
import socket
import ssl
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.clients.breaker import Breaker
from shared.clients.credentials import Key
from shared.clients.transport import Transport
from shared.errors import Invalid, NeedsOperator, NotDeployed, Throttled, TooLarge, Unauthorised, Unavailable
from tests.servers import Exchange, Script, Server, answer, head, sends, serving

CANARY = "canary-7f3a"
SECONDS = 0.4
GRACE = 0.8  # what the test machine may add to a deadline
DRIPS = 60  # at EVERY seconds each: three seconds, far beyond the deadline
EVERY = 0.05


@dataclass(frozen=True)
class Pieces:
    """A request body in pieces."""

    pieces: tuple[bytes, ...] = (b'{"a":', b"1}")

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)


@dataclass(frozen=True)
class Caller:
    """Posts to a server and gives the spooled answer."""

    to: Path
    transport: Transport

    def post(
        self, server: Server, body: Pieces | None = None, *, deployment: str = "ocr", seconds: float = SECONDS
    ) -> bytes:
        """Post within a short deadline."""
        self.transport.post(server.url, body or Pieces(), self.to, deployment=deployment, seconds=seconds)
        return self.to.read_bytes()


@dataclass
class Seconds:
    """A clock that stands still until told."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    """The breaker's clock."""
    return Seconds()


@pytest.fixture
def caller(tmp_path: Path, clock: Seconds) -> Caller:
    """A caller with a key and a breaker of its own."""
    return Caller(tmp_path / "answer", Transport(Key("the-key"), breaker=Breaker(clock)))


def test_the_answer_of_a_success_is_spooled_as_it_is(caller: Caller) -> None:
    """The bytes of a 200 lie in the file, whatever they are."""
    with serving(answer(body=b"\x00 any bytes")) as server:
        assert caller.post(server) == b"\x00 any bytes"


def test_a_compressed_answer_is_spooled_unpacked(caller: Caller) -> None:
    """A gateway that compresses, and sends the compressed bytes one by one, changes nothing."""
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(b'{"pages": []}' * 10) + packer.flush()
    pieces = [head(content_length=str(len(packed)), content_encoding="gzip"), *(bytes([byte]) for byte in packed)]

    with serving(sends(pieces, every=0.001)) as server:
        assert caller.post(server, seconds=5) == b'{"pages": []}' * 10


def test_the_body_goes_out_whole_with_its_length(caller: Caller) -> None:
    """Gateways refuse chunked uploads, so the length is told before the first byte."""
    with serving(answer()) as server:
        caller.post(server, Pieces((b'{"long":"', b"x" * 300_000, b'"}')))

    sent = server.requests[0]
    assert sent.headers["content-length"] == "300011"
    assert "transfer-encoding" not in sent.headers
    assert sent.body == b'{"long":"' + b"x" * 300_000 + b'"}'
    assert (sent.line, sent.headers["content-type"]) == ("POST /ocr HTTP/1.1", "application/json")


def test_a_netrc_file_does_not_replace_the_key(caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key is the bearer, whatever lies in the home folder."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))

    with serving(answer()) as server:
        caller.post(server)

    assert server.requests[0].headers["authorization"] == "Bearer the-key"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(caller: Caller, status: int) -> None:
    """The document and the key go to the configured address only."""
    with serving(answer()) as elsewhere, serving(answer(status, location=elsewhere.url)) as server:
        with pytest.raises(NotDeployed) as raised:
            caller.post(server)

        assert elsewhere.requests == []
        assert "redirects are not followed" in raised.value.remedy


def _reset(exchange: Exchange) -> None:
    exchange.reset()


def _hang(exchange: Exchange) -> None:
    exchange.hang()


def _dripping(start: bytes, drip: bytes) -> Script:
    return sends([start, *itertools.repeat(drip, DRIPS)], EVERY)


CHUNKED = head(transfer_encoding="chunked")
FAILURES: dict[str, Script] = {
    "closed without an answer": sends([]),
    "reset before the answer": _reset,
    "reset within the answer": sends([head(content_length="100"), b"half"], then=_reset),
    "cut before its Content-Length": sends([head(content_length="100"), b"half"]),
    "cut between chunks": sends([CHUNKED, b"4\r\nhalf\r\n"]),
    "cut within a chunk": sends([CHUNKED, b"40\r\nhalf"]),
    "no HTTP": sends([b"220 mail.example ESMTP\r\n"]),
    "broken compression": answer(body=b"not gzip at all", content_encoding="gzip"),
    "stalled headers": sends([], then=_hang),
    "stalled body": sends([head(content_length="100"), b"half"], then=_hang),
    "dripping body": _dripping(head(content_length="100"), b"."),
    "dripping body without a length": _dripping(head(), b"."),
    "dripping chunks": _dripping(CHUNKED, b"1\r\n.\r\n"),
    "dripping chunk size": _dripping(CHUNKED, b"0"),
    "dripping headers": _dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "dripping status line": _dripping(b"HTTP/1.1 200 ", b"O"),
    "dripping error body": _dripping(head(500, content_length="100"), b"."),
    "endless body": sends([CHUNKED], then=lambda exchange: exchange.send(_endless(), 0)),
}


def _endless() -> Iterable[bytes]:
    return itertools.repeat(b"10000\r\n" + bytes(0x10000) + b"\r\n")


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_every_broken_answer_is_unavailable_within_the_deadline(caller: Caller, failure: Script) -> None:
    """Whatever a connection does, the caller gets one typed error in time, and can come back later."""
    with serving(failure) as server:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            caller.post(server)

    assert time.monotonic() - began < SECONDS + GRACE


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A certificate for the loopback that requests trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(here, critical=False).sign(key, SHA256())
    file = tmp_path / "certificate.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


def test_an_answer_comes_over_tls(caller: Caller, tls: ssl.SSLContext) -> None:
    """The way that every call takes outside this machine."""
    with serving(answer(body=b"secure"), tls=tls) as server:
        assert caller.post(server, seconds=5) == b"secure"


@pytest.mark.parametrize(
    "name", ["stalled headers", "dripping headers", "dripping body", "cut within a chunk", "reset before the answer"]
)
def test_the_deadline_binds_over_tls(caller: Caller, tls: ssl.SSLContext, name: str) -> None:
    """Encryption has buffers of its own, and none of them keeps a call alive."""
    with serving(FAILURES[name], tls=tls) as server:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            caller.post(server)

    assert time.monotonic() - began < SECONDS + GRACE


def test_a_dripping_handshake_does_not_outstay_the_deadline(caller: Caller) -> None:
    """The greeting of TLS is part of the call."""
    record = b"\x16\x03\x03\x3f\xff"
    with serving(lambda exchange: exchange.send([record, *itertools.repeat(b"\0", DRIPS)], EVERY)) as server:
        server.url = server.url.replace("http", "https")
        began = time.monotonic()
        with pytest.raises(Unavailable):
            caller.post(server)

    assert time.monotonic() - began < SECONDS + GRACE


def test_a_refused_connection_is_unavailable_and_its_address_is_not_told(caller: Caller) -> None:
    """Nobody listens: the job waits, and the record does not hold what stands in an address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        server = Server([], url=f"http://127.0.0.1:{free.getsockname()[1]}/ocr?code={CANARY}")

    with pytest.raises(Unavailable) as raised:
        caller.post(server)

    assert CANARY not in f"{raised.value.message} {raised.value.__cause__!r}"


@pytest.mark.parametrize("size", [64, 256 * 1024], ids=["hardly", "steadily"])
def test_a_server_that_reads_too_slowly_is_unavailable_in_time(caller: Caller, size: int) -> None:
    """The deadline binds the upload too, also when every single piece goes out in time."""
    with serving(lambda exchange: exchange.receive_slowly(size, EVERY)) as server:
        began = time.monotonic()
        with pytest.raises(Unavailable):
            caller.post(server, Pieces((bytes(256 * 1024),) * 128))

    assert time.monotonic() - began < 2 * SECONDS + GRACE


def test_an_answer_above_the_limit_is_too_large(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer cannot fill the disk."""
    monkeypatch.setattr("shared.clients.transport._LARGEST_ANSWER", 1024 * 1024)
    with serving(answer(body=bytes(1024 * 1024 + 1))) as server, pytest.raises(TooLarge) as raised:
        caller.post(server, seconds=5)

    assert raised.value.code == "answer_too_large"


def test_an_error_body_of_megabytes_is_read_in_part(caller: Caller) -> None:
    """An error without end is an error still, and at once."""
    endless = sends([head(400, transfer_encoding="chunked")], then=lambda exchange: exchange.send(_endless(), 0))
    with serving(endless) as server, pytest.raises(Invalid) as raised:
        caller.post(server, seconds=5)

    assert len(raised.value.message) < 600


def test_a_throttled_deployment_is_left_alone_until_its_pause_is_over(caller: Caller, clock: Seconds) -> None:
    """One 429 holds back every call to that deployment, and only that long."""
    with serving(answer(429, retry_after="30"), answer()) as server:
        with pytest.raises(Throttled) as first:
            caller.post(server)
        clock.now += 29
        with pytest.raises(Throttled) as second:
            caller.post(server)
        assert len(server.requests) == 1

        clock.now += 1
        assert caller.post(server) == b"{}"

    assert (first.value.after, second.value.after) == (30, 1)


def test_other_deployments_go_on_while_one_pauses(caller: Caller) -> None:
    """The pause of one model is not the pause of all."""
    with serving(answer(429, retry_after="30"), answer()) as server:
        with pytest.raises(Throttled):
            caller.post(server, deployment="slow")

        assert caller.post(server, deployment="other") == b"{}"


def test_a_pause_without_a_length_still_holds_calls_back(caller: Caller, clock: Seconds) -> None:
    """A bare 429 earns a pause of ten seconds."""
    with serving(answer(429), answer()) as server:
        with pytest.raises(Throttled) as first:
            caller.post(server)
        clock.now += 9
        with pytest.raises(Throttled):
            caller.post(server)
        clock.now += 1
        caller.post(server)

    assert first.value.after is None


def test_a_longer_pause_outlives_a_shorter_one(clock: Seconds) -> None:
    """A second 429 of a call that was under way cannot cut the pause short."""
    breaker = Breaker(clock)

    breaker.pause("ocr", Throttled("", after=60))
    breaker.pause("ocr", Throttled("", after=5))

    clock.now += 59
    with pytest.raises(Throttled):
        breaker.check("ocr")


@pytest.mark.parametrize("key", ["ke\ny", "“key”", "key\u200b"])
def test_a_key_that_no_header_can_carry_waits_for_the_operator(tmp_path: Path, key: str) -> None:
    """A key that was copied with a quote or a line break in it is told of as a wrong key, and does not fail the job."""
    caller = Caller(tmp_path / "answer", Transport(Key(key)))
    with serving(answer()) as server, pytest.raises(NeedsOperator) as raised:
        caller.post(server)

    assert key not in raised.value.message


@pytest.mark.parametrize(
    "script",
    [
        answer(),
        answer(401, b'{"error": {"code": "401", "message": "Access denied."}}'),
        answer(500, b"oops"),
        answer(302, location="http://127.0.0.1:1/elsewhere"),
        sends([head(content_length="9")]),
        _reset,
    ],
    ids=["200", "401", "500", "302", "cut", "reset"],
)
def test_neither_errors_nor_logs_hold_the_key_the_address_or_the_document(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, script: Script
) -> None:
    """A canary in each secret shows up nowhere, not even in the cause of an error."""
    caplog.set_level(logging.DEBUG, logger="darkroom")
    caller = Caller(tmp_path / "answer", Transport(Key(f"{CANARY}-key")))
    told = ""
    with serving(script) as server:
        server.url += f"/{CANARY}-address?code={CANARY}"
        try:
            caller.post(server, Pieces((f'{{"document": "{CANARY}-document"}}'.encode(),)))
        except (Unavailable, Unauthorised, NotDeployed) as error:
            told = f"{error.message} {error.remedy} {error!r} {error.__cause__!r}"

    assert CANARY not in told
    assert CANARY not in caplog.text


def test_a_call_is_logged_with_its_ids_and_sizes(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    """Somebody who asks the provider about a call finds its request id."""
    caplog.set_level(logging.INFO, logger="darkroom")
    with serving(answer(apim_request_id="r-17")) as server:
        caller.post(server)

    assert caplog.messages == ["model answered deployment=ocr status=200 request_id=r-17 sent=7"]
