"""What the image endpoints answer: one JSON object, or a stream of server-sent events."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

from local.foundry.engines import EngineSettings
from local.foundry.images import encoding, moderation
from local.foundry.images.shelf import Shelf
from local.foundry.images.usage import usage
from local.foundry.images.work import Work


@dataclass(frozen=True)
class Answer:
    """One accepted request on its way to pictures; `created` is in seconds since 1970."""

    work: Work
    engine: EngineSettings
    created: int

    async def as_json(self) -> dict[str, Any]:
        """The answer of the gpt-image models; raises ServiceError when the pictures are refused."""
        data = [{"b64_json": _base64(file)} for file in await self._files()]
        return {"created": self.created, **self._settings(), "data": data, "usage": self._usage(partials=0)}

    async def as_dall_e(self, shelf: Shelf, base_url: str) -> dict[str, Any]:
        """The answer of dall-e-3, with addresses below `base_url` or the pictures themselves."""
        [file] = await self._files()
        place = {"url": base_url + shelf.put(file)} if self.work.wanted.as_url else {"b64_json": _base64(file)}
        entry = {
            "revised_prompt": f"A picture that shows: {self.work.wanted.prompt}",
            "content_filter_results": moderation.filters(),
            "prompt_filter_results": moderation.filters(),
        }
        return {"created": self.created, "data": [{**place, **entry}]}

    async def events(self, event: str) -> AsyncIterator[str]:
        """The events of a stream: partial images, then the final one or the refusal, and the mark if it is wanted."""
        asked = self.work.wanted.partial_images
        sent = asked if self.engine.partial_images_sent is None else min(asked, self.engine.partial_images_sent)
        picture = await asyncio.to_thread(self.work.picture, 0)
        for index in range(sent):
            await self._pause(1 / (sent + 1))
            partial = await asyncio.to_thread(self._file, encoding.coarse(picture, index))
            yield _event(f"{event}.partial_image", **self._shown(partial), partial_image_index=index)
        await self._pause(1 / (sent + 1))
        yield await self._last_event(event, picture, sent)
        if self.engine.done_mark:
            yield "data: [DONE]\n\n"

    async def _last_event(self, event: str, picture: Image.Image, partials: int) -> str:
        refused = moderation.refused_output(self.work.wanted.prompt)
        if refused:
            return _event("error", error=refused.body["error"])
        final = await asyncio.to_thread(self._file, picture)
        return _event(f"{event}.completed", **self._shown(final), usage=self._usage(partials))

    async def _files(self) -> list[bytes]:
        files = []
        for index in range(self.work.wanted.n):
            file, _ = await asyncio.gather(asyncio.to_thread(self._drawn, index), self._pause(1))
            files.append(file)
        refused = moderation.refused_output(self.work.wanted.prompt)
        if refused:
            raise refused
        return files

    def _drawn(self, index: int) -> bytes:
        return self._file(self.work.picture(index))

    async def _pause(self, share: float) -> None:
        await asyncio.sleep(self.engine.seconds_per_picture * share)

    def _file(self, picture: Image.Image) -> bytes:
        wanted = self.work.wanted
        return encoding.file(picture, wanted.output_format, wanted.output_compression, self.engine.picture_bytes)

    def _shown(self, file: bytes) -> dict[str, Any]:
        return {"b64_json": _base64(file), "created_at": self.created, **self._settings()}

    def _settings(self) -> dict[str, str]:
        wanted, (width, height) = self.work.wanted, self.work.size
        return {
            "background": self.work.background,
            "output_format": wanted.output_format,
            "quality": wanted.quality,
            "size": f"{width}x{height}",
        }

    def _usage(self, partials: int) -> dict[str, Any]:
        return usage(self.work.wanted, self.work.size, self.work.source_sizes, partials)


def _event(name: str, **data: Any) -> str:
    return f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
