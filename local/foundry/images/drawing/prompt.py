"""What a prompt names: simple things, and the colours that stand before them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from local.foundry.images.drawing.palette import NAMED, Colour, rgb

_THINGS = {
    "sun": "sun sunrise sunset sunny dawn dusk morning evening",
    "moon": "moon moonlight crescent",
    "stars": "stars night starry galaxy space",
    "clouds": "cloud clouds cloudy",
    "birds": "bird birds gull gulls swallows",
    "mountains": "mountain mountains peak peaks alps alpine",
    "hills": "hill hills valley meadow field fields desert dune dunes garden",
    "forest": "forest tree trees wood woods pine pines jungle",
    "city": "city skyline town tower towers building buildings street skyscraper skyscrapers",
    "sea": "sea ocean wave waves water lake river beach coast harbour harbor bay",
    "boat": "boat boats ship sail sailing yacht",
    "circle": "circle circles ball sphere ring rings dot dots",
    "square": "square squares cube box",
    "triangle": "triangle triangles pyramid pyramids",
}
_BY_WORD = {word: thing for thing, words in _THINGS.items() for word in words.split()}
SHAPES = ("circle", "square", "triangle")


@dataclass(frozen=True)
class Subject:
    """The things that a prompt names, each with its colour if it has one, and the colours that belong to nothing."""

    things: Mapping[str, Colour | None]
    colours: tuple[Colour, ...]

    @property
    def shapes(self) -> dict[str, Colour | None]:
        """The geometric shapes among the things."""
        return {thing: colour for thing, colour in self.things.items() if thing in SHAPES}


def subject(prompt: str) -> Subject:
    """Read a prompt word by word: in 'a red sun over the sea' the sun is red and the sea has its own colour."""
    things: dict[str, Colour | None] = {}
    free: list[Colour] = []
    waiting: Colour | None = None
    for word in re.findall(r"[a-z]+", prompt.lower()):
        thing = _BY_WORD.get(word)
        if thing:
            things[thing] = waiting or things.get(thing)
        elif waiting:
            free.append(waiting)
        waiting = rgb(NAMED[word]) if word in NAMED else None
    return Subject(things, tuple([*free, waiting] if waiting else free))
