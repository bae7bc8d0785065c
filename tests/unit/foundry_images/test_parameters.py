"""What the image endpoints accept, model by model, and what they say about the rest."""

from typing import Any

import pytest

from local.foundry.errors import ServiceError
from local.foundry.images.models import IMAGE_MODELS
from local.foundry.images.parameters import Wanted, validated


def accepted(model: str = "gpt-image-2", editing: bool = False, **fields: Any) -> Wanted:
    """The request with a prompt, as its model understands it."""
    return validated({"prompt": "a fox", **fields}, IMAGE_MODELS[model], editing)


def refused(model: str = "gpt-image-2", editing: bool = False, **fields: Any) -> dict[str, Any]:
    """The error object that the request gets."""
    with pytest.raises(ServiceError) as refusal:
        accepted(model, editing, **fields)
    assert refusal.value.status == 400
    return dict(refusal.value.body["error"])


def test_defaults_are_the_models_own() -> None:
    """Nothing but a prompt asks for one automatic PNG in the model's usual quality."""
    wanted = accepted()
    assert (wanted.n, wanted.size, wanted.quality, wanted.output_format) == (1, None, "high", "png")
    assert accepted("gpt-image-1-mini").quality == "medium"
    dall_e = accepted("dall-e-3")
    assert (dall_e.size, dall_e.quality, dall_e.as_url) == ((1024, 1024), "standard", True)


def test_null_is_the_same_as_nothing() -> None:
    """A parameter that is null in JSON counts as absent, even one that the model does not have."""
    assert accepted(size=None, style=None) == accepted()


def test_a_form_gives_numbers_and_flags_as_text() -> None:
    """Texts of a multipart form are read as the numbers and flags that they spell."""
    wanted = accepted(editing=True, n="1", stream="true", partial_images="2", output_compression="100")
    assert (wanted.n, wanted.stream, wanted.partial_images) == (1, True, 2)


@pytest.mark.parametrize(
    ("model", "editing", "name"),
    [
        ("gpt-image-2", False, "style"),
        ("gpt-image-2", False, "response_format"),
        ("gpt-image-2", False, "input_fidelity"),
        ("gpt-image-2", False, "safety_identifier"),
        ("gpt-image-2", True, "moderation"),
        ("dall-e-3", False, "stream"),
        ("dall-e-3", False, "background"),
        ("gpt-image-1", False, "extra_body"),
    ],
)
def test_a_parameter_of_another_model_is_unknown(model: str, editing: bool, name: str) -> None:
    """Each model and operation refuses by name what it does not take."""
    error = refused(model, editing, **{name: "low"})
    assert (error["code"], error["param"]) == ("unknown_parameter", name)
    assert error["message"] == f"Unknown parameter: '{name}'."


@pytest.mark.parametrize(
    ("prompt", "model", "code"),
    [
        (None, "gpt-image-2", "missing_required_parameter"),
        ("", "gpt-image-2", "empty_string"),
        (7, "gpt-image-2", "invalid_type"),
        ("x" * 32_001, "gpt-image-2", "string_above_max_length"),
        ("x" * 4_001, "dall-e-3", "string_above_max_length"),
    ],
)
def test_a_prompt_is_needed_and_bounded(prompt: Any, model: str, code: str) -> None:
    """A prompt that is missing, empty, no text or too long is refused by name."""
    error = refused(model, prompt=prompt)
    assert (error["code"], error["param"]) == (code, "prompt")


@pytest.mark.parametrize(("model", "length"), [("gpt-image-2", 32_000), ("dall-e-3", 4_000)])
def test_the_longest_prompt_is_accepted(model: str, length: int) -> None:
    """The limit itself is still within it."""
    assert len(accepted(model, prompt="x" * length).prompt) == length


@pytest.mark.parametrize("size", ["1024x1024", "3840x2160", "1024x640", "1536x512", "2048x1152"])
def test_newer_models_take_any_size_within_the_rule(size: str) -> None:
    """Sizes in steps of 16 within edge, ratio and area are made by gpt-image-2 and 2.5."""
    width, _, height = size.partition("x")
    assert accepted(size=size).size == (int(width), int(height))
    assert accepted("gpt-image-2.5-flare", size=size).size == (int(width), int(height))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ("4096x4096", "The longest edge must be less than or equal to 3840."),
        ("1000x1000", "divisible by 16"),
        ("2048x512", "aspect ratio"),
        ("512x512", "pixels must be between"),
        ("3840x3840", "pixels must be between"),
        ("big", "WIDTHxHEIGHT"),
    ],
)
def test_a_size_outside_the_rule_names_the_rule(size: str, words: str) -> None:
    """The refusal of a free size says which part of the rule it breaks."""
    error = refused(size=size)
    assert error["message"].startswith(f"Invalid size '{size}'.")
    assert words in error["message"]
    assert (error["code"], error["param"], error["type"]) == ("invalid_value", "size", "image_generation_user_error")


