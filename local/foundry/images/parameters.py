"""The parameters of an image request, checked as the service checks them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.foundry.images import refusals
from local.foundry.images.models import ImageModel, Size

_FLAGS = {"true": True, "false": False}


@dataclass(frozen=True)
class Wanted:
    """What a request asks for, with the defaults filled in; `size` None is `auto`, `as_url` is dall-e's way."""

    prompt: str
    n: int
    size: Size | None
    quality: str
    background: str
    output_format: str
    output_compression: int
    stream: bool
    partial_images: int
    fidelity: str
    as_url: bool


def validated(content: Mapping[str, Any], model: ImageModel, editing: bool) -> Wanted:
    """The request as the model understands it.

    `content` holds JSON values, or texts when it comes from a form. Raises ServiceError 400 with the first thing that
    the service would complain about.
    """
    fields = _Fields(content, from_form=editing)
    fields.refuse_unknown(model.edit_parameters if editing else model.parameters)
    wanted = _wanted(fields, model)
    _check_fidelity(fields, model)
    _check_together(wanted)
    return wanted


def _wanted(fields: "_Fields", model: ImageModel) -> Wanted:
    fields.word("moderation", ("auto", "low"))
    fields.word("style", ("vivid", "natural"))
    quality = fields.word("quality", model.qualities, model.usual_quality)
    return Wanted(
        prompt=fields.prompt(model.longest_prompt),
        n=fields.integer("n", 1, model.most_pictures, 1),
        size=model.size(fields.text("size", model.sizes[0] if model.is_dall_e else "auto")),
        quality=model.usual_quality if quality == "auto" else quality,
        background=fields.word("background", ("transparent", "opaque", "auto"), "auto"),
        output_format=fields.word("output_format", ("png", "jpeg"), "png"),
        output_compression=fields.integer("output_compression", 0, 100, 100),
        stream=fields.flag("stream"),
        partial_images=fields.integer("partial_images", 0, 3, 0),
        fidelity=fields.word("input_fidelity", ("high", "low"), "low"),
        as_url=fields.word("response_format", ("url", "b64_json"), "url") == "url" if model.is_dall_e else False,
    )


def _check_fidelity(fields: "_Fields", model: ImageModel) -> None:
    if fields.has("input_fidelity") and not model.has_fidelity:
        message = f"The model '{model.name}' does not support the 'input_fidelity' parameter."
        raise refusals.cannot(message, "input_fidelity", "invalid_input_fidelity_model")


def _check_together(wanted: Wanted) -> None:
    if wanted.background == "transparent" and wanted.output_format == "jpeg":
        raise refusals.cannot("Transparent background is not supported for JPEG output format.", "background")
    if wanted.output_compression < 100 and wanted.output_format == "png":
        message = "Compression less than 100 is not supported for PNG output format"
        raise refusals.cannot(message, "output_compression", "invalid_png_output_compression")
    if wanted.stream and wanted.n > 1:
        raise refusals.cannot("Streaming is only supported for one image. Set 'n' to 1 or 'stream' to false.", "n")


class _Fields:
    """Reads values one by one; a null in JSON is the same as nothing."""

    def __init__(self, content: Mapping[str, Any], from_form: bool) -> None:
        self._values = {name: value for name, value in content.items() if value is not None}
        self._from_form = from_form

    def refuse_unknown(self, known: frozenset[str]) -> None:
        for name in self._values:
            if name not in known:
                raise refusals.unknown(name)

    def has(self, name: str) -> bool:
        return name in self._values

    def text(self, name: str, usual: str) -> str:
        value = self._values.get(name, usual)
        if not isinstance(value, str):
            raise refusals.mistyped(name, "a string", value)
        return value

    def prompt(self, longest: int) -> str:
        if not self.has("prompt"):
            raise refusals.missing("prompt")
        prompt = self.text("prompt", "")
        if not prompt:
            raise refusals.empty("prompt")
        if len(prompt) > longest:
            raise refusals.too_long("prompt", longest, len(prompt))
        return prompt

    def word(self, name: str, supported: Sequence[str], usual: str = "") -> str:
        word = self.text(name, usual)
        if word not in supported and self.has(name):
            raise refusals.not_among(name, word, supported)
        return word

    def integer(self, name: str, least: int, most: int, usual: int) -> int:
        value = self._values.get(name, usual)
        if self._from_form and isinstance(value, str) and value.lstrip("-").isdecimal():
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            raise refusals.mistyped(name, "an integer", value)
        if value < least:
            raise refusals.below(name, least, value)
        if value > most:
            raise refusals.above(name, most, value)
        return value

    def flag(self, name: str) -> bool:
        value = self._values.get(name, False)
        if self._from_form and isinstance(value, str):
            value = _FLAGS.get(value.lower(), value)
        if not isinstance(value, bool):
            raise refusals.mistyped(name, "a boolean", value)
        return value
