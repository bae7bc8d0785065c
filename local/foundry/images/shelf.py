"""Pictures that are fetched by address, as dall-e-3 gives them: blobs with a signature that runs out."""

import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_LIFE = timedelta(hours=24)
_KEPT = 200
_ERROR = '<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'


@dataclass(frozen=True)
class _Picture:
    png: bytes
    signature: str
    until: datetime


class Shelf:
    """Keeps the last 200 pictures; an address is good for 24 hours, or until the pictures are made to expire."""

    def __init__(self, clock: Callable[[], datetime], name: Callable[[], str] = lambda: secrets.token_hex(16)) -> None:
        """Start empty; `name` gives names and signatures that nobody guesses."""
        self._clock = clock
        self._name = name
        self._pictures: OrderedDict[str, _Picture] = OrderedDict()

    def put(self, png: bytes) -> str:
        """Keep a picture; gives its address below the emulator's own."""
        name = f"{self._name()}.png"
        picture = self._pictures[name] = _Picture(png, self._name(), self._clock() + _LIFE)
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)
        return f"emulator/pictures/{name}?se={picture.until:%Y-%m-%dT%H:%M:%SZ}&sp=r&sig={picture.signature}"

    def expire(self) -> int:
        """Let every address run out now; gives their number."""
        now = self._clock()
        for name, picture in self._pictures.items():
            self._pictures[name] = replace(picture, until=now)
        return len(self._pictures)

    def routes(self) -> list[Route]:
        """The route that serves the pictures."""
        return [Route("/emulator/pictures/{name}", self._get, methods=["GET"])]

    async def _get(self, request: Request) -> Response:
        picture = self._pictures.get(request.path_params["name"])
        if picture is None:
            return _refusal(404, "BlobNotFound", "The specified blob does not exist.")
        if request.query_params.get("sig") != picture.signature or self._clock() >= picture.until:
            return _refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.")
        return Response(picture.png, media_type="image/png")


def _refusal(status: int, code: str, message: str) -> Response:
    headers = {"x-ms-error-code": code}
    return Response(_ERROR.format(code=code, message=message), status, headers, media_type="application/xml")
