"""Image jobs as they are asked for at a keyboard, by options or the lines of a file; checked before they are posted."""

import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cli.errors import WrongUseError
from cli.options import complaint
from cli.uploads import is_file, upload_of
from shared.catalog import Catalog
from shared.errors import Invalid, Misconfigured
from shared.image_catalog import ImageModel, check, estimated_usd
from shared.image_messages import ImageJob
from shared.messages import room
from shared.names import INPUT_CONTAINERS, BlobRef, input_blob
from shared.settings import Settings
from shared.storage import LARGEST_MESSAGE


@dataclass(frozen=True)
class Asked:
    """An image job that can be posted; `uploads` are the files on disk that it names, by the blobs they become."""

    job: ImageJob
    job_id: str
    uploads: Mapping[BlobRef, Path]
    line: int | None = None

    @property
    def message(self) -> str:
        """What is posted on `image-jobs`."""
        return self.job.model_dump_json(exclude_defaults=True)

    @property
    def inputs(self) -> list[BlobRef]:
        """The pictures and the mask of an edit."""
        names = [*(self.job.images or ()), self.job.mask]
        return list(dict.fromkeys(BlobRef.parse(name) for name in names if name is not None))


@dataclass(frozen=True)
class BadLine:
    """A line of a batch that asks for nothing that can be done, and why."""

    line: int
    error: Invalid


def new_id() -> str:
    """A job id that nobody has yet."""
    return f"cli-{secrets.token_hex(8)}"


def single(options: Mapping[str, Any], new_id: Callable[[], str] = new_id) -> Asked:
    """The job that options ask for, with the keys of `ImageJob`; None is left out, pictures may be files on disk.

    Raises:
        WrongUseError: it cannot be done, with what is wrong in one sentence.
    """
    try:
        return _asked(options, new_id)
    except Invalid as error:
        raise WrongUseError(error.message) from None


def batch(path: Path, defaults: Mapping[str, Any], new_id: Callable[[], str] = new_id) -> Iterator[Asked | BadLine]:
    """The jobs of a file, one JSON object a line; what a line leaves out is as in `defaults`, empty lines are none.

    Raises:
        WrongUseError: the file cannot be read.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise WrongUseError(f"The batch {path} cannot be read: {error.strerror}.") from None
    taken: set[str] = set()
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _of_line(line, number, defaults, new_id, taken)
            except Invalid as error:
                yield BadLine(number, error)


def model_of(job: ImageJob) -> ImageModel | None:
    """The model that a job is checked and priced by, None when this environment does not know it.

    A job that names none is made by the deployment of the app's setting, and that is taken to be the one of this
    environment.
    """
    settings = Settings.read(os.environ)
    try:
        return Catalog(settings.models).image(job.model or settings.image_model)
    except (Invalid, Misconfigured):
        return None


def price(jobs: list[ImageJob]) -> str:
    """What jobs will cost, in a sentence, as far as it is known before."""
    known = [estimated_usd(job, model) if (model := model_of(job)) else None for job in jobs]
    unknown = known.count(None)
    if unknown == len(known):
        return "Estimated price: unknown."
    at_least = f"Estimated price: at least {sum(usd for usd in known if usd is not None):.6g} USD"
    return f"{at_least}, and what {unknown} of {len(known)} jobs cost is unknown." if unknown else f"{at_least}."


def _asked(options: Mapping[str, Any], new_id: Callable[[], str], *, line: int | None = None) -> Asked:
    given = {name: value for name, value in options.items() if value is not None}
    given.setdefault("job_id", new_id())
    uploads: dict[BlobRef, Path] = {}
    if isinstance(given.get("images"), list):
        given["images"] = [_blob(name, uploads) for name in given["images"]]
    if "mask" in given:
        given["mask"] = _blob(given["mask"], uploads)
    try:
        job = ImageJob.model_validate(given)
    except ValidationError as error:
        raise Invalid(complaint(error), code="invalid_option") from None
    if (model := model_of(job)) is not None:
        check(job, model)
    found = Asked(job, given["job_id"], uploads, line)
    if len(found.message.encode()) > LARGEST_MESSAGE - room({"job_id"}):
        raise Invalid(f"The job has about {LARGEST_MESSAGE // 1024} KiB or more; shorten the prompt.", code="too_large")
    return found


def _of_line(
    line: bytes, number: int, defaults: Mapping[str, Any], new_id: Callable[[], str], taken: set[str]
) -> Asked:
    try:
        options = json.loads(line)
    except (ValueError, RecursionError):
        raise Invalid("It is not JSON.", code="invalid_line") from None
    if not isinstance(options, dict):
        raise Invalid("It is not a JSON object.", code="invalid_line")
    found = _asked({**defaults, **options}, new_id, line=number)
    if found.job_id in taken:
        raise Invalid(f"An earlier line has the job id {found.job_id} too; choose another.", code="job_id_taken")
    taken.add(found.job_id)
    return found


def _blob(name: Any, uploads: dict[BlobRef, Path]) -> Any:
    """The blob that a file on disk becomes, else the name as it is; what is no text is refused later."""
    if not isinstance(name, str):
        return name
    path = Path(name)
    if is_file(path):
        ref = upload_of(path)
        uploads[ref] = path
        return str(ref)
    if not name.startswith(tuple(f"{container}/" for container in INPUT_CONTAINERS)):
        raise Invalid(
            f"There is no file {name}; a blob is named as {' or '.join(f'{c}/name' for c in INPUT_CONTAINERS)}.",
            code="input_missing",
        )
    return str(input_blob(name))
