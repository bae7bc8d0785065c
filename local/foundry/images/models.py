"""What each image model accepts: sizes, qualities, parameters and limits.

From Microsoft's image generation reference (2026-05-14) and how-to (2026-04-17), and for gpt-image-2.5 from the types
of openai 3.52.0.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from local.foundry.images import refusals

Size = tuple[int, int]

_EVERY = frozenset({"prompt", "model", "n", "size", "quality", "user"})
_GPT = _EVERY | {"background", "output_format", "output_compression", "stream", "partial_images"}
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})")
_STEP, _LONGEST, _STEEPEST, _FEWEST, _MOST = 16, 3840, 3, 655_360, 8_294_400


@dataclass(frozen=True)
class ImageModel:
    """One model; without `sizes` any size within the rule of gpt-image-2 will do.

    `edit_parameters` is empty for a model that cannot edit, `has_fidelity` says whether it takes `input_fidelity`.
    """

    name: str
    qualities: tuple[str, ...] = ("low", "medium", "high", "auto")
    usual_quality: str = "high"
    sizes: tuple[str, ...] = ("1024x1024", "1024x1536", "1536x1024", "auto")
    longest_prompt: int = 32_000
    most_pictures: int = 10
    parameters: frozenset[str] = _GPT | {"moderation"}
    edit_parameters: frozenset[str] = _GPT | {"image", "image[]", "mask", "input_fidelity"}
    has_fidelity: bool = True

    @property
    def is_dall_e(self) -> bool:
        """Whether it answers in dall-e's way, with addresses and revised prompts."""
        return "response_format" in self.parameters

    def size(self, asked: str) -> Size | None:
        """Width and height, or None for `auto`; raises ServiceError for a size that the model does not make."""
        if self.sizes and asked not in self.sizes:
            raise refusals.not_among("size", asked, self.sizes)
        return None if asked == "auto" else _free_size(asked, ruled=not self.sizes)

    def automatic_size(self, source: Size | None) -> Size:
        """What `auto` becomes: a square, or for an edit what is nearest to the shape of its first image."""
        if source is None:
            return (1024, 1024)
        if self.sizes:
            known = [_free_size(size, ruled=False) for size in self.sizes if size != "auto"]
            return min(known, key=lambda size: abs(size[0] / size[1] - source[0] / source[1]))
        return source if _broken_rule(*source) is None else (1024, 1024)


def _free_size(asked: str, ruled: bool) -> Size:
    match = _SIZE.fullmatch(asked)
    if match is None:
        raise refusals.bad_size(asked, "Expected WIDTHxHEIGHT in pixels, such as 1024x1024, or auto.")
    width, height = int(match[1]), int(match[2])
    broken = _broken_rule(width, height) if ruled else None
    if broken:
        raise refusals.bad_size(asked, broken)
    return width, height


def _broken_rule(width: int, height: int) -> str | None:
    if max(width, height) > _LONGEST:
        return f"The longest edge must be less than or equal to {_LONGEST}."
    if width % _STEP or height % _STEP:
        return f"Width and height must both be divisible by {_STEP}."
    if max(width, height) > _STEEPEST * min(width, height):
        return f"The aspect ratio must not exceed {_STEEPEST}:1."
    if not _FEWEST <= width * height <= _MOST:
        return f"The total number of pixels must be between {_FEWEST} and {_MOST}."
    return None


_GPT_IMAGE_2 = ImageModel("gpt-image-2", sizes=(), has_fidelity=False)
_GPT_IMAGE_25 = replace(
    _GPT_IMAGE_2,
    qualities=("low", "medium", "high", "xhigh", "max", "auto"),
    parameters=_GPT_IMAGE_2.parameters | {"safety_identifier"},
    edit_parameters=_GPT_IMAGE_2.edit_parameters | {"safety_identifier"},
)

IMAGE_MODELS: Mapping[str, ImageModel] = {
    model.name: model
    for model in (
        ImageModel("gpt-image-1"),
        ImageModel("gpt-image-1-mini", usual_quality="medium", has_fidelity=False),
        ImageModel("gpt-image-1.5"),
        _GPT_IMAGE_2,
        replace(_GPT_IMAGE_25, name="gpt-image-2.5-sunburst"),
        replace(_GPT_IMAGE_25, name="gpt-image-2.5-flare"),
        ImageModel(
            "dall-e-3",
            qualities=("standard", "hd"),
            usual_quality="standard",
            sizes=("1024x1024", "1792x1024", "1024x1792"),
            longest_prompt=4_000,
            most_pictures=1,
            parameters=_EVERY | {"style", "response_format"},
            edit_parameters=frozenset(),
        ),
    )
}