@pytest.mark.parametrize(
    ("model", "name", "value"),
    [
        ("gpt-image-1", "size", "512x512"),
        ("dall-e-3", "size", "auto"),
        ("gpt-image-2", "quality", "xhigh"),
        ("dall-e-3", "quality", "high"),
        ("gpt-image-2", "output_format", "webp"),
        ("gpt-image-2", "background", "blue"),
        ("gpt-image-2", "moderation", "none"),
        ("dall-e-3", "style", "wild"),
        ("dall-e-3", "response_format", "file"),
    ],
)
def test_a_value_that_the_model_does_not_know_is_named(model: str, name: str, value: str) -> None:
    """The refusal repeats the value and lists those that would do."""
    fields: dict[str, Any] = {name: value}
    error = refused(model, **fields)
    assert (error["code"], error["param"]) == ("invalid_value", name)
    assert error["message"].startswith(f"Invalid value: '{value}'. Supported values are: '")


def test_the_newest_models_know_more_qualities() -> None:
    """gpt-image-2.5 takes xhigh and max."""
    assert accepted("gpt-image-2.5-sunburst", quality="max").quality == "max"


@pytest.mark.parametrize(
    ("model", "name", "value", "code"),
    [
        ("gpt-image-2", "n", 11, "integer_above_max_value"),
        ("gpt-image-2", "n", 0, "integer_below_min_value"),
        ("gpt-image-2", "n", "2", "invalid_type"),
        ("gpt-image-2", "n", True, "invalid_type"),
        ("dall-e-3", "n", 2, "integer_above_max_value"),
        ("gpt-image-2", "output_compression", 101, "integer_above_max_value"),
        ("gpt-image-2", "output_compression", -1, "integer_below_min_value"),
        ("gpt-image-2", "partial_images", 4, "integer_above_max_value"),
        ("gpt-image-2", "stream", "true", "invalid_type"),
    ],
)
def test_numbers_and_flags_are_checked(model: str, name: str, value: Any, code: str) -> None:
    """A number outside its range, or a value of another type, is refused by name."""
    error = refused(model, **{name: value})
    assert (error["code"], error["param"]) == (code, name)


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"background": "transparent", "output_format": "jpeg"}, "background", "invalid_value"),
        ({"output_compression": 50}, "output_compression", "invalid_png_output_compression"),
        ({"stream": True, "n": 2}, "n", "invalid_value"),
    ],
)
def test_values_that_do_not_go_together_are_refused(fields: dict[str, Any], param: str, code: str) -> None:
    """Values that are each right are refused when their combination is not possible."""
    error = refused(**fields)
    assert (error["param"], error["code"]) == (param, code)


@pytest.mark.parametrize("model", ["gpt-image-1-mini", "gpt-image-2", "gpt-image-2.5-flare"])
def test_input_fidelity_is_for_some_models_only(model: str) -> None:
    """Models without the setting refuse it with a code of its own."""
    assert accepted("gpt-image-1.5", editing=True, input_fidelity="high").fidelity == "high"
    error = refused(model, editing=True, input_fidelity="high")
    assert error["code"] == "invalid_input_fidelity_model"
    assert error["message"] == f"The model '{model}' does not support the 'input_fidelity' parameter."


@pytest.mark.parametrize(
    ("model", "source", "size"),
    [
        ("gpt-image-2", None, (1024, 1024)),
        ("gpt-image-1", (800, 1400), (1024, 1536)),
        ("gpt-image-1", (1400, 800), (1536, 1024)),
        ("gpt-image-2", (1280, 720), (1280, 720)),
        ("gpt-image-2", (100, 90), (1024, 1024)),
    ],
)
def test_auto_follows_the_first_image(model: str, source: tuple[int, int] | None, size: tuple[int, int]) -> None:
    """An automatic size keeps the image's own where the model makes it, else the nearest shape."""
    assert IMAGE_MODELS[model].automatic_size(source) == size
