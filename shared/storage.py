"""Blobs and queues; with `queues.py` the only module that knows Azure Storage.

Every method is one request or a stream of them; retries of a single request are the SDK's own. Sizes are bytes,
delays seconds.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceModifiedError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobLeaseClient, BlobServiceClient, ContentSettings
from azure.storage.queue import BinaryBase64EncodePolicy, QueueClient, QueueServiceClient

from shared.errors import Changed, Misconfigured, TooLarge
from shared.names import BlobRef
from shared.queues import Queue
from shared.settings import Settings

LARGEST_MESSAGE = 48 * 1024  # a queue message has 64 KiB of base64
LEASE_SECONDS = 30  # renewed every ten; what a killed worker held is free again after this
_LISTED = 1000  # blobs of a page
_CHUNK = 4 * 1024 * 1024
_TRANSFER: dict[str, Any] = {
    "max_single_put_size": _CHUNK,
    "max_block_size": _CHUNK,
    "max_single_get_size": _CHUNK,
    "max_chunk_get_size": _CHUNK,
}
_RETRIES: dict[str, Any] = {  # after 2, 4, 8, 16 and 32 s: the SDK's own first pause, 18 s, outlasts many a lease
    "initial_backoff": 0,
    "increment_base": 2,
    "random_jitter_range": 1,
    **dict.fromkeys(("retry_total", "retry_connect", "retry_read", "retry_status"), 5),
}


class LeaseHeldError(Exception):
    """Somebody else holds the lease, or it is no longer ours."""


class MarkerError(Exception):
    """A listing cannot go on from this marker."""


@dataclass(frozen=True)
class Blob:
    """What is known of a blob without reading it."""

    ref: BlobRef
    etag: str
    size: int
    modified: datetime
    metadata: Mapping[str, str] = field(default_factory=dict)


Page = tuple[list[Blob], str | None]  # of a listing: its blobs, and the marker of the next page


class Storage:
    """One storage account."""

    def __init__(self, blobs: BlobServiceClient, queues: QueueServiceClient) -> None:
        self._blobs = blobs
        self._queues = queues

    @classmethod
    def connect(cls, settings: Settings) -> "Storage":
        """The account that the settings name; no request is made yet.

        Raises:
            Misconfigured: the connection string cannot be read.
        """
        if settings.storage:
            return cls.from_connection_string(settings.storage)
        return cls.from_account(settings.storage_account, _identity(settings.storage_client_id))

    @classmethod
    def from_connection_string(cls, connection: str) -> "Storage":
        """An account by its connection string."""
        try:
            return cls(
                BlobServiceClient.from_connection_string(connection, **_TRANSFER, **_RETRIES),
                QueueServiceClient.from_connection_string(connection, **_RETRIES),
            )
        except ValueError:
            raise Misconfigured("The setting AzureWebJobsStorage is not a connection string.") from None

    @classmethod
    def from_account(cls, account: str, credential: TokenCredential) -> "Storage":
        """An account by its name, reached with Microsoft Entra ID."""
        return cls(
            BlobServiceClient(f"https://{account}.blob.core.windows.net", credential, **_TRANSFER, **_RETRIES),
            QueueServiceClient(f"https://{account}.queue.core.windows.net", credential, **_RETRIES),
        )

    def find(self, ref: BlobRef) -> Blob | None:
        """A blob's properties, or None when there is none."""
        try:
            found = self._blob(ref).get_blob_properties()
        except ResourceNotFoundError:
            return None
        return Blob(ref, found.etag, found.size, found.last_modified, found.metadata or {})

    def list(self, container: str, prefix: str = "") -> Iterator[Blob]:
        """The blobs below a prefix, in name order, page by page."""
        for found in self._blobs.get_container_client(container).list_blobs(prefix, include=["metadata"]):
            ref = BlobRef(container, found.name)
            yield Blob(ref, found.etag, found.size, found.last_modified, found.metadata or {})

    def pages(self, container: str, marker: str | None) -> Iterator[Page]:
        """The blobs of a container in name order and without their metadata, in pages of at most 1,000, from the page
        that a marker stands for or from the first; each with the marker of the next, None behind the last.

        ETags have no quotes in a listing.

        Raises:
            MarkerError: the service does not know the marker, or no longer.
        """
        listing = self._blobs.get_container_client(container).list_blobs(results_per_page=_LISTED)
        found = cast(Any, listing.by_page(marker))  # its type leaves out the marker of the next page
        try:
            for page in found:
                blobs = [Blob(BlobRef(container, b.name), b.etag, b.size, b.last_modified) for b in page]
                yield blobs, found.continuation_token or None
        except HttpResponseError as error:
            if marker and error.status_code == 400:
                raise MarkerError(marker) from error
            raise

    def download(self, ref: BlobRef, to: BinaryIO, *, etag: str | None = None) -> str | None:
        """Copy a blob into a file, piece by piece; its SHA-256 in hex, or None when there is no such blob.

        Raises:
            Changed: its ETag is not, or no longer, the given one.
        """
        condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
        digest = hashlib.sha256()
        try:
            for chunk in self._blob(ref).download_blob(**condition).chunks():
                digest.update(chunk)
                to.write(chunk)
        except ResourceNotFoundError:
            return None
        except ResourceModifiedError:
            raise Changed("The document changed while it was read.", after=0) from None
        return digest.hexdigest()

    def read(self, ref: BlobRef) -> bytes | None:
        """A small blob's bytes, or None when there is none."""
        try:
            return self._blob(ref).download_blob().readall()
        except ResourceNotFoundError:
            return None

    def write(
        self,
        ref: BlobRef,
        data: bytes | Path,
        media_type: str,
        *,
        lease: "Lease | None" = None,
        metadata: Mapping[str, str] | None = None,
    ) -> str:
        """Write a blob whole, replacing what was there; its new ETag.

        Raises:
            LeaseHeldError: somebody else holds a lease on it, or ours is lost.
        """
        with _readable(data) as source, _lease_errors():
            done = self._blob(ref).upload_blob(
                source,
                overwrite=True,
                content_settings=ContentSettings(content_type=media_type),
                metadata=dict(metadata or {}),
                lease=lease.client() if lease else None,
            )
        return cast(str, done["etag"])

    def create(self, ref: BlobRef, data: bytes, media_type: str) -> bool:
        """Write a blob unless there is one; whether it was written."""
        try:
            with _lease_errors():  # Azure answers 412 for a blob that is there and leased
                self._blob(ref).upload_blob(data, content_settings=ContentSettings(content_type=media_type))
        except (ResourceExistsError, LeaseHeldError):
            return False
        return True

    def annotate(self, blob: Blob, metadata: Mapping[str, str]) -> bool:
        """Replace the metadata of a blob unless it has changed or somebody holds its lease; whether it was done."""
        try:
            with _lease_errors():
                self._blob(blob.ref).set_blob_metadata(
                    dict(metadata), etag=blob.etag, match_condition=MatchConditions.IfNotModified
                )
        except (ResourceModifiedError, ResourceNotFoundError, LeaseHeldError):
            return False
        return True

    def delete(self, ref: BlobRef) -> None:
        """Remove a blob; none there is as good."""
        try:
            self._blob(ref).delete_blob(delete_snapshots="include")
        except ResourceNotFoundError:
            return

    def lease(self, ref: BlobRef) -> "Lease":
        """Take the lease of an existing blob for half a minute.

        Raises:
            LeaseHeldError: somebody else holds it.
        """
        with _lease_errors():
            client = self._blob(ref)
            return Lease(client, client.acquire_lease(lease_duration=LEASE_SECONDS).id)

    def send(self, queue: str, message: str | bytes, *, delay: float = 0) -> None:
        """Post a message, invisible for `delay` seconds (at most seven days), base64 as the host expects it.

        Raises:
            TooLarge: above 48 KiB.
        """
        content = message.encode() if isinstance(message, str) else message
        if len(content) > LARGEST_MESSAGE:
            limit = LARGEST_MESSAGE // 1024
            raise TooLarge(f"A queue message may have {limit} KiB; put large options into the file's metadata.")
        self._queue(queue).send_message(content, visibility_timeout=math.ceil(delay), time_to_live=-1)

    def depth(self, queue: str) -> int | None:
        """About how many messages a queue holds, or None when there is no such queue."""
        try:
            return self._queue(queue).get_queue_properties().approximate_message_count or 0
        except ResourceNotFoundError:
            return None

    def queue(self, name: str) -> Queue:
        """A queue to look into by hand."""
        return Queue(self._queues.get_queue_client(name))

    def prepare(self, containers: tuple[str, ...], queues: tuple[str, ...]) -> None:
        """Create the containers and queues that are missing."""
        for container in containers:
            with suppress(ResourceExistsError):
                self._blobs.create_container(container)
        for queue in queues:
            with suppress(ResourceExistsError):
                self._queues.create_queue(queue)

    def _blob(self, ref: BlobRef) -> BlobClient:
        return self._blobs.get_blob_client(ref.container, ref.name)

    def _queue(self, name: str) -> QueueClient:
        return self._queues.get_queue_client(name, message_encode_policy=BinaryBase64EncodePolicy())


