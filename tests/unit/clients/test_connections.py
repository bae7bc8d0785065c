"""Every way in which a connection fails becomes one typed error, within the deadline of the call."""

import itertools
import socket
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from shared.errors import Unavailable
from tests.servers import Exchange, Script, Server, answer, endless, head, sends, serving
from tests.unit.clients.calling import CANARY, SECONDS, Caller, Pieces, in_time

DRIPS = 60  # at EVERY seconds each: three seconds, far beyond the deadline
EVERY = 0.05


def _dripping(start: bytes, drip: bytes) -> Script:
    return sends([start, *itertools.repeat(drip, DRIPS)], EVERY)


CHUNKED = head(transfer_encoding="chunked")
FAILURES: dict[str, Script] = {
    "closed without an answer": sends([]),
    "reset before the answer": Exchange.reset,
    "reset within the answer": sends([head(content_length="100"), b"half"], then=Exchange.reset),
    "cut before its Content-Length": sends([head(content_length="100"), b"half"]),
    "cut between chunks": sends([CHUNKED, b"4\r\nhalf\r\n"]),
    "cut within a chunk": sends([CHUNKED, b"40\r\nhalf"]),
    "no HTTP": sends([b"220 mail.example ESMTP\r\n"]),
    "broken compression": answer(body=b"not gzip at all", content_encoding="gzip"),
    "stalled headers": sends([], then=Exchange.hang),
    "stalled body": sends([head(content_length="100"), b"half"], then=Exchange.hang),
    "dripping body": _dripping(head(content_length="100"), b"."),
    "dripping body without a length": _dripping(head(), b"."),
    "dripping chunks": _dripping(CHUNKED, b"1\r\n.\r\n"),
    "dripping chunk size": _dripping(CHUNKED, b"0"),
    "dripping headers": _dripping(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n"),
    "dripping status line": _dripping(b"HTTP/1.1 200 ", b"O"),
    "dripping error body": _dripping(head(500, content_length="100"), b"."),
    "endless body": endless(),
}


@pytest.mark.parametrize("failure", FAILURES.values(), ids=FAILURES.keys())
def test_every_broken_answer_is_unavailable_within_the_deadline(caller: Caller, failure: Script) -> None:
    """Whatever a connection does, the caller gets one typed error in time, and can come back later."""
    with serving(failure) as server, in_time(), pytest.raises(Unavailable):
        caller.post(server)


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
    with serving(FAILURES[name], tls=tls) as server, in_time(), pytest.raises(Unavailable):
        caller.post(server)


def test_a_dripping_handshake_does_not_outstay_the_deadline(caller: Caller) -> None:
    """The greeting of TLS is part of the call."""
    record = b"\x16\x03\x03\x3f\xff"
    with serving(lambda exchange: exchange.send([record, *itertools.repeat(b"\0", DRIPS)], EVERY)) as server:
        server.url = server.url.replace("http", "https")
        with in_time(), pytest.raises(Unavailable):
            caller.post(server)


def test_the_deadline_binds_behind_a_proxy(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Company networks have proxies, and requests takes them from the environment."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serving(FAILURES["dripping headers"]) as proxy, in_time(), pytest.raises(Unavailable):
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/ocr"))
        caller.post(Server([], url="http://far.example/ocr"))


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
    reading = serving(lambda exchange: exchange.receive_slowly(size, EVERY))
    with reading as server, in_time(2 * SECONDS), pytest.raises(Unavailable):
        caller.post(server, Pieces((bytes(256 * 1024),) * 128))
