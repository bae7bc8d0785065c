"""What the doctor says of a storage account."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)

from cli.doctor.findings import Finding, Verdict
from cli.doctor.storage import storage_findings
from shared.names import BLOB_POISON, CONTAINERS, LEDGER, OCR_JOBS, OCR_JOBS_POISON, QUEUES, BlobRef
from shared.storage import Blob, Lease
from tests import fakes
from tests.unit.cli.test_account import http


class Account(fakes.MemoryStorage):
    """An account with containers, in which every kind of request can be refused."""

    def __init__(self) -> None:
        super().__init__()
        self.containers = set(CONTAINERS)
        self.refusals: dict[str, AzureError] = {}
        self.prepare((), QUEUES)

    def list(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """The blobs of a container, if there is one."""
        self._pass("list")
        if container not in self.containers:
            raise http(ResourceNotFoundError, 404, "ContainerNotFound")
        return super().list(container, prefix)

    def write(
        self,
        ref: BlobRef,
        data: bytes | Path,
        media_type: str,
        *,
        lease: Lease | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Write a blob."""
        self._pass("write")
        return super().write(ref, data, media_type, lease=lease, metadata=metadata)

    def depth(self, queue: str) -> int | None:
        """Look at a queue."""
        self._pass("depth")
        return super().depth(queue)

    def _pass(self, kind: str) -> None:
        if kind in self.refusals:
            raise self.refusals[kind]


@pytest.fixture
def account() -> Account:
    """An account where all is right."""
    return Account()


def found(account: Account, name: str) -> Finding:
    """The one finding of this name."""
    [finding] = [finding for finding in storage_findings(account) if finding.name == name]
    return finding


def test_an_account_that_is_set_up_is_right(account: Account) -> None:
    """Every role, container and queue; and nothing is left behind."""
    findings = list(storage_findings(account))

    assert {finding.verdict for finding in findings} == {Verdict.RIGHT}
    assert [finding.name for finding in findings] == [
        "role Storage Blob Data Reader",
        "containers",
        "role Storage Blob Data Contributor",
        "role Storage Queue Data Reader",
        "queues",
        "poison queues",
    ]
    assert account.blobs == {}


def test_what_is_missing_is_named(account: Account) -> None:
    """A deployment that was only begun."""
    account.containers.remove(LEDGER)
    del account.queues[OCR_JOBS]

    assert found(account, "containers").what == "Missing: ledger."
    assert found(account, "queues").what == "Missing: ocr-jobs."
    assert found(account, "queues").verdict is Verdict.WRONG


def test_what_waits_is_told_and_is_right(account: Account) -> None:
    """Many messages are no fault."""
    account.send(OCR_JOBS, "{}")

    assert found(account, "queues").what == f"All {len(QUEUES)} are there; ocr-jobs 1."
    assert found(account, "poison queues").verdict is Verdict.RIGHT


def test_poison_is_wrong(account: Account) -> None:
    """Nobody could handle these."""
    account.send(OCR_JOBS_POISON, "{}")
    account.send(BLOB_POISON, "{}")

    poison = found(account, "poison queues")

    assert poison.verdict is Verdict.WRONG
    assert poison.what == "Messages that nobody could handle: ocr-jobs-poison 1, webjobs-blobtrigger-poison 1."
    assert "darkroom drain QUEUE" in poison.remedy


@pytest.mark.parametrize(
    ("kind", "role"),
    [
        ("list", "Storage Blob Data Reader"),
        ("write", "Storage Blob Data Contributor"),
        ("depth", "Storage Queue Data Reader"),
    ],
)
def test_a_role_that_is_missing_is_named_and_the_others_are_tried(account: Account, kind: str, role: str) -> None:
    """One 403 does not hide the rest."""
    account.refusals[kind] = http(HttpResponseError, 403, "AuthorizationPermissionMismatch")

    findings = list(storage_findings(account))

    [wrong] = [finding for finding in findings if finding.verdict is Verdict.WRONG]
    assert wrong.name == f"role {role}"
    assert wrong.what == "You lack it, or it has not arrived yet (AuthorizationPermissionMismatch)."
    assert wrong.remedy == f"Give yourself the role {role} on the account, and wait ten minutes."
    assert any(finding.verdict is Verdict.RIGHT for finding in findings)


def test_a_network_that_is_not_let_in_is_not_taken_for_a_role(account: Account) -> None:
    """Both are 403."""
    account.refusals["list"] = http(HttpResponseError, 403, "AuthorizationFailure")

    assert found(account, "role Storage Blob Data Reader").remedy.startswith("Come from a network that its firewall")


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (ServiceRequestError("no way"), "It does not answer."),
        (ClientAuthenticationError("who"), "It does not know you."),
    ],
)
def test_an_account_that_cannot_be_worked_with_ends_it(account: Account, error: AzureError, what: str) -> None:
    """Everything else would say the same."""
    account.refusals["list"] = error

    [finding] = storage_findings(account)

    assert (finding.name, finding.what, finding.verdict) == ("storage", what, Verdict.WRONG)
