"""What each image model accepts, and what it costs.

Facts are those of Microsoft's reference of the image API (2025-04-01-preview, as of 2026-05) and its table of models,
where they agree; where they contradict each other (prompt length, default quality, partial images) nothing is checked
here and the service decides. Prices are the list prices of 2026-11 in US dollars, for estimates only; None is
unknown.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from shared.errors import Invalid
from shared.image_messages import ImageJob
from shared.lifecycle import Retirable
from shared.messages import COUNTS, ImageUsage

_SIZE = re.compile(r"(\d+)x(\d+)")
_GPT_OPTIONS = frozenset(
    {
        "n",
        "size",
        "quality",
        "background",
        "output_format",
        "output_compression",
        "moderation",
        "user",
        "stream",
        "partial_images",
        "images",
        "mask",
        "input_fidelity",
    }
)
_GPT_SIZES = frozenset({"1024x1024", "1024x1536", "1536x1024"})
_OUTPUT_TOKENS = {  # of one picture, by quality and size; OpenAI's table for gpt-image-1
    "low": {"1024x1024": 272, "1024x1536": 408, "1536x1024": 400},
    "medium": {"1024x1024": 1056, "1024x1536": 1584, "1536x1024": 1568},
    "high": {"1024x1024": 4160, "1024x1536": 6240, "1536x1024": 6208},
}


@dataclass(frozen=True)
class TokenPrice:
    """US dollars for a million tokens."""

    text_in: float | None
    image_in: float | None
    image_out: float


@dataclass(frozen=True)
class ImageModel(Retirable):
    """One image model; `sizes` None is the rule of gpt-image-2, `always_streams` that long calls stream upstream."""

    name: str
    options: frozenset[str]
    qualities: frozenset[str]
    sizes: frozenset[str] | None = _GPT_SIZES
    one_a_call: bool = False
    edits: bool = True
    always_streams: bool = False
    retired_on: date | None = None
    successor: str | None = None
    token_price: TokenPrice | None = None
    picture_usd: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


_LOW_TO_HIGH = frozenset({"low", "medium", "high", "auto"})

IMAGE_MODELS: Mapping[str, ImageModel] = {
    model.name: model
    for model in (
        ImageModel(
            "gpt-image-1",
            _GPT_OPTIONS,
            _LOW_TO_HIGH,
            retired_on=date(2026, 10, 23),
            successor="gpt-image-2",
            token_price=TokenPrice(5.0, 10.0, 40.0),
        ),
        ImageModel(
            "gpt-image-1-mini",
            _GPT_OPTIONS - {"input_fidelity"},
            _LOW_TO_HIGH,
            retired_on=date(2027, 4, 7),
            successor="gpt-image-2",
            token_price=TokenPrice(2.0, 2.5, 8.0),
        ),
        ImageModel(
            "gpt-image-1.5",
            _GPT_OPTIONS,
            _LOW_TO_HIGH,
            retired_on=date(2027, 6, 16),
            successor="gpt-image-2",
            token_price=TokenPrice(5.0, 8.0, 32.0),
        ),
        ImageModel(
            "gpt-image-2",
            _GPT_OPTIONS - {"input_fidelity"},
            _LOW_TO_HIGH,
            sizes=None,
            always_streams=True,
            retired_on=date(2027, 10, 21),
            token_price=TokenPrice(None, None, 30.0),
        ),
        *(
            ImageModel(
                f"gpt-image-2.5-{kind}",
                _GPT_OPTIONS - {"input_fidelity"},
                _LOW_TO_HIGH | {"xhigh", "max"},
                sizes=None,
                always_streams=True,
                token_price=TokenPrice(None, None, 30.0),
            )
            for kind in ("sunburst", "flare")
        ),
        ImageModel(
            "dall-e-3",
            frozenset({"n", "size", "quality", "style", "response_format", "user"}),
            frozenset({"standard", "hd"}),
            sizes=frozenset({"1024x1024", "1792x1024", "1024x1792"}),
            one_a_call=True,
            edits=False,
            retired_on=date(2026, 3, 4),
            successor="gpt-image-2",
            picture_usd={
                "standard": {"1024x1024": 0.04, "1792x1024": 0.08, "1024x1792": 0.08},
                "hd": {"1024x1024": 0.08, "1792x1024": 0.12, "1024x1792": 0.12},
            },
        ),
    )
}


def check(job: ImageJob, model: ImageModel) -> None:
    """Let a job pass that the model can do.

    Raises:
        Invalid: it cannot, with the option and the model in one sentence.
    """
    for refusal in _refusals(job, model):
        raise Invalid(refusal, code="option_not_supported")


def _refusals(job: ImageJob, model: ImageModel) -> list[str]:
    """What is wrong, the plainest first."""
    name = model.name
    if job.operation == "edit" and not model.edits:
        return [f"The model {name} makes pictures but does not edit them."]
    if job.operation == "edit" and job.moderation is not None:
        return ["The option moderation belongs to making pictures; an edit does not take it."]
    given = job.model_dump(exclude_none=True, exclude={"prompt", "operation", "model", "job_id", *COUNTS})
    unknown = [option for option in given if option not in model.options and not (option == "n" and job.n == 1)]
    found = [f"The model {name} does not take the option {option}." for option in unknown]
    return found + _combinations(job) + _values(job, model)


def _combinations(job: ImageJob) -> list[str]:
    found = []
    if job.output_format == "webp":
        found.append("WEBP pictures are not made on Azure; choose png or jpeg.")
    if job.background == "transparent" and job.output_format == "jpeg":
        found.append("A JPEG cannot be transparent; choose png, or another background.")
    if job.output_compression is not None and job.output_format != "jpeg":
        found.append("The option output_compression goes with output_format jpeg.")
    if job.stream and job.n > 1:
        found.append("A streamed job makes one picture; leave out stream or set n to 1.")
    if job.partial_images is not None and not job.stream:
        found.append("The option partial_images goes with stream.")
    return found


def _values(job: ImageJob, model: ImageModel) -> list[str]:
    found = []
    if job.quality is not None and job.quality not in model.qualities:
        found.append(f"The model {model.name} has the qualities {', '.join(sorted(model.qualities))}.")
    if job.size not in (None, "auto") and (wrong := _wrong_size(str(job.size), model)):
        found.append(wrong)
    if job.size == "auto" and "background" not in model.options:
        found.append(f"The model {model.name} has no size auto.")
    return found


def _wrong_size(size: str, model: ImageModel) -> str | None:
    """What is wrong with a size; gpt-image-2 and later take any that obeys Microsoft's rule, the others a few."""
    if model.sizes is not None:
        return (
            None if size in model.sizes else f"The model {model.name} has the sizes {', '.join(sorted(model.sizes))}."
        )
    width, height = map(int, size.split("x"))
    if width % 16 or height % 16:
        return f"A size of {model.name} has sides that divide by 16."
    if max(width, height) > 3840:
        return f"A size of {model.name} has no side above 3840."
    if max(width, height) > 3 * min(width, height):
        return f"A size of {model.name} is at most three times as long as wide."
    if not 655_360 <= width * height <= 8_294_400:
        return f"A size of {model.name} has between 655,360 and 8,294,400 pixels."
    return None


def estimated_usd(job: ImageJob, model: ImageModel) -> float | None:
    """What the pictures of a job will cost at least, without its inputs; None when it cannot be known before."""
    if model.picture_usd:
        price = model.picture_usd.get(job.quality or "standard", {}).get(job.size or "1024x1024")
        return None if price is None else round(price * job.n, 6)
    tokens = _OUTPUT_TOKENS.get(job.quality or "", {}).get(job.size or "")
    if tokens is None or model.token_price is None:
        return None
    return round(tokens * job.n * model.token_price.image_out / 1e6, 6)


def used_usd(model: ImageModel, job: ImageJob, calls: int, usage: ImageUsage) -> float | None:
    """What the paid calls of a job cost, by the tokens that the service counted; None when one is not known."""
    if model.picture_usd:
        return estimated_usd(job.model_copy(update={"n": calls}), model)
    price = model.token_price
    if price is None or usage.out is None:
        return None
    parts = [(usage.text_in, price.text_in), (usage.image_in, price.image_in), (usage.out, price.image_out)]
    if any(count is None or (count and usd is None) for count, usd in parts):
        return None
    return round(sum((count or 0) * (usd or 0.0) for count, usd in parts) / 1e6, 6)
