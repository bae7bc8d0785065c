"""Keys are trimmed; tokens are fetched once, and again shortly before they end."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from azure.core.exceptions import ClientAuthenticationError

from shared.clients.credentials import AccessToken, Entra, Key, TokenSource
from shared.errors import Unauthorised

SCOPE = "https://cognitiveservices.azure.com/.default"


@dataclass(frozen=True)
class Token:
    """A token and its end."""

    token: str
    expires_on: int


@dataclass
class Source:
    """Gives numbered tokens that live an hour, and counts."""

    clock: Callable[[], float]
    asked: list[str] = field(default_factory=list)
    slow: float = 0.0

    def get_token(self, *scopes: str) -> Token:
        """The next token."""
        time.sleep(self.slow)
        self.asked += scopes
        return Token(f"token-{len(self.asked)}", int(self.clock()) + 3600)


class NoSource:
    """Has no identity; its error names what must not be told."""

    def get_token(self, *scopes: str) -> Token:
        """Fail."""
        raise ClientAuthenticationError("secret-canary")


@pytest.mark.parametrize("pasted", ["key", " key", "key\n", "\tkey \r\n"])
def test_white_space_around_a_key_is_dropped(pasted: str) -> None:
    """The service answers a bare 401 to a key with a line break behind it."""
    assert Key(pasted).bearer() == "key"


def test_a_key_goes_under_both_names() -> None:
    """Some routes document one header, some the other, and all take both."""
    assert Key(" key\n").headers() == {"Authorization": "Bearer key", "api-key": "key"}


def test_a_token_is_no_key() -> None:
    """Under the name of a key it would be a wrong one, and a header of kilobytes."""
    assert Entra(Source(lambda: 0.0), SCOPE, lambda: 0.0).headers() == {"Authorization": "Bearer token-1"}


def test_a_token_serves_until_five_minutes_before_its_end() -> None:
    """No call starts with a token that ends while it runs, and none fetches one without need."""
    now = [0.0]
    source = Source(lambda: now[0])
    entra = Entra(source, SCOPE, lambda: now[0])

    first, again = entra.bearer(), entra.bearer()
    now[0] = 3300
    late = entra.bearer()
    now[0] = 3301
    fresh = entra.bearer()

    assert (first, again, late, fresh) == ("token-1", "token-1", "token-1", "token-2")
    assert source.asked == [SCOPE, SCOPE]


def test_threads_that_start_together_fetch_one_token() -> None:
    """Sixteen calls at a cold start ask the identity endpoint once."""
    source = Source(lambda: 0.0, slow=0.02)
    entra = Entra(source, SCOPE, lambda: 0.0)
    together = threading.Barrier(16)

    def call(_: int) -> str:
        together.wait()
        return entra.bearer()

    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(call, range(16)))

    assert tokens == {"token-1"}
    assert len(source.asked) == 1


def test_no_identity_is_unauthorised_with_what_to_do() -> None:
    """Somebody who runs without an identity learns the scope and three ways out, and no word of the SDK's error."""
    with pytest.raises(Unauthorised) as raised:
        Entra(NoSource(), SCOPE).bearer()

    assert SCOPE in raised.value.message
    assert "az login" in raised.value.remedy
    assert "secret-canary" not in raised.value.message + raised.value.remedy
    assert raised.value.__suppress_context__


def test_a_failed_fetch_is_tried_again_by_the_next_call() -> None:
    """An identity that comes later, as a new role does, is found without a restart."""
    sources: list[TokenSource] = [NoSource(), Source(lambda: 0.0)]

    class Later:
        """Fails once."""

        def get_token(self, *scopes: str) -> AccessToken:
            """Ask the next source."""
            return sources.pop(0).get_token(*scopes)

    entra = Entra(Later(), SCOPE, lambda: 0.0)

    with pytest.raises(Unauthorised):
        entra.bearer()

    assert entra.bearer() == "token-1"
