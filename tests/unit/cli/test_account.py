"""Which account a command works on, and what is said when it cannot be worked with."""

import socket

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceResponseError,
)

from cli import account
from cli.errors import UnreachableError, WrongUseError


def http(kind: type[HttpResponseError], status: int, code: str) -> HttpResponseError:
    """An error as the SDK raises it."""
    error = kind("a text that quotes names and addresses")
    error.status_code = status
    vars(error)["error_code"] = code
    return error


def test_an_account_that_no_account_can_be_is_wrong_use() -> None:
    """Its name would become part of an address."""
    with pytest.raises(WrongUseError, match=r"'evil\.example/x' is no storage account's name"):
        account.of_account("evil.example/x")


def test_an_account_that_nobody_knows_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK would ask for a minute before it gives up."""

    def unknown(*_: object) -> None:
        raise OSError("unknown")

    monkeypatch.setattr(account, "getproxies", dict)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(UnreachableError, match="There is no storage account darkroomacc, or no network to reach it by"):
        account.of_account("darkroomacc")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            http(ResourceNotFoundError, 404, "ContainerNotFound"),
            "The storage account lacks a container or a queue: set Darkroom up in it first.",
        ),
        (
            http(ResourceNotFoundError, 404, "QueueNotFound"),
            "The storage account lacks a container or a queue: set Darkroom up in it first.",
        ),
        (
            ClientAuthenticationError("a chain of credentials"),
            "The storage account does not know you: log in with `az login`.",
        ),
        (
            http(HttpResponseError, 403, "AuthorizationPermissionMismatch"),
            "The storage account does not let you in: you need the role Storage Blob Data Contributor on it; to post "
            "jobs Storage Queue Data Message Sender, too, and to look into queues Storage Queue Data Contributor.",
        ),
        (
            ServiceResponseError("cut"),
            "The storage does not answer: see that the stack or the network is up.",
        ),
    ],
)
def test_a_fault_of_the_account_is_a_sentence(error: AzureError, sentence: str) -> None:
    """Who cannot get in learns what to do, without the SDK's own text."""
    with pytest.raises(UnreachableError) as caught, account.reached():
        raise error

    assert str(caught.value) == sentence


def test_a_fault_of_one_request_passes() -> None:
    """It belongs to the file, not to the account."""
    with pytest.raises(HttpResponseError), account.reached():
        raise http(HttpResponseError, 400, "InvalidMetadata")


def test_whatever_storage_answers_is_a_sentence_where_nobody_else_says_it() -> None:
    """Such as an outage in the middle of a listing."""
    with pytest.raises(UnreachableError, match="Storage refused a request: ServerBusy"), account.answering():
        raise http(HttpResponseError, 503, "ServerBusy")
    with pytest.raises(UnreachableError, match="log in with `az login`"), account.answering():
        raise ClientAuthenticationError("a chain of credentials")


def test_what_storage_said_is_told_by_its_code() -> None:
    """The code where there is one, else the status, else the kind."""
    assert account.told(http(HttpResponseError, 400, "InvalidMetadata")) == "InvalidMetadata"
    assert account.told(http(HttpResponseError, 413, "")) == "413"
    assert account.told(AzureError("text")) == "AzureError"
