"""What each model takes: options, combinations, sizes and prices, decided before anything is paid."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog import Catalog
from shared.errors import Invalid, Misconfigured
from shared.image_catalog import IMAGE_MODELS, ImageModel, check, estimated_usd, used_usd
from shared.image_messages import ImageJob
from shared.messages import ImageUsage

GPT = (
    "gpt-image-1",
    "gpt-image-1-mini",
    "gpt-image-1.5",
    "gpt-image-2",
    "gpt-image-2.5-sunburst",
    "gpt-image-2.5-flare",
)
NEWEST = GPT[3:]
FIDELITY = ("gpt-image-1", "gpt-image-1.5")
DALL_E = ("dall-e-3",)
ALL = (*GPT, *DALL_E)
EDIT = {"operation": "edit", "images": ["images/a.png"]}


def job(**options: Any) -> ImageJob:
    """A job with these options."""
    return ImageJob.model_validate({"prompt": "A lighthouse", **options})


def refusal(model: str, **options: Any) -> str | None:
    """Why a model does not take a job, in a sentence; None when it does."""
    try:
        check(job(**options), IMAGE_MODELS[model])
    except Invalid as error:
        assert error.code == "option_not_supported"
        assert error.message.endswith(".")
        return error.message
    return None


def test_the_catalogue_has_every_model_of_the_family() -> None:
    """A new one comes with tests of its own."""
    assert set(IMAGE_MODELS) == set(ALL)


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize(
    ("options", "takers"),
    [
        ({}, ALL),
        ({"n": 10}, ALL),
        ({"user": "u-1"}, ALL),
        ({"size": "1024x1024"}, ALL),
        ({"size": "auto"}, GPT),
        ({"size": "1024x1536"}, GPT),
        ({"size": "1536x1024"}, GPT),
        ({"size": "1792x1024"}, (*DALL_E, *NEWEST)),
        ({"size": "1024x1792"}, (*DALL_E, *NEWEST)),
        ({"size": "2048x1152"}, NEWEST),
        ({"quality": "low"}, GPT),
        ({"quality": "medium"}, GPT),
        ({"quality": "high"}, GPT),
        ({"quality": "auto"}, GPT),
        ({"quality": "xhigh"}, NEWEST[1:]),
        ({"quality": "max"}, NEWEST[1:]),
        ({"quality": "standard"}, DALL_E),
        ({"quality": "hd"}, DALL_E),
        ({"quality": "best"}, ()),
        ({"background": "transparent"}, GPT),
        ({"background": "transparent", "output_format": "png"}, GPT),
        ({"output_format": "jpeg"}, GPT),
        ({"output_format": "jpeg", "output_compression": 0}, GPT),
        ({"moderation": "low"}, GPT),
        ({"style": "vivid"}, DALL_E),
        ({"response_format": "url"}, DALL_E),
        ({"response_format": "b64_json"}, DALL_E),
        ({"stream": True}, GPT),
        ({"stream": True, "partial_images": 3}, GPT),
        ({"stream": True, "partial_images": 0}, GPT),
        (EDIT, GPT),
        ({**EDIT, "mask": "images/m.png"}, GPT),
        ({**EDIT, "images": ["images/a.png"] * 16}, GPT),
        ({**EDIT, "input_fidelity": "high"}, FIDELITY),
        ({**EDIT, "stream": True, "partial_images": 1}, GPT),
    ],
    ids=str,
)
def test_each_option_is_taken_by_the_models_that_have_it_and_refused_by_the_others(
    model: str, options: dict[str, Any], takers: tuple[str, ...]
) -> None:
    """In one sentence that names the model."""
    sentence = refusal(model, **options)

    assert (sentence is None) == (model in takers), sentence
    assert sentence is None or model in sentence


@pytest.mark.parametrize("model", GPT)
@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"output_format": "webp"}, "WEBP"),
        ({"background": "transparent", "output_format": "jpeg"}, "JPEG cannot be transparent"),
        ({"output_compression": 50}, "output_compression goes with output_format jpeg"),
        ({"output_compression": 50, "output_format": "png"}, "output_compression goes with output_format jpeg"),
        ({"stream": True, "n": 2}, "streamed job makes one picture"),
        ({"partial_images": 1}, "partial_images goes with stream"),
        ({"partial_images": 1, "stream": False}, "partial_images goes with stream"),
        ({**EDIT, "moderation": "auto"}, "moderation belongs to making pictures"),
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_refused_in_one_sentence(
    model: str, options: dict[str, Any], says: str
) -> None:
    """The service would refuse them too, some of them after the work."""
    assert says in str(refusal(model, **options))


def test_dall_e_does_not_edit_and_says_so_first() -> None:
    """Whatever else is wrong with such a job."""
    assert refusal("dall-e-3", **EDIT, quality="low") == "The model dall-e-3 makes pictures but does not edit them."


def test_a_prompt_of_any_length_that_a_message_holds_is_left_to_the_service() -> None:
    """Microsoft's documents say 4,000 and 32,000; the service knows."""
    assert refusal("gpt-image-2", prompt="x" * 33_000) is None


def obeys_the_rule(width: int, height: int) -> bool:
    """Microsoft's rule of the sizes of gpt-image-2, in its own order."""
    multiple = width % 16 == 0 and height % 16 == 0
    ratio = max(width, height) / min(width, height) <= 3
    return multiple and max(width, height) <= 3840 and ratio and 655_360 <= width * height <= 8_294_400


