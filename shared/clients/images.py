"""The image endpoints of Azure OpenAI: pictures made from a prompt, and pictures edited.

Two routes serve the same requests: `/openai/v1/images/…` with the deployment in the body, and
`/openai/deployments/<deployment>/images/…?api-version=…`. The address is built from the deployment here, never from a
body: the SDKs that take it from the body lose it in multipart edits.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from shared.clients.body import Json
from shared.clients.image_answer import ImageAnswer
from shared.clients.multipart import Form, FormFile
from shared.clients.refusals import error_within
from shared.clients.sse import events
from shared.clients.transport import Body, Transport, spool
from shared.clients.unpack import PICTURE_KEY, unpack
from shared.errors import Unavailable

Operation = Literal["generate", "edit"]
_PATHS: Mapping[Operation, str] = {"generate": "generations", "edit": "edits"}
_PARTIALS = range(10)  # the service sends at most three
_STREAM = "text/event-stream"


@dataclass(frozen=True)
class ImageRequest:
    """One call: the options that are sent, and for an edit the pictures (and the mask last) on disk."""

    operation: Operation
    deployment: str
    fields: Mapping[str, Any]
    files: Sequence[FormFile] = ()


@dataclass(frozen=True)
class ImageClient:
    """Makes and edits pictures at one endpoint; `seconds` bound each call by the wall clock."""

    endpoint: str
    route: str
    api_version: str
    transport: Transport
    seconds: float

    def url(self, operation: Operation, deployment: str) -> str:
        """The address to post to."""
        if self.route == "deployments":
            where = f"/openai/deployments/{quote(deployment, safe='')}/images/{_PATHS[operation]}"
            return f"{self.endpoint}{where}?api-version={quote(self.api_version, safe='')}"
        return f"{self.endpoint}/openai/v1/images/{_PATHS[operation]}"

    def make(self, request: ImageRequest, answer: Path, on_partial: Callable[[int, Path], None]) -> ImageAnswer:
        """Have pictures made and keep the answer in a file: the whole, or the last event of one that is streamed.

        `on_partial` gets each unfinished picture of a streamed answer, as it arrives: its index, and its file for as
        long as the call lasts.

        Raises:
            Deferred: throttled, unavailable, an answer that is none, unauthorised, not deployed or blocked.
            Permanent: refused, invalid or too large.
        """

        def take(content_type: str, pieces: Iterator[bytes]) -> None:
            if content_type.startswith(_STREAM):
                self._collect(request, pieces, answer, on_partial)
            else:
                spool(pieces, answer)

        body, content_type = _body(request)
        self.transport.exchange(
            self.url(request.operation, request.deployment),
            body,
            take,
            deployment=request.deployment,
            seconds=self.seconds,
            content_type=content_type,
        )
        return self._read(request, answer)

    def _read(self, request: ImageRequest, answer: Path) -> ImageAnswer:
        """The answer; one of HTTP 200 may carry an error all the same, as Microsoft's reference shows it."""
        told = unpack(answer, answer.with_suffix(".picture"))
        self._raise_error(request, told)
        return ImageAnswer.of(told)

    def _raise_error(self, request: ImageRequest, told: Any) -> None:
        error = error_within(told, request.deployment, self.transport.now())
        if error is not None:
            raise error

    def _collect(
        self, request: ImageRequest, pieces: Iterator[bytes], answer: Path, on_partial: Callable[[int, Path], None]
    ) -> None:
        """Read a stream to its finished picture, which counts though partial ones may be missing or late.

        Raises:
            DarkroomError: the error that the stream carries.
            Unavailable: it ends without a finished picture.
        """
        for event in events(pieces, answer.with_suffix(".event")):
            told = _event(event, answer.with_suffix(".unfinished"))
            self._raise_error(request, told)
            kind, index = str(told.get("type", "")), told.get("partial_image_index", 0)
            picture = told.get(PICTURE_KEY)
            known = isinstance(index, int) and index in _PARTIALS
            if kind.endswith(".partial_image") and isinstance(picture, Path) and known:
                on_partial(index, picture)
            if kind.endswith(".completed"):
                event.replace(answer)
                return
        raise Unavailable("The model's stream ended without a finished picture.")


def _event(path: Path, pictures: Path) -> dict[str, Any]:
    """An event; one that cannot be read is as good as none, for the finished picture may follow it."""
    try:
        told = unpack(path, pictures)
    except Unavailable:
        return {}
    return told if isinstance(told, dict) else {}


def _body(request: ImageRequest) -> tuple[Body, str]:
    fields = {"model": request.deployment, **request.fields}
    if request.operation == "generate":
        return Json(fields), "application/json"
    texts = [(name, value if isinstance(value, str) else json.dumps(value)) for name, value in fields.items()]
    form = Form(texts, request.files)
    return form, form.content_type
