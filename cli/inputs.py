"""Which files a command drops, and under which names."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.errors import WrongUseError
from shared.errors import Invalid
from shared.names import DOCUMENTS, BlobRef

_LONGEST_NAME = 1024  # characters; https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata


@dataclass(frozen=True)
class Input:
    """A file on disk and its name in the container `documents`."""

    path: Path
    name: str

    def ref(self) -> BlobRef:
        """The blob that it becomes.

        Raises:
            Invalid: no blob can have its name.
        """
        try:
            self.name.encode()
        except UnicodeEncodeError:
            raise Invalid("Its name is not UTF-8; rename the file.", code="invalid_name") from None
        if len(self.name) > _LONGEST_NAME:
            raise Invalid(
                f"Its name has {len(self.name)} characters; a blob's has at most {_LONGEST_NAME}.", code="invalid_name"
            )
        return BlobRef.parse(f"{DOCUMENTS}/{self.name}")


def collect(arguments: Sequence[Path]) -> list[Input]:
    """The files that the arguments name: a file under its own name, a folder's files under their paths in it.

    Raises:
        WrongUseError: an argument is neither, a folder is empty, or two files would become the same document.
    """
    found: list[Input] = []
    for argument in arguments:
        if argument.is_file():
            found.append(Input(argument, argument.name))
        elif argument.is_dir():
            found += _of_folder(argument)
        else:
            raise WrongUseError(f"There is no file or folder {argument}.")
    _distinct(found)
    return list(dict.fromkeys(found))


def below(folder: Path, base: Path) -> Iterator[Input]:
    """All files in and under a folder in name order, named by their path from `base`; hidden ones are left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place, name)
            if not name.startswith(".") and path.is_file():
                yield Input(path, path.relative_to(base).as_posix())


def _of_folder(folder: Path) -> list[Input]:
    found = list(below(folder, folder))
    if not found:
        raise WrongUseError(f"The folder {folder} holds no files.")
    return found


def _distinct(inputs: Sequence[Input]) -> None:
    paths: dict[str, Path] = {}
    for item in inputs:
        other = paths.setdefault(item.name, item.path)
        if other != item.path:
            raise WrongUseError(
                f"{other} and {item.path} would both become {DOCUMENTS}/{item.name}; drop a folder that holds both."
            )