@pytest.mark.parametrize("model", NEWEST)
@given(
    width=st.one_of(st.integers(1, 260).map(lambda n: n * 16), st.integers(10, 4200)),
    height=st.one_of(st.integers(1, 260).map(lambda n: n * 16), st.integers(10, 4200)),
)
def test_a_size_is_taken_exactly_when_it_obeys_the_rule(model: str, width: int, height: int) -> None:
    """A rule, not a list: what obeys is taken, what breaks it is refused, for every pair."""
    assert (refusal(model, size=f"{width:02}x{height:02}") is None) == obeys_the_rule(width, height)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ("1024x1000", "divide by 16"),
        ("3856x1440", "no side above 3840"),
        ("3200x1024", "three times as long as wide"),
        ("640x1008", "between 655,360 and 8,294,400 pixels"),
        ("3840x2176", "between 655,360 and 8,294,400 pixels"),
        ("00x00", "pixels"),
    ],
)
def test_a_refused_size_is_told_the_part_of_the_rule_that_it_breaks(size: str, says: str) -> None:
    """So that the next try is right."""
    assert says in str(refusal("gpt-image-2", size=size))


@pytest.mark.parametrize("size", ["3840x2160", "2160x3840", "1024x640", "3072x1024", "1024x3072"])
def test_the_outermost_sizes_are_taken(size: str) -> None:
    """Limits belong to what they limit."""
    assert refusal("gpt-image-2", size=size) is None


@pytest.mark.parametrize(
    ("model", "options", "usd"),
    [
        ("dall-e-3", {}, 0.04),
        ("dall-e-3", {"n": 3, "quality": "hd", "size": "1024x1792"}, 0.36),
        ("gpt-image-1", {"quality": "low", "size": "1024x1024"}, 0.01088),
        ("gpt-image-1", {"quality": "high", "size": "1024x1536", "n": 2}, 0.4992),
        ("gpt-image-1-mini", {"quality": "medium", "size": "1536x1024"}, 0.012544),
        ("gpt-image-1.5", {"quality": "high", "size": "1024x1024"}, 0.13312),
        ("gpt-image-1", {"quality": "auto", "size": "1024x1024"}, None),
        ("gpt-image-1", {"quality": "low"}, None),
        ("gpt-image-1", {}, None),
        ("gpt-image-2.5-flare", {"quality": "max", "size": "2048x2048"}, None),
    ],
    ids=str,
)
def test_a_price_is_estimated_before_where_it_can_be_known(
    model: str, options: dict[str, Any], usd: float | None
) -> None:
    """A price that is made up is worse than none."""
    assert estimated_usd(job(**options), IMAGE_MODELS[model]) == (None if usd is None else pytest.approx(usd))


@pytest.mark.parametrize(
    ("model", "counts", "usd"),
    [
        ("gpt-image-1", (1_000_000, 0, 0), 5.0),
        ("gpt-image-1", (0, 1_000_000, 0), 10.0),
        ("gpt-image-1", (0, 0, 1_000_000), 40.0),
        ("gpt-image-1.5", (100, 200, 1056), 0.035892),
        ("gpt-image-1-mini", (10, 0, 272), 0.002196),
        ("gpt-image-1", (None, 0, 272), None),
        ("gpt-image-1", (10, 0, None), None),
        ("gpt-image-2", (10, 0, 4160), None),
        ("gpt-image-2", (0, 0, 1_000_000), 30.0),
    ],
)
def test_a_price_after_is_made_from_the_tokens_that_the_service_counted(
    model: str, counts: tuple[int | None, ...], usd: float | None
) -> None:
    """One count or price that is not known makes the whole unknown."""
    usage = ImageUsage(text_in=counts[0], image_in=counts[1], out=counts[2])

    assert used_usd(IMAGE_MODELS[model], job(), 1, usage) == (None if usd is None else pytest.approx(usd))


@pytest.mark.parametrize("model", IMAGE_MODELS.values(), ids=lambda model: model.name)
def test_a_model_tells_of_its_end_from_the_day_on_and_not_before(model: ImageModel) -> None:
    """The successor is a model that the catalogue has."""
    if model.retired_on is None:
        assert model.retired(date(2099, 1, 1)) is None
        return
    assert model.retired(date.fromordinal(model.retired_on.toordinal() - 1)) is None
    assert str(model.retired_on) in str(model.retired(model.retired_on))
    assert model.successor is None or model.successor in IMAGE_MODELS


def test_a_declared_deployment_is_the_model_that_it_is_like() -> None:
    """Under its own name in every sentence."""
    model = Catalog({"pictures": {"like": "dall-e-3"}}).image("pictures")

    with pytest.raises(Invalid, match="The model pictures makes pictures but does not edit them"):
        check(job(**EDIT), model)


@pytest.mark.parametrize(
    "declaration", [{}, {"like": "nobody"}, {"like": "gpt-image-2", "sizes": []}, "gpt-image-2", 7]
)
def test_a_declaration_that_cannot_be_used_waits_for_the_operator(declaration: Any) -> None:
    """It is the setting that is wrong, not the job."""
    with pytest.raises(Misconfigured, match="DARKROOM_MODELS declares 'pictures'"):
        Catalog({"pictures": declaration}).image("pictures")
