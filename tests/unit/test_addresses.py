"""Messages name blobs: an address in one is refused, and nobody asks there."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared import embedding_jobs, image_jobs, ocr_jobs
from shared.names import BlobRef
from tests.fakes import Bench, small_png
from tests.servers import answer, serving

DOORS: dict[str, Callable[[Bench, bytes], None]] = {
    "ocr": lambda bench, body: ocr_jobs.ocr_message(bench.services, body, 1),
    "image": lambda bench, body: image_jobs.image_message(bench.services, body, 1, "id"),
    "embedding": lambda bench, body: embedding_jobs.embedding_message(bench.services, body, 1, "id"),
}
PLACES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "document": ("ocr", lambda at: {"document": at}),
    "picture": ("image", lambda at: {"prompt": "a", "operation": "edit", "images": [at]}),
    "mask": ("image", lambda at: {"prompt": "a", "operation": "edit", "images": ["images/a.png"], "mask": at}),
    "input": ("embedding", lambda at: {"inputs": [{"image": at}]}),
    "text": ("embedding", lambda at: {"inputs": [{"text_blob": at}]}),
    "prefix": ("embedding", lambda at: {"inputs": [{"images": at}]}),
}
ADDRESSES = ("{}", "{}/a.pdf?sig=x", "documents@{}", "//{}", "file:///etc/passwd", "http:documents/a.pdf")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_in_a_message_is_refused_and_not_fetched(place: str, address: str) -> None:
    """Whoever may post a message may not make the app ask somewhere with what it is allowed to."""
    kind, message = PLACES[place]
    bench = Bench.make()
    with serving(answer()) as server:
        DOORS[kind](bench, json.dumps({**message(address.format(server.url)), "job_id": "a"}).encode())
        assert server.requests == []
    assert [event.code for event in bench.events()] in (["invalid_message"], ["invalid_name"])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("container", ["results", "ledger", "azure-webjobs-secrets", "azure-webjobs-hosts"])
def test_no_container_is_read_but_those_for_inputs(place: str, container: str) -> None:
    """Results, paid answers and what the host keeps are nobody's input."""
    kind, message = PLACES[place]
    bench = Bench.make()
    bench.storage.write(BlobRef("images", "a.png"), small_png(), "image/png")
    DOORS[kind](bench, json.dumps({**message(f"{container}/a/"), "job_id": "a"}).encode())
    assert [event.code for event in bench.events()] == ["container_not_allowed"]
