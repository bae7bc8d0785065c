"""What follows each deployment of the code: the event subscription, and a canary that proves the way of a document.

The subscription cannot be made before: its address holds a key that the app makes when it first starts with a blob
trigger. `events.bicep` takes this key by itself; here nobody reads it. Everything may be run again.
"""

import os
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

from infra.hooks.azure_cli import AGAIN, AzError, AzureCli, FailedError
from infra.hooks.canary import NAMES, Proof

_KEY_TRIES, _KEY_PAUSE = 40, 15.0  # ten minutes: a first start takes one or two
_DEPLOY_TRIES, _DEPLOY_PAUSE = 5, 30.0  # Event Grid calls the app to validate the address, which fails while it is cold
_WANTED = (
    "AZURE_SUBSCRIPTION_ID",
    "AZURE_RESOURCE_GROUP",
    "AZURE_FUNCTION_APP_NAME",
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_SYSTEM_TOPIC_NAME",
)
_EVENTS = Path(__file__).parents[1] / "events.bicep"


@dataclass(frozen=True)
class Target:
    """What was deployed, as azd tells it in the environment: its own names, and the outputs of `main.bicep`."""

    subscription: str
    group: str
    app: str
    account: str
    topic: str
    isolated: bool

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Target":
        """Read it.

        Raises:
            FailedError: something is not told.
        """
        missing = [name for name in _WANTED if not environment.get(name)]
        if missing:
            raise FailedError(f"The environment does not tell {', '.join(missing)}: run `azd provision`. {AGAIN}")
        subscription, group, app, account, topic = (environment[name] for name in _WANTED)
        isolated = environment.get("AZURE_NETWORK_ISOLATION", "").lower() == "true"
        return cls(subscription, group, app, account, topic, isolated)


@dataclass(frozen=True)
class Hook:
    """The steps; `knock` sends a request to an address, `sleep` waits seconds, `say` tells a person."""

    target: Target
    az: AzureCli
    knock: Callable[[str], None]
    sleep: Callable[[float], None]
    say: Callable[[str], None]
    stamp: str

    def finish(self) -> None:
        """Make the subscription and prove it.

        Raises:
            FailedError: it cannot be made, or nothing comes of the canary.
        """
        self.check_login()
        self.await_key()
        self.subscribe()
        if self.target.isolated:
            self.say(
                "The network is isolated, so no canary is uploaded from here: run `darkroom doctor`, and drop a file, "
                "from inside the network."
            )
        else:
            Proof(self.az, self.target.account, self.stamp, self.sleep, self.say).give()

    def check_login(self) -> None:
        """Make sure of the Azure CLI's login, which is another than azd's.

        Raises:
            FailedError: it has none, or not for this subscription.
        """
        try:
            self.az("account", "show", "--output", "none")
        except AzError as error:
            raise FailedError(f"The Azure CLI needs a login of its own: {error} Run `az login`. {AGAIN}") from None

    def await_key(self) -> None:
        """Wake the app until it has made the key of its blob events; only whether it is there is asked.

        Raises:
            FailedError: it does not come.
        """
        reason = "it has none"
        for attempt in range(_KEY_TRIES):
            if attempt:
                self.sleep(_KEY_PAUSE)
            try:
                if self._has_key():
                    self.say("The app has its key for blob events.")
                    return
            except AzError as error:
                reason = str(error)
        minutes = _KEY_TRIES * _KEY_PAUSE / 60
        raise FailedError(
            f"The app {self.target.app} has made no key for blob events within {minutes:g} minutes ({reason}): it does "
            f"not start, or has no function {NAMES['blobFunction']}. Look for the error in its log stream. {AGAIN}"
        )

    def subscribe(self) -> None:
        """Deploy `events.bicep`; deploying it again changes nothing.

        Raises:
            FailedError: Azure refuses it.
        """
        for attempt in range(1, _DEPLOY_TRIES + 1):
            try:
                if attempt > 1:
                    self._wake()
                self._deploy_events()
            except AzError as error:
                reason = str(error)
                self.say(f"The event subscription could not be deployed, attempt {attempt} of {_DEPLOY_TRIES}.")
            else:
                self.say(f"The event subscription {NAMES['eventSubscription']} is deployed.")
                return
            if attempt < _DEPLOY_TRIES:
                self.sleep(_DEPLOY_PAUSE)
        raise FailedError(f"The event subscription cannot be deployed: {reason} {AGAIN}")

    def _has_key(self) -> bool:
        self._wake()
        return self._app("keys", "list", query="systemKeys.blobs_extension != null") == "true"

    def _wake(self) -> None:
        # Of Flex Consumption the CLI shows the raw resource.
        host = self._app("show", query="not_null(properties.defaultHostName, defaultHostName)")
        # Instances for blob events are others than those for requests, so it is their door that is knocked at.
        self.knock(f"https://{host}/runtime/webhooks/blobs")

    def _app(self, *command: str, query: str) -> str:
        at = ("--resource-group", self.target.group, "--name", self.target.app)
        # The spaces in the queries make Windows quote them.
        return self.az("functionapp", *command, *at, "--query", query, "--output", "tsv")

    def _deploy_events(self) -> None:
        target = self.target
        self.az(
            "deployment", "group", "create", "--resource-group", target.group, "--name", "darkroom-events",
            "--template-file", str(_EVENTS), "--parameters", f"storageAccountName={target.account}",
            f"functionAppName={target.app}", f"systemTopicName={target.topic}", "--output", "none",
        )  # fmt: skip


def knock(address: str) -> None:
    """Send a request that wakes a sleeping app; what it answers does not matter."""
    with suppress(OSError, HTTPException), urllib.request.urlopen(address, timeout=20):  # noqa: S310  always https
        pass


def say(text: str) -> None:
    """Tell a person."""
    sys.stdout.write(f"darkroom: {text}\n")
    sys.stdout.flush()


def main(environment: Mapping[str, str]) -> int:
    """Finish the deployment; the exit status."""
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    try:
        target = Target.read(environment)
        Hook(target, AzureCli(target.subscription), knock, time.sleep, say, stamp).finish()
    except FailedError as error:
        sys.stderr.write(f"darkroom: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ))
