"""One request to a model: what goes out, what comes back, and whom a pause holds back."""

import logging
import zlib
from pathlib import Path

import pytest

from shared.clients.credentials import Key
from shared.clients.transport import Transport
from shared.errors import Invalid, NeedsOperator, NotDeployed, Throttled, TooLarge, Unauthorised, Unavailable
from tests.servers import Exchange, Script, answer, endless, head, sends, serving
from tests.unit.clients.calling import CANARY, Caller, Pieces, Seconds


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


def test_an_answer_above_the_limit_is_too_large(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer cannot fill the disk."""
    monkeypatch.setattr("shared.clients.transport._LARGEST_ANSWER", 1024 * 1024)
    with serving(answer(body=bytes(1024 * 1024 + 1))) as server, pytest.raises(TooLarge) as raised:
        caller.post(server, seconds=5)

    assert raised.value.code == "answer_too_large"


def test_an_error_body_of_megabytes_is_read_in_part(caller: Caller) -> None:
    """An error without end is an error still, and at once."""
    with serving(endless(400)) as server, pytest.raises(Invalid) as raised:
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


def test_a_429_is_a_429_though_its_body_is_cut(caller: Caller) -> None:
    """Status and headers have said it all; the pause is kept."""
    with serving(sends([head(429, retry_after="30", content_length="100"), b"half"])) as server:
        with pytest.raises(Throttled) as raised:
            caller.post(server)
        with pytest.raises(Throttled):
            caller.post(server)

    assert raised.value.after == 30
    assert len(server.requests) == 1


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
        Exchange.reset,
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
