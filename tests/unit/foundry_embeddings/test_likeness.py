"""What is near what: texts, pictures, and both in one space."""

import itertools

import numpy as np
import pytest
from PIL import Image

from tests.unit.foundry_embeddings.asking import likeness, plain, scene, shown, vectors

PROMPTS = (
    "a red sun over the sea",
    "snowy mountains under a blue sky",
    "a city at night with stars",
    "a green forest and hills",
    "a blue circle and a yellow square",
    "a fox",
)


def altered(picture: Image.Image) -> dict[str, Image.Image]:
    """The same picture, smaller, larger and without its edges."""
    width, height = picture.size
    return {
        "half": picture.resize((width // 2, height // 2)),
        "thumbnail": picture.resize((120, 90)),
        "double": picture.resize((width * 2, height * 2)),
        "cropped": picture.crop((width // 30, height // 30, width - width // 30, height - height // 30)),
    }


@pytest.mark.parametrize("dimensions", [256, 512, 1024, 1536])
def test_vectors_have_the_length_promised_and_are_of_length_one(dimensions: int) -> None:
    """Texts, pictures and pairs give vectors of as many numbers as were asked for, on the unit sphere."""
    found = vectors("a fox", shown(scene("a fox")), shown(plain("red"), text="red"), "漢字", "…", dimensions=dimensions)
    assert found.shape == (5, dimensions)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)


def test_the_same_input_gives_the_same_vector() -> None:
    """Nothing but the input decides, not even its neighbours in the call."""
    assert np.array_equal(vectors("a fox")[0], vectors("a dog", "a fox")[1])


def test_fewer_dimensions_are_the_beginning_of_more() -> None:
    """A short vector points where the beginning of the long one does, as with models that can be shortened."""
    [long], [short] = vectors("a fox in the snow"), vectors("a fox in the snow", dimensions=256)
    assert short @ long[:256] / np.linalg.norm(long[:256]) > 0.99


def test_models_have_spaces_of_their_own() -> None:
    """Vectors of different models have nothing to do with each other."""
    [one], [other] = vectors("a fox", space="one"), vectors("a fox", space="other")
    assert abs(one @ other) < 0.15


def test_the_input_type_moves_a_vector_a_little() -> None:
    """A query and a document of the same text are different vectors that are still near."""
    [document], [query] = vectors("a fox"), vectors("a fox", purpose="query")
    assert 0.9 < document @ query < 0.99


@pytest.mark.parametrize(
    ("text", "near", "far"),
    [
        ("the lighthouse at dusk", "a lighthouse in the evening", "invoice of a paper mill"),
        ("invoices for lenses", "the invoice for a lens", "a city at night"),
        ("Rechnung für Linsen", "rechnung fur linsen", "Leuchtturm am Abend"),
        ("a crimson ball", "something red", "something blue"),
    ],
)
def test_texts_that_share_words_are_nearer(text: str, near: str, far: str) -> None:
    """Shared words bring texts together, also in another number, without accents, or as a simpler word."""
    assert likeness(text, near) > likeness(text, far) + 0.2


def test_other_forms_of_a_word_are_near() -> None:
    """Words that share most of their letters are nearer than words that do not."""
    assert likeness("photographing", "photographs") > likeness("photographing", "telescopes") + 0.15


@pytest.mark.parametrize("prompt", PROMPTS)
def test_a_picture_is_nearest_to_its_own_copies(prompt: str) -> None:
    """Scaled, recompressed and slightly cropped copies are nearer than any other picture."""
    # given
    picture = scene(prompt)
    copies = [shown(copy) for copy in altered(picture).values()]
    copies += [shown(picture, "JPEG", quality=quality) for quality in (30, 60, 90)] + [
        shown(picture, "WEBP", quality=50)
    ]
    others = [shown(scene(other)) for other in PROMPTS if other != prompt]
    # when
    [own], near, far = vectors(shown(picture)), vectors(*copies), vectors(*others)
    # then
    assert (near @ own).min() > 0.9
    assert (near @ own).min() > (far @ own).max()


def test_different_pictures_have_different_vectors() -> None:
    """No two pictures fall together."""
    found = vectors(*(shown(scene(prompt)) for prompt in PROMPTS))
    assert max(one @ other for one, other in itertools.combinations(found, 2)) < 0.95


def test_the_arrangement_tells_pictures_of_the_same_colours_apart() -> None:
    """Where light and colours are counts, not only which there are."""
    picture = plain("red")
    picture.paste("blue", (0, 0, 32, 64))
    mirrored = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    assert likeness(shown(picture), shown(picture.resize((200, 100)))) > 0.99
    assert likeness(shown(picture), shown(mirrored)) < 0.6


def test_a_blank_picture_is_not_told_by_its_noise() -> None:
    """Where there is no arrangement, what compression leaves behind is not taken for one."""
    noisy = Image.fromarray(np.random.default_rng(1).integers(118, 138, (64, 64, 3), np.uint8))
    assert likeness(shown(plain("#808080")), shown(noisy)) > 0.9


@pytest.mark.parametrize("colour", ["red", "green", "blue", "yellow", "black", "white"])
def test_a_colour_and_its_word_are_near(colour: str) -> None:
    """A picture of a colour is nearer to the colour's word than to any other's: words and pictures share a space."""
    words = ["red", "green", "blue", "yellow", "black", "white"]
    [seen], told = vectors(shown(plain(colour))), vectors(*words, purpose="query")
    assert words[int((told @ seen).argmax())] == colour


@pytest.mark.parametrize(("query", "prompt"), [("night", "a city at night with stars"), ("grass", "a green meadow")])
def test_a_query_finds_the_picture_that_looks_so(query: str, prompt: str) -> None:
    """A word for how a picture looks finds it among others."""
    prompts = [*PROMPTS, "a green meadow"]
    found, [asked] = vectors(*(shown(scene(one)) for one in prompts)), vectors(query, purpose="query")
    assert prompts[int((found @ asked).argmax())] == prompt


def test_a_pair_lies_between_its_picture_and_its_text() -> None:
    """A pair is nearer to both of its parts than they are to each other, and to other texts."""
    # given
    picture, text = scene("snowy mountains"), "the annual report"
    # when
    pair, seen, told, other = vectors(shown(picture, text=text), shown(picture), text, "a cup of tea")
    # then
    assert min(pair @ seen, pair @ told) > 0.6 > seen @ told
    assert pair @ told > pair @ other + 0.3


def test_words_in_a_picture_are_read_on_request() -> None:
    """With reading on, a picture is found by what is written in it; without, it is not."""
    # given
    picture = shown(scene("the lighthouse keeper"))
    [query] = vectors("lighthouse", purpose="query")
    # when
    [seen], [read] = vectors(picture), vectors(picture, reading=True)
    # then
    assert abs(seen @ query) < 0.15
    assert read @ query > 0.25


def test_a_transparent_picture_is_seen_on_white() -> None:
    """What is transparent counts as white, not as the colour that hides below."""
    hidden = shown(Image.new("RGBA", (64, 64), (255, 0, 0, 0)))
    assert likeness(hidden, shown(plain("white"))) > 0.999


def test_a_photograph_is_seen_upright() -> None:
    """The orientation that a camera noted is followed."""
    # given
    upright = scene("a red sun over the sea")
    turned, noted = upright.transpose(Image.Transpose.ROTATE_90), Image.Exif()
    noted[0x0112] = 6
    # then
    assert likeness(shown(turned, "JPEG", exif=noted), shown(upright)) > 0.95
