"""Vectors for words and pictures, in one space.

A text is the sum of its features. A picture is where its light and colours are, and the words for how it looks, which
are the features of a text; with reading switched on, also the words that stand in it. So a red picture is near `red`,
and a page that was read is near its own text. A pair lies in the middle between its parts.
"""

import numpy as np
from numpy.typing import NDArray

from local.foundry.embeddings import looks, words
from local.foundry.embeddings.pictures import Picture
from local.foundry.embeddings.space import Vector, total, unit
from local.foundry.embeddings.wanted import Input, Wanted
from local.foundry.ocr.picture import open_image
from local.foundry.ocr.recogniser import recognise

_LOOK, _DESCRIPTION, _READ = 0.8, 0.6, 0.9
_PURPOSE = 0.2


def embedded(space: str, wanted: Wanted, reading: bool) -> NDArray[np.float32]:
    """One vector of length one a row, the same for the same input; `reading` looks for words in pictures.

    `space` names the model: vectors of different models have nothing to do with each other.
    """
    return np.stack([_embedded(space, one, wanted, reading) for one in wanted.inputs])


def _embedded(space: str, one: Input, wanted: Wanted, reading: bool) -> Vector:
    size = wanted.dimensions
    found = np.zeros(size, np.float32)
    if one.text is not None:
        found += unit(total(space, words.features(one.text), size))
    for picture in one.pictures:
        found += unit(_seen(space, picture, size, reading))
    return unit(unit(found) + _PURPOSE * unit(total(space, {f"purpose {wanted.purpose}": 1.0}, size)))


def _seen(space: str, picture: Picture, size: int, reading: bool) -> Vector:
    waves = enumerate(looks.arrangement(picture.image).tolist())
    found = _LOOK * unit(total(space, {f"wave {number}": value for number, value in waves}, size))
    described = {f"word {word}": weight for word, weight in looks.words(picture.image).items()}
    found += _DESCRIPTION * unit(total(space, described, size))
    read = _read(picture) if reading else ""
    return found + _READ * unit(total(space, words.features(read), size))


def _read(picture: Picture) -> str:
    _, lines = recognise(open_image(picture.data, 0))
    return " ".join(line.text for line in lines)
