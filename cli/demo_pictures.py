"""The demo's pictures: one is made from a prompt, and then changed where a mask allows it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops
from rich.console import Console
from rich.table import Table

from cli.image_jobs import single
from cli.outcome import ImageOutcome
from cli.pictures import Pictures
from cli.progress import progress
from shared.storage import Storage

MADE, MASK, EDITED = "darkroom.png", "mask.png", "darkroom-edited.png"
_OTHER_INPUT = "scans/invoice 4711.png"
_SIZE = (1024, 1024)
_MAY_CHANGE = (256, 512, 768, 896)  # left, top, right and bottom of what the mask leaves open
_OPTIONS: dict[str, Any] = {"model": "gpt-image-2", "size": "1024x1024", "quality": "medium"}
_PROMPT = "A darkroom at night, a red lamp over trays, a print of a lighthouse on the line"
_CHANGE = "Lay the invoice into the tray, half under water"


def make(storage: Storage, samples: Path, out: Path, console: Console, *, timeout: float) -> list[ImageOutcome]:
    """Make a picture and edit it, both into `out`; the outcomes, of which the second is missing when the first failed.

    Raises:
        WrongUseError: the sample that is the edit's second input is not there.
        UnreachableError: the storage cannot be worked with.
        InterruptedByUserError: Ctrl-C.
    """
    made, mask, edited = out / MADE, out / MASK, out / EDITED
    with progress(console, 2, live=console.is_terminal) as show:

        def run(to: Path, **options: Any) -> ImageOutcome:
            job = single({**_OPTIONS, **options})
            [outcome] = Pictures(storage, out=to, timeout=timeout, show=show).run([job])
            return outcome

        first = run(made, prompt=_PROMPT, stream=True, partial_images=2)
        if not first.succeeded:
            return [first]
        write_mask(mask)
        images = [str(made), str(samples / _OTHER_INPUT)]
        return [first, run(edited, operation="edit", prompt=_CHANGE, images=images, mask=str(mask))]


def write_mask(to: Path) -> None:
    """Write a mask that keeps all of a picture but a rectangle."""
    mask = Image.new("RGBA", _SIZE, "black")
    mask.paste((0, 0, 0, 0), _MAY_CHANGE)
    mask.save(to)


def faults_of(outcomes: Sequence[ImageOutcome]) -> Iterator[str]:
    """What is wrong with the pictures, a sentence each: not made, of another size, or not changed as the mask says."""
    pictures = []
    for outcome in outcomes:
        if not outcome.succeeded:
            reason = outcome.problem.message if outcome.problem else "It has no result."
            yield f"The picture of the job {outcome.job_id} was not made: {reason}"
        for file in outcome.files:
            with Image.open(file) as opened:
                pictures.append(opened.convert("RGB"))
            if pictures[-1].size != _SIZE:
                yield f"{file} has {pictures[-1].width} x {pictures[-1].height} pixels."
    if len(pictures) == len((MADE, EDITED)):
        yield from _faults_of_edit(*pictures)


def _faults_of_edit(before: Image.Image, after: Image.Image) -> Iterator[str]:
    changed = ImageChops.difference(before, after).getbbox()
    if changed is None:
        yield "The edit changed nothing."
        return
    left, top, right, bottom = _MAY_CHANGE
    if changed[0] < left or changed[1] < top or changed[2] > right or changed[3] > bottom:
        yield "The edit changed what the mask keeps."


def table(outcomes: Sequence[ImageOutcome], base: Path) -> Table:
    """What became of the pictures, with their places from `base`."""
    found = Table(title="What became of the pictures", title_justify="left")
    found.add_column("Job", overflow="fold")
    for heading in ("Seconds", "Tokens"):
        found.add_column(heading, justify="right")
    found.add_column("Picture", overflow="fold")
    for what, outcome in zip(("made from a prompt", "edited within a mask"), outcomes, strict=False):
        where = ", ".join(Path(file).relative_to(base).as_posix() for file in outcome.files) or outcome.status
        numbers = (outcome.seconds, (outcome.usage or {}).get("out"))
        found.add_row(what, *("-" if number is None else str(number) for number in numbers), where)
    return found
