"""The function app in Azure: its state, its settings, its functions and the roles of its identity."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cli.doctor.az import Az
from cli.doctor.findings import Finding, right, wrong
from cli.doctor.host import functions_findings
from cli.doctor.models import keyless
from shared.settings import Settings

_TELEMETRY = "/providers/microsoft.insights/components/[^/]+"
_MODELS = "/providers/microsoft.cognitiveservices/accounts/[^/]+"
_STORAGE = "/providers/microsoft.storage/storageaccounts/{account}"
# https://learn.microsoft.com/azure/azure-functions/functions-reference#connecting-to-host-storage-with-an-identity
_NEEDED: tuple[tuple[str, str, str], ...] = (  # the role, where it must hold, what for
    ("Storage Blob Data Owner", _STORAGE, "hold blobs and their leases"),
    ("Storage Queue Data Contributor", _STORAGE, "take, put back and post messages"),
    ("Monitoring Metrics Publisher", _TELEMETRY, "send telemetry"),
    ("Cognitive Services User", _MODELS, "call the models without a key"),
)


@dataclass(frozen=True)
class FunctionApp:
    """A function app by name and resource group; what it is asked for is kept."""

    az: Az
    name: str
    group: str

    @cached_property
    def shown(self) -> dict[str, Any]:
        """What Azure tells of it.

        Raises:
            AzError: it cannot be read.
        """
        shown = self._ask("show")
        return {**shown, **(shown.get("properties") or {})}  # of Flex Consumption the CLI shows the raw resource

    @cached_property
    def settings(self) -> dict[str, str]:
        """Its app settings.

        Raises:
            AzError: they cannot be read.
        """
        listed = self._ask("config", "appsettings", "list")
        return {setting["name"]: setting["value"] or "" for setting in listed}

    def state_findings(self) -> Iterator[Finding]:
        """Whether it runs."""
        state = self.shown.get("state")
        if state == "Running":
            yield right("app", f"{self.name} runs.")
        else:
            remedy = f"Start it with `az functionapp start -n {self.name} -g {self.group}`."
            yield wrong("app", f"{self.name} is {state}.", remedy)

    def functions_findings(self, expected: Mapping[str, str]) -> Iterator[Finding]:
        """Whether it has the functions of this folder."""
        listed = self._ask("function", "list")
        yield from functions_findings(expected, [str(function["name"]).rsplit("/", 1)[-1] for function in listed])

    def role_findings(self, account: str) -> Iterator[Finding]:
        """Whether its identities have what they need on this storage account and on a resource with models."""
        held = [
            (assignment["roleDefinitionName"], assignment["scope"])
            for principal in self._principals()
            for assignment in self.az.ask("role", "assignment", "list", "--assignee", principal, "--all")
        ]
        for role, kind, purpose in _NEEDED:
            if kind == _MODELS and not keyless(Settings.read(self.settings)):
                continue
            resource = kind.format(account=account)
            if any(name == role and _covers(scope.lower(), resource) for name, scope in held):
                yield right(f"app role {role}", f"Its identity may {purpose}.")
            else:
                remedy = f"Give its identity {role} on the resource, and wait ten minutes."
                yield wrong(f"app role {role}", f"Its identity lacks it: it may not {purpose}.", remedy)

    def _principals(self) -> list[str]:
        identity = self._ask("identity", "show") or {}
        assigned = (identity.get("userAssignedIdentities") or {}).values()
        found = [identity.get("principalId"), *(one.get("principalId") for one in assigned)]
        return [principal for principal in found if principal]

    def _ask(self, *command: str) -> Any:
        return self.az.ask("functionapp", *command, "--name", self.name, "--resource-group", self.group)


def _covers(scope: str, resource: str) -> bool:
    """Whether a role at this scope holds for the resource: at itself, or at a group or subscription above."""
    return "/providers/" not in scope or re.search(f"{resource}$", scope) is not None
