"""A deployment to finish, with an Azure CLI that answers as a test has set it up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from infra.hooks.azure_cli import AzureCli, FailedError
from infra.hooks.postdeploy import Hook, Target
from tests.infra.fake_az import Answer, FakeAz

ENVIRONMENT = {
    "AZURE_SUBSCRIPTION_ID": "s-1",
    "AZURE_RESOURCE_GROUP": "rg-dark",
    "AZURE_FUNCTION_APP_NAME": "func-dark",
    "AZURE_STORAGE_ACCOUNT_NAME": "stdark",
    "AZURE_SYSTEM_TOPIC_NAME": "evgt-dark",
    "AZURE_NETWORK_ISOLATION": "false",
}
NO_BLOB: Answer = (3, "ERROR: The specified blob does not exist.")
REFUSED: Answer = (1, "ERROR: You do not have the required permissions needed to perform this operation.")
GOOD: Mapping[str, Sequence[Answer]] = {
    "functionapp show": [(0, "func-dark.azurewebsites.net\n")],
    "functionapp keys list": [(0, "true\n")],
    "deployment group create": [(0, "")],
    "storage blob upload": [(0, "{}")],
    "storage blob show": [NO_BLOB, (0, "\n"), (0, "running\n"), (0, "succeeded\n")],
    "storage blob delete": [(0, "")],
}


@dataclass
class Deployment:
    """A hook with everything around it faked, and what became of it."""

    az: FakeAz
    said: list[str] = field(default_factory=list)
    knocks: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def finish(self, **environment: str) -> None:
        """Run the hook."""
        target = Target.read(ENVIRONMENT | environment)
        Hook(target, AzureCli("s-1", self.az), self.knocks.append, self.slept.append, self.said.append, "now").finish()

    def fail(self, **environment: str) -> str:
        """Run the hook to its failure; what it says."""
        with pytest.raises(FailedError) as caught:
            self.finish(**environment)
        return str(caught.value)


Deployed = Callable[..., Deployment]
