"""The storage account that a command works on, and what is said when it cannot be reached."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import getproxies

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from cli.errors import UnreachableError, WrongUseError
from shared.storage import Storage

_FORBIDDEN = 403


def of_stack(state: Path | None) -> Storage:
    """The storage of the local stack that runs on a state folder.

    Raises:
        UnreachableError: none runs.
    """
    from local.stack import Stack
    from local.stack_state import running

    found = running(Stack(state=state).state)
    if found is None:
        raise UnreachableError("No local stack runs: start one with `darkroom local start`, or name an --account.")
    return Storage.from_connection_string(found.connection_string)


def of_account(name: str) -> Storage:
    """A storage account in Azure by its name, as whoever is logged in.

    Raises:
        WrongUseError: no account can have this name.
        UnreachableError: there is no such account, or no network.
    """
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        raise WrongUseError(f"{name!r} is no storage account's name: those are 3 to 24 small letters and digits.")
    if "https" not in getproxies():  # a name that nobody knows would be asked for again and again for a minute
        try:
            socket.getaddrinfo(f"{name}.blob.core.windows.net", 443)
        except OSError:
            raise UnreachableError(f"There is no storage account {name}, or no network to reach it by.") from None
    from azure.identity import DefaultAzureCredential

    return Storage.from_account(name, DefaultAzureCredential())


def of_either(account: str | None, state: Path | None) -> Storage:
    """The storage account in Azure when one is named, else that of the local stack.

    Raises:
        WrongUseError: no account can have this name.
        UnreachableError: it is not there.
    """
    return of_account(account) if account else of_stack(state)


@contextmanager
def reached() -> Iterator[None]:
    """Say in a sentence why the account cannot be worked with; other faults of a single request pass.

    Raises:
        UnreachableError: no answer, no entry, or an account that is not set up.
    """
    try:
        yield
    except ResourceNotFoundError as error:
        if told(error) not in ("ContainerNotFound", "QueueNotFound"):
            raise
        raise UnreachableError(
            "The storage account lacks a container or a queue: set Darkroom up in it first."
        ) from None
    except ClientAuthenticationError:
        raise UnreachableError("The storage account does not know you: log in with `az login`.") from None
    except HttpResponseError as error:
        if error.status_code != _FORBIDDEN:
            raise
        message = (
            "The storage account does not let you in: you need the role Storage Blob Data Contributor on it; to post "
            "jobs Storage Queue Data Message Sender, too, and to look into queues Storage Queue Data Contributor."
        )
        raise UnreachableError(message) from None
    except (ServiceRequestError, ServiceResponseError):
        raise UnreachableError("The storage does not answer: see that the stack or the network is up.") from None


@contextmanager
def answering() -> Iterator[None]:
    """Say in a sentence why the account cannot be worked with, or that it refused a request.

    Raises:
        UnreachableError: whatever storage said.
    """
    try:
        with reached():
            yield
    except AzureError as error:
        raise UnreachableError(f"Storage refused a request: {told(error)}. Try again in a while.") from None


def told(error: AzureError) -> str:
    """What storage said about a single request, without its text, which may quote names and addresses."""
    code = getattr(error, "error_code", None) or getattr(error, "status_code", None)
    return str(code or type(error).__name__)
