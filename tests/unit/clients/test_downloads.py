"""Fetching made pictures: from the service's own hosts only, within bounds, and with no key."""

import itertools
import logging
from pathlib import Path

import pytest

from shared.clients.downloads import Downloads
from shared.errors import Incomplete, Unavailable
from tests.servers import Exchange, Server, answer, endless, head, sends, serving
from tests.unit.clients.calling import CANARY, SECONDS, in_time

AZURE = Downloads("https://my-resource.openai.azure.com")
PICTURE = b"\x89PNG\r\n\x1a\n any bytes"


def local(server: Server) -> Downloads:
    """Downloads of a local service."""
    return Downloads(server.url.removesuffix("/ocr"), SECONDS)


@pytest.mark.parametrize(
    "url",
    [
        "https://dalleprod.blob.core.windows.net/private/a.png?sig=x",
        "https://z1.z.blob.storage.azure.net/a.png",
    ],
)
def test_the_services_own_storage_is_fetched_from(url: str) -> None:
    """The hosts that Azure keeps made pictures on."""
    assert AZURE.allowed(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "a.png",
        "//dalleprod.blob.core.windows.net/a.png",
        "http://dalleprod.blob.core.windows.net/a.png",
        "ftp://dalleprod.blob.core.windows.net/a.png",
        "file:///etc/passwd",
        "https://example.org/a.png",
        "https://blob.core.windows.net.example.org/a.png",
        "https://example.org/.blob.core.windows.net",
        "https://example.org#.blob.core.windows.net",
        "https://example.org?.blob.core.windows.net",
        "https://evilblob.core.windows.net/a.png",
        "https://.blob.core.windows.net/a.png",
        "https://dalleprod.blob.core.windows.net:8443/a.png",
        "https://dalleprod.blob.core.windows.net:x/a.png",
        "https://dalleprod.blob.core.windows.net:99999/a.png",
        "https://127.0.0.1/a.png",
        "http://127.0.0.1:8780/a.png",
        "http://169.254.169.254/metadata/instance",
        "https://[::1]/a.png",
        "https://[.blob.core.windows.net/a.png",
        "https://my-resource.openai.azure.com/a.png",
        "https://example.org\\@x.blob.core.windows.net/a.png",
        "https://example.org\\.blob.core.windows.net/a.png",
        "https://somebody:secret@x.blob.core.windows.net/a.png",
        "https://example.org@x.blob.core.windows.net/a.png",
        "https://exam\tple.org\n.blob.core.windows.net/a.png",
        " https://x.blob.core.windows.net/a.png",
        "https://x.blob.core.windows.net/a b.png",
        "https://x.blob.core.windows.net/\r\nHost: example.org",
    ],
)
def test_nothing_else_is_fetched_from(url: str) -> None:
    """No other host, scheme or port, and no address that two readers could read differently."""
    assert not AZURE.allowed(url)


def test_a_foreign_address_fails_before_any_connection(tmp_path: Path) -> None:
    """The address comes from an answer, and is not trusted."""
    with serving(answer(body=PICTURE)) as server:
        with pytest.raises(Incomplete, match="not one of the service's own"):
            AZURE.fetch(f"{server.url}/a.png", tmp_path / "to")

        assert server.requests == []
    assert not (tmp_path / "to").exists()


def test_a_local_service_serves_its_pictures_itself_and_no_other_port_does(tmp_path: Path) -> None:
    """The emulator's address is the endpoint's; other services of the machine are none of ours."""
    with serving(answer(body=PICTURE)) as server, serving(answer()) as neighbour:
        local(server).fetch(f"{server.url}/a.png", tmp_path / "to")

        assert (tmp_path / "to").read_bytes() == PICTURE
        for url in (neighbour.url, "https://x.blob.core.windows.net/a.png", server.url.replace("http:", "https:")):
            assert not local(server).allowed(url)


def test_no_key_goes_along(tmp_path: Path) -> None:
    """The address alone opens the door; whoever has the storage host learns nothing more."""
    with serving(answer(body=PICTURE)) as server:
        local(server).fetch(server.url, tmp_path / "to")

    assert not {"authorization", "api-key", "cookie"} & server.requests[0].headers.keys()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(tmp_path: Path, status: int) -> None:
    """Not even to a host that would be allowed: the address was checked, the next one was not."""
    with serving(answer(body=PICTURE)) as elsewhere, serving(answer(status, location=elsewhere.url)) as server:
        with pytest.raises((Unavailable, Incomplete)):
            local(server).fetch(server.url, tmp_path / "to")

        assert elsewhere.requests == []
        assert len(server.requests) == 1


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_picture_that_is_gone_is_told_as_gone(tmp_path: Path, status: int) -> None:
    """Waiting brings it not back."""
    with serving(answer(status)) as server, pytest.raises(Incomplete, match="keeps it for a day"):
        local(server).fetch(server.url, tmp_path / "to")


@pytest.mark.parametrize(
    "script",
    [
        answer(500),
        answer(503),
        answer(429),
        Exchange.reset,
        sends([head(content_length="100"), b"half"]),
        sends([head(transfer_encoding="chunked"), b"4\r\nhalf\r\n"]),
    ],
    ids=["500", "503", "429", "reset", "cut", "cut chunks"],
)
def test_a_storage_that_is_away_is_waited_for(tmp_path: Path, script: object) -> None:
    """And half a picture is none."""
    with serving(script) as server, pytest.raises(Unavailable):  # type: ignore[arg-type]  # ids need a plain type
        local(server).fetch(server.url, tmp_path / "to")


@pytest.mark.parametrize(
    "script",
    [
        Exchange.hang,
        sends([head(content_length="1000000")], then=Exchange.hang),
        sends(itertools.chain([head(content_length="1000000")], itertools.repeat(b"x")), every=0.02),
        sends(bytes([byte]) for byte in itertools.cycle(b"HTTP/1.1 200 OK\r\nX: ")),
    ],
    ids=["silent", "silent after the head", "dripping", "dripping head"],
)
def test_a_download_keeps_its_deadline(tmp_path: Path, script: object) -> None:
    """By the wall clock, whatever drips."""
    with serving(script) as server, in_time(), pytest.raises(Unavailable):  # type: ignore[arg-type]  # as above
        local(server).fetch(server.url, tmp_path / "to")


def test_a_picture_without_end_is_cut_off_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download cannot fill the disk."""
    monkeypatch.setattr("shared.clients.downloads._LARGEST", 1024 * 1024)
    with serving(endless()) as server, pytest.raises(Incomplete, match="above 1 MB"):
        Downloads(server.url.removesuffix("/ocr"), 5).fetch(server.url, tmp_path / "to")

    assert (tmp_path / "to").stat().st_size <= 1024 * 1024


@pytest.mark.parametrize("script", [answer(404), answer(500), Exchange.reset], ids=["404", "500", "reset"])
def test_neither_errors_nor_logs_hold_the_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, script: object
) -> None:
    """It is a key to the picture."""
    caplog.set_level(logging.DEBUG, logger="darkroom")
    with serving(script) as server, pytest.raises((Unavailable, Incomplete)) as raised:  # type: ignore[arg-type]  # as above
        local(server).fetch(f"{server.url}/{CANARY}?sig={CANARY}", tmp_path / "to")

    assert CANARY not in f"{raised.value.message} {raised.value!r} {raised.value.__cause__!r} {caplog.text}"
