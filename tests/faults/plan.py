"""What a scenario asks for and when it strikes: a pure function of the seed, told by a hash."""

import hashlib
import random
from dataclasses import dataclass

from shared.messages import Kind
from shared.names import DOCUMENTS, BlobRef, embedding_folder, image_folder, ocr_folder

SUCCEEDED = "succeeded"
_WORDS = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "jetty", "kelp", "larch")
# kind, shape, how many of a hundred jobs, fewest and most pages or inputs, and how the job ends
_MIX: tuple[tuple[Kind, str, int, int, int, str], ...] = (
    ("ocr", "document", 34, 1, 6, SUCCEEDED),
    ("ocr", "long", 6, 31, 70, SUCCEEDED),
    ("ocr", "flows-on", 5, 1, 4, SUCCEEDED),
    ("ocr", "locked", 2, 1, 1, "encrypted"),
    ("image", "generate", 15, 1, 1, SUCCEEDED),
    ("image", "stream", 4, 1, 1, SUCCEEDED),
    ("image", "edit", 5, 1, 2, SUCCEEDED),
    ("image", "refused", 2, 1, 1, "refused"),
    ("embedding", "texts", 15, 1, 20, SUCCEEDED),
    ("embedding", "pictures", 9, 1, 5, SUCCEEDED),
    ("embedding", "pairs", 3, 1, 3, SUCCEEDED),
)


@dataclass(frozen=True)
class Job:
    """One thing that is asked for: `name` is that of the document or the job, `size` counts pages or inputs.

    `ends` is how it is to end: `succeeded`, or the code of the failure. Without a `model` the settings name it.
    """

    kind: Kind
    shape: str
    name: str
    words: str
    size: int = 1
    ends: str = SUCCEEDED
    model: str | None = None

    @property
    def folder(self) -> str:
        """Where its record is to be."""
        if self.kind == "ocr":
            return ocr_folder(BlobRef(DOCUMENTS, self.name))
        return image_folder(self.name) if self.kind == "image" else embedding_folder(self.name)


def dice(seed: int, scenario: str) -> random.Random:
    """A scenario's own generator: what one draws changes no other."""
    return random.Random(f"{seed} {scenario}")


def mixed(draw: random.Random, scenario: str, count: int) -> tuple[Job, ...]:
    """Jobs of every shape in their shares, in an order that is drawn."""
    shapes = [mix for mix in _MIX for _ in range(mix[2])]
    chosen = [shapes[number * len(shapes) // count] for number in range(count)]
    draw.shuffle(chosen)
    return tuple(
        job(kind, shape, f"{scenario}-{number:03d}", draw, size=draw.randint(fewest, most), ends=ends)
        for number, (kind, shape, _, fewest, most, ends) in enumerate(chosen)
    )


def job(
    kind: Kind,
    shape: str,
    name: str,
    draw: random.Random,
    *,
    size: int = 1,
    ends: str = SUCCEEDED,
    model: str | None = None,
) -> Job:
    """A job with words of its own, which no other job of the run has."""
    words = f"{name} {' '.join(draw.choices(_WORDS, k=4))}"
    return Job(kind, shape, f"{name}.pdf" if kind == "ocr" else name, words, size, ends, model)


def points(draw: random.Random, count: int, jobs: int) -> tuple[int, ...]:
    """When to strike: after how many jobs have ended, not among the last ones, when little is left to disturb."""
    return tuple(sorted(draw.sample(range(1, jobs * 4 // 5), count)))


def told(*drawn: object) -> str:
    """The hash of all that a scenario drew: the same for the same seed."""
    return hashlib.sha256(repr(drawn).encode()).hexdigest()[:12]
