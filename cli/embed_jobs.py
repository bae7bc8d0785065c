"""Embedding jobs as they are asked for at a keyboard: as few as carry all inputs, checked before they are posted."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ValidationError

from cli.embed_inputs import Named, named
from cli.errors import WrongUseError
from cli.image_jobs import new_id
from cli.options import complaint
from shared.catalog import Catalog
from shared.embedding_catalog import EmbeddingModel, EmbeddingRoute, check, route_of
from shared.embedding_messages import EmbeddingJob
from shared.errors import Invalid, Misconfigured
from shared.messages import room
from shared.names import BlobRef
from shared.settings import Settings
from shared.storage import LARGEST_MESSAGE

_LONGEST_ID = "x" * 100


@dataclass(frozen=True)
class AskedVectors:
    """An embedding job that can be posted."""

    job: EmbeddingJob
    job_id: str
    named: tuple[Named, ...]

    @property
    def message(self) -> str:
        """What is posted on `embedding-jobs`."""
        return self.job.model_dump_json(exclude_defaults=True)

    @property
    def inputs(self) -> list[BlobRef]:
        """The blobs that it names, but for those below a prefix."""
        return list(dict.fromkeys(one.blob for one in self.named if one.blob is not None))

    @property
    def uploads(self) -> dict[BlobRef, Path | bytes]:
        """Files and long texts, by the blobs that they become."""
        return {one.blob: one.upload for one in self.named if one.blob is not None and one.upload is not None}


def jobs(
    arguments: Sequence[str],
    options: Mapping[str, Any],
    *,
    stdin: Callable[[], bytes],
    new_id: Callable[[], str] = new_id,
) -> list[AskedVectors]:
    """The jobs that compute vectors of all that arguments name, with options of `EmbeddingJob`; None is left out.

    Raises:
        WrongUseError: they cannot be done, with what is wrong in one sentence.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return [_asked(group, given, new_id()) for group in _groups([*named(arguments, stdin)], given)]
    except Invalid as error:
        raise WrongUseError(error.message) from None


def model_of(name: str | None) -> tuple[EmbeddingModel, EmbeddingRoute] | None:
    """The model of a deployment and its route, by which a job is checked and priced; None when it is not known here.

    Without a name it is the deployment of the app's setting, which is taken to be the one of this environment.

    Raises:
        WrongUseError: the model is not served on the route of this environment.
    """
    settings = Settings.read(os.environ)
    try:
        model = Catalog(settings.models).embedding(name or settings.embedding_model)
    except (Invalid, Misconfigured):
        return None
    host = urlsplit(settings.embedding_endpoint).hostname or ""
    try:
        return model, route_of(model, settings.embedding_route, host)
    except Invalid as error:
        raise WrongUseError(f"{error.message} {error.remedy}") from None


def _asked(group: Sequence[Named], options: Mapping[str, Any], job_id: str) -> AskedVectors:
    job = _job(group, options, job_id)
    known = model_of(job.model)
    if known is not None:
        check(job, *known)
    return AskedVectors(job, job_id, tuple(group))


def _job(group: Sequence[Named], options: Mapping[str, Any], job_id: str) -> EmbeddingJob:
    try:
        return EmbeddingJob(inputs=tuple(one.input for one in group), job_id=job_id, **options)
    except ValidationError as error:
        raise Invalid(complaint(error), code="invalid_option") from None


def _groups(inputs: Sequence[Named], options: Mapping[str, Any]) -> Iterator[list[Named]]:
    """The inputs in order, as many together as a message carries and the app's setting allows."""
    most = Settings.read(os.environ).max_embedding_inputs
    alone = _job(inputs[:1], options, _LONGEST_ID)
    allowed = LARGEST_MESSAGE - room({"job_id"}) - _size(alone) + _size(alone.inputs[0])
    group: list[Named] = []
    size = 0
    for one in inputs:
        more = _size(one.input) + len(",")
        if group and (size + more > allowed or len(group) == most):
            yield group
            group, size = [], 0
        group.append(one)
        size += more
    yield group


def _size(content: BaseModel) -> int:
    return len(content.model_dump_json(exclude_defaults=True).encode())
