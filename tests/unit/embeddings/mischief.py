"""What may befall a worker: it is killed, and storage or the model act up in the middle of a job."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

from shared.clients.embeddings import EmbeddingRequest
from tests.unit.embeddings.lab import Lab

REQUESTS = ("find", "list", "download", "read", "write", "create", "delete", "lease", "send")


class Killed(BaseException):
    """The process is no more; nothing catches it."""


def before_each(lab: Lab, act: Callable[[str, tuple[Any, ...]], None], *requests: str) -> Callable[[], None]:
    """Have something happen before each of these storage requests, until the function that is returned is called."""
    storage = lab.bench.storage

    def wrapped(name: str) -> Callable[..., Any]:
        real = getattr(storage, name)

        def request(*args: Any, **options: Any) -> Any:
            act(name, args)
            return real(*args, **options)

        return request

    for name in requests:
        object.__setattr__(storage, name, wrapped(name))

    def stop() -> None:
        for name in requests:
            object.__delattr__(storage, name)

    return stop


def killed_at(lab: Lab, number: int) -> Callable[[], None]:
    """The worker is killed before its storage request of this number, so none comes behind it either."""
    numbers = count(1)

    def act(_: str, __: tuple[Any, ...]) -> None:
        if next(numbers) >= number:
            raise Killed

    return before_each(lab, act, *REQUESTS)


def embedding(lab: Lab, act: Callable[[], None]) -> None:
    """Have something happen at the model, before it answers."""
    real = lab.model.embed

    def embed(request: EmbeddingRequest, answer: Path) -> None:
        act()
        real(request, answer)

    object.__setattr__(lab.model, "embed", embed)


def mixed(lab: Lab) -> list[dict[str, Any]]:
    """Inputs of every kind that make three calls."""
    return [
        {"image": lab.picture("a.png", 1)},
        {"text": "one"},
        {"text_blob": lab.give("t.txt", "two")},
        {"image": lab.picture("b.png", 2), "text": "said about it"},
    ]