class Lease:
    """The lease of one blob, to be renewed within half a minute."""

    def __init__(self, blob: BlobClient, token: str) -> None:
        self._blob = blob
        self._token = token

    def client(self) -> BlobLeaseClient:
        """The SDK's client for it; made anew, for the SDK's forgets the token when it releases."""
        return BlobLeaseClient(self._blob, self._token)

    def renew(self) -> None:
        """Keep it for another half minute, also when it has run out and nobody has taken it since.

        Source: https://learn.microsoft.com/rest/api/storageservices/lease-blob

        Raises:
            LeaseHeldError: it was lost.
        """
        with _lease_errors():
            self.client().renew()

    def release(self) -> None:
        """Give it back; a lease that is lost already is as good."""
        with suppress(LeaseHeldError, ResourceNotFoundError), _lease_errors():
            self.client().release()


@contextmanager
def _lease_errors() -> Iterator[None]:
    try:
        yield
    except HttpResponseError as error:
        code = getattr(error, "error_code", None)
        code = str(getattr(code, "value", code))
        if code.startswith("Lease"):
            raise LeaseHeldError(code) from error
        raise


@contextmanager
def _readable(data: bytes | Path) -> Iterator[bytes | BinaryIO]:
    if isinstance(data, bytes):
        yield data
    else:
        with data.open("rb") as file:
            yield file


def _identity(client_id: str) -> TokenCredential:
    from azure.identity import DefaultAzureCredential  # only accounts without a key pay for its import

    return DefaultAzureCredential(managed_identity_client_id=client_id or None)
