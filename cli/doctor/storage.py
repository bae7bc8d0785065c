"""Whether the storage account answers, lets us do what a role allows, and holds what Darkroom needs."""

import secrets
from collections.abc import Callable, Iterable, Iterator

from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from cli.account import told
from cli.doctor.findings import Finding, right, wrong
from shared.names import CONTAINERS, LEDGER, QUEUES, BlobRef
from shared.storage import Storage

_FORBIDDEN = 403
_POISON = "-poison"
_READER, _CONTRIBUTOR = "Storage Blob Data Reader", "Storage Blob Data Contributor"
_QUEUE_READER = "Storage Queue Data Reader"
_POISON_REMEDY = "Look into them with `darkroom drain QUEUE`, and see that the functions run which empty them."
_SET_UP = "Run `azd up`, or for the local stack `darkroom local start`, which make what is missing."


def storage_findings(storage: Storage) -> Iterator[Finding]:
    """Containers, queues and roles, each by the least request that needs it; nothing more once it does not answer."""
    checks: tuple[Callable[[], Iterable[Finding]], ...] = (
        lambda: _containers(storage),
        lambda: _writing(storage),
        lambda: _queues(storage),
    )
    for check in checks:
        try:
            yield from check()
        except (ServiceRequestError, ServiceResponseError):
            yield wrong("storage", "It does not answer.", "See that the stack or the network is up.")
            return
        except ClientAuthenticationError:
            yield wrong("storage", "It does not know you.", "Log in with `az login`.")
            return


def _containers(storage: Storage) -> Iterator[Finding]:
    try:
        missing = [name for name in CONTAINERS if not _is_there(storage, name)]
    except HttpResponseError as error:
        yield _refused(_READER, error)
        return
    yield right(f"role {_READER}", "Blobs can be listed.")
    if missing:
        yield wrong("containers", f"Missing: {', '.join(missing)}.", _SET_UP)
    else:
        yield right("containers", f"All {len(CONTAINERS)} are there.")


def _is_there(storage: Storage, container: str) -> bool:
    try:
        next(storage.list(container), None)
    except ResourceNotFoundError:
        return False
    return True


def _writing(storage: Storage) -> Iterator[Finding]:
    """A blob is written and removed where nobody listens."""
    probe = BlobRef(LEDGER, f"doctor/{secrets.token_hex(8)}")
    try:
        storage.write(probe, b"", "application/octet-stream")
        storage.delete(probe)
    except ResourceNotFoundError:
        return  # the container is missing, which is told already
    except HttpResponseError as error:
        yield _refused(_CONTRIBUTOR, error)
        return
    yield right(f"role {_CONTRIBUTOR}", "Blobs can be written and removed.")


def _queues(storage: Storage) -> Iterator[Finding]:
    try:
        depths = {name: storage.depth(name) for name in QUEUES}
    except HttpResponseError as error:
        yield _refused(_QUEUE_READER, error)
        return
    yield right(f"role {_QUEUE_READER}", "Queues can be looked at.")
    missing = [name for name, depth in depths.items() if depth is None]
    if missing:
        yield wrong("queues", f"Missing: {', '.join(missing)}.", _SET_UP)
    else:
        yield right("queues", f"All {len(QUEUES)} are there; {_held(depths, poison=False) or 'nothing waits'}.")
    poisoned = _held(depths, poison=True)
    if poisoned:
        yield wrong("poison queues", f"Messages that nobody could handle: {poisoned}.", _POISON_REMEDY)
    else:
        yield right("poison queues", "They are empty.")


def _held(depths: dict[str, int | None], *, poison: bool) -> str:
    return ", ".join(f"{name} {depth}" for name, depth in depths.items() if depth and name.endswith(_POISON) == poison)


def _refused(role: str, error: HttpResponseError) -> Finding:
    """Why a request that a role allows was refused: the role, or the network.

    Raises:
        ClientAuthenticationError: the account does not know us at all.
    """
    if isinstance(error, ClientAuthenticationError) and error.status_code != _FORBIDDEN:
        raise error
    name, said = f"role {role}", told(error)
    if said == "AuthorizationFailure":
        return wrong(
            name,
            "The account refuses requests from this network, or this way of signing in.",
            "Come from a network that its firewall lets in, or change its network rules.",
        )
    if error.status_code == _FORBIDDEN:
        remedy = f"Give yourself the role {role} on the account, and wait ten minutes."
        return wrong(name, f"You lack it, or it has not arrived yet ({said}).", remedy)
    return wrong(name, f"The request was refused ({said}).", "Look the code up in the reference of Azure Storage.")
