"""How a client shows who it is: a key, or a Microsoft Entra ID token that is cached until shortly before it ends."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from shared.errors import Unauthorised

_SPARE_SECONDS = 300


class AccessToken(Protocol):
    """A token and the second, since 1970, at which it ends."""

    @property
    def token(self) -> str:
        """The token itself."""

    @property
    def expires_on(self) -> int:
        """When it ends."""


class TokenSource(Protocol):
    """What gives tokens; the credentials of `azure-identity` do."""

    def get_token(self, *scopes: str) -> AccessToken:
        """A token for these scopes."""


class Key:
    """An API key; white space around it, which a copy and paste brings along, is dropped."""

    def __init__(self, key: str) -> None:
        self._key = key.strip()

    def bearer(self) -> str:
        """What goes behind `Bearer`.

        Raises:
            Unauthorised: the key has characters that no key has, and that no header can carry.
        """
        if not (self._key.isascii() and self._key.isprintable()):
            raise Unauthorised(
                "The API key has characters that no key has, such as a line break or a curly quote.",
                remedy="Copy the key again into the setting.",
            )
        return self._key

    def headers(self) -> Mapping[str, str]:
        """The headers that carry it: routes document one or the other, and azure-ai-inference 1.0.0b9 sends both.

        Raises:
            Unauthorised: as `bearer` does.
        """
        key = self.bearer()
        return {"Authorization": f"Bearer {key}", "api-key": key}


class Entra:
    """Tokens for one scope; safe to share between threads."""

    def __init__(self, source: TokenSource, scope: str, clock: Callable[[], float] = time.time) -> None:
        self._source = source
        self._scope = scope
        self._clock = clock
        self._lock = threading.Lock()
        self._cached: AccessToken | None = None

    def bearer(self) -> str:
        """What goes behind `Bearer`.

        Raises:
            Unauthorised: no token is to be had.
        """
        with self._lock:
            if self._cached is None or self._cached.expires_on - self._clock() < _SPARE_SECONDS:
                self._cached = self._fetch()
            return self._cached.token

    def headers(self) -> Mapping[str, str]:
        """The header that carries it; a token under `api-key` would be a wrong key.

        Raises:
            Unauthorised: as `bearer` does.
        """
        return {"Authorization": f"Bearer {self.bearer()}"}

    def _fetch(self) -> AccessToken:
        from azure.core.exceptions import ClientAuthenticationError  # only keyless endpoints pay for its import

        try:
            return self._source.get_token(self._scope)
        except ClientAuthenticationError:
            raise Unauthorised(
                f"No Microsoft Entra ID token for the scope {self._scope} is to be had here.",
                remedy="In Azure give the app a managed identity (AZURE_CLIENT_ID names a user-assigned one); "
                "elsewhere sign in with `az login`; or set the API key.",
            ) from None


@dataclass(frozen=True)
class LazyTokenSource:
    """The identity of this process, managed in Azure and a developer's sign-in elsewhere; made when first asked."""

    client_id: str

    @cached_property
    def _source(self) -> TokenSource:
        from azure.identity import DefaultAzureCredential  # slow to import; only keyless endpoints need it

        return DefaultAzureCredential(managed_identity_client_id=self.client_id or None)

    def get_token(self, *scopes: str) -> AccessToken:
        """A token for these scopes."""
        return self._source.get_token(*scopes)
