"""What is nearest to a query: it is embedded as the vectors were, and held against each of them."""

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from cli.account import reached
from cli.embed import Embeddings
from cli.embed_jobs import AskedVectors, jobs, model_of
from cli.errors import CommandError, WrongUseError
from cli.follow import Clock
from cli.progress import printable
from cli.report import telling
from cli.results import MissingResultError, fetch, safe_path
from cli.showing import in_json, on_stdout
from cli.similar_matches import Match, nearest
from cli.similar_results import Numbers, Result, Space, found_in, opened
from shared.embedding_catalog import takes_input_type
from shared.names import RESULTS, embedding_folder
from shared.records import read_record
from shared.storage import Storage

_IN_STORAGE = f"{RESULTS}/{embedding_folder('')}"


class Search:
    """Looks for what is near among the vectors of some results."""

    def __init__(
        self, storage: Storage, results: Sequence[Result], *, timeout: float | None = None, clock: Clock | None = None
    ) -> None:
        self._storage = storage
        self._results = results
        self._space = _common(results)
        self._timeout = timeout
        self._clock = clock

    def nearest(self, query: str, top: int, *, stdin: Callable[[], bytes], console: Console) -> list[Match]:
        """The vectors most similar to a picture or a text.

        Raises:
            WrongUseError: the query cannot be embedded by the model of the vectors.
            CommandError: it was not embedded, with the reason.
            UnreachableError: the storage account cannot be worked with.
        """
        asked = _asked(query, self._space, stdin)
        with tempfile.TemporaryDirectory() as folder, telling(console, 1, as_json=False) as show:
            run = Embeddings(self._storage, out=Path(folder), timeout=self._timeout, show=show, clock=self._clock)
            [outcome] = run.run([asked])
            if not outcome.succeeded:
                raise CommandError(f"The query was not embedded: {outcome.told}")
            found = opened(Path(folder, "vectors.npy"), "the query", None)
            return nearest(_vector(found, self._space), self._results, top)


def results(storage: Storage, names: Sequence[str], model: str | None, scratch: Path) -> list[Result]:
    """The results that are named: files and folders on disk, or a job's in storage, which is copied to `scratch`.

    Raises:
        WrongUseError: there are none, or they cannot be read.
        UnreachableError: the storage account cannot be worked with.
    """
    found: dict[Path, Result] = {}
    for name in names:
        place = Path(name)
        stored = name.startswith(_IN_STORAGE) and not place.exists()
        folder = _fetched(storage, name, scratch) if stored else place
        for path in found_in(folder):
            found.setdefault(path.with_suffix("").resolve(), opened(path, name if stored else str(path), model))
    return list(found.values())


def report(matches: Sequence[Match], *, as_json: bool) -> None:
    """Write matches to stdout, a line each."""
    for match in matches:
        if as_json:
            in_json(match.as_json())
        else:
            on_stdout(printable(f"{match.rank:>3}  {match.similarity:7.4f}  {match.what}  ({match.file})"))


def _fetched(storage: Storage, name: str, scratch: Path) -> Path:
    folder, to = name.removeprefix(f"{RESULTS}/").rstrip("/"), scratch / safe_path(name)
    try:
        with reached():
            record = read_record(storage, folder)
            if record is None or not record.outputs:
                raise MissingResultError(name)
            fetch(storage, folder, record, to)
    except MissingResultError:
        raise WrongUseError(f"There are no vectors in {name}.") from None
    return to


def _common(results: Sequence[Result]) -> Space:
    first = results[0]
    for other in results[1:]:
        if other.space != first.space:
            raise WrongUseError(
                f"{first.name} has {first.space} and {other.name} has {other.space}; such vectors cannot be compared."
            )
    return first.space


def _asked(query: str, space: Space, stdin: Callable[[], bytes]) -> AskedVectors:
    known = model_of(space.model)
    own_size = known is not None and known[0].dimensions == space.dimensions
    options = {
        "model": space.model,
        "dimensions": None if own_size else space.dimensions,
        "input_type": "query" if known is None or takes_input_type(*known) else None,
        "encoding_format": space.encoding_format,
        "truncate": True,
    }
    [asked, *others] = jobs([query], options, stdin=stdin)
    if others or len(asked.named) > 1 or asked.job.inputs[0].images or asked.job.inputs[0].document:
        raise WrongUseError("A query is one picture or one text.")
    return asked


def _vector(found: Result, space: Space) -> Numbers:
    if found.space != space or len(found.numbers) != 1:
        raise CommandError(f"The query became {found.space}, and the vectors have {space}; they cannot be compared.")
    return np.asarray(found.numbers[0], np.float32)
