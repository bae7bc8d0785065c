"""Who may do what, and what stays closed."""

import json
import re

from tests.infra.bicep import FILES, INFRA, at, properties, read, said, walk

# From Microsoft's table of built-in roles.
BUILT_IN_ROLES = {
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
    "Storage Blob Data Contributor": "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "Storage Blob Data Reader": "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "Storage Queue Data Contributor": "974c5e8b-45b9-4653-ba55-5f855dd0fb88",
    "Storage Queue Data Reader": "19e7f393-937e-4f77-808e-94535e297925",
    "Storage Queue Data Message Processor": "8a0f0c08-91a1-4084-bc3d-661d67233fed",
    "Storage Queue Data Message Sender": "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a",
    "Storage Table Data Contributor": "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    "Monitoring Metrics Publisher": "3913510d-42f4-4e42-8a64-420c390055eb",
    "Cognitive Services OpenAI User": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    "Cognitive Services User": "a97b65f3-24c7-4388-baec-2e87135dc908",
}
ASSIGNMENTS = [
    one
    for file in map(read, FILES)
    for one in file.of("resource").values()
    if one.target.startswith("Microsoft.Authorization/roleAssignments")
]


def test_roles_have_their_own_ids() -> None:
    """A wrong GUID is another role, or none."""
    roles = json.loads((INFRA / "roles.json").read_text())

    assert roles == {name: BUILT_IN_ROLES[name] for name in roles}


def test_every_role_is_given_on_a_resource_and_not_on_its_group() -> None:
    """A role on a resource group reaches whatever is put into it later."""
    assert len(ASSIGNMENTS) == 4
    assert all("scope" in properties(assignment.value) for assignment in ASSIGNMENTS)


def test_every_role_is_named_by_the_identity_that_gets_it() -> None:
    """An identity that is made anew has another id, and Azure lets no assignment of the same name change hands."""
    names = [said(properties(assignment.value)["name"]) for assignment in ASSIGNMENTS]

    assert [name for name in names if not re.search(r"rincipalId\b", name)] == []


def test_every_role_is_given_with_its_reason() -> None:
    """Whoever reads a role must see what fails without it."""
    listed = [
        node for node in walk(read(INFRA / "modules/storage-access.bicep").root, "object") if "role" in properties(node)
    ]
    single = [one.node for one in ASSIGNMENTS if not list(walk(one.node, "for_statement"))]
    unexplained = [
        said(n) for n in [*listed, *single] if n.prev_named_sibling is None or n.prev_named_sibling.type != "comment"
    ]

    assert len(listed) + len(single) == 7
    assert unexplained == []


def test_nothing_takes_keys_or_old_tls() -> None:
    """What is closed stays closed, whoever edits the templates."""
    storage = properties(read(INFRA / "modules/storage.bicep").of("resource")["account"].value)["properties"]
    foundry = properties(read(INFRA / "modules/foundry.bicep").of("resource")["account"].value)["properties"]
    monitoring = read(INFRA / "modules/monitoring.bicep").of("resource")
    app = properties(read(INFRA / "modules/app.bicep").of("resource")["app"].value)["properties"]

    assert at(storage, "allowSharedKeyAccess") is False
    assert at(storage, "allowBlobPublicAccess") is False
    assert at(storage, "supportsHttpsTrafficOnly") is True
    assert at(storage, "minimumTlsVersion") == "TLS1_2"
    assert at(foundry, "disableLocalAuth") is True
    assert at(monitoring["workspace"].value, "properties.features.disableLocalAuth") is True
    assert at(monitoring["insights"].value, "properties.DisableLocalAuth") is True
    assert at(app, "httpsOnly") is True
    assert at(app, "siteConfig.minTlsVersion") == "1.2"
    assert at(app, "functionAppConfig.deployment.storage.authentication.type") == "UserAssignedIdentity"


def test_an_isolated_installation_has_no_public_storage_and_no_public_models() -> None:
    """One parameter closes both, and opens private endpoints for each part that the app uses."""
    for module in ("storage", "foundry"):
        account = properties(read(INFRA / f"modules/{module}.bicep").of("resource")["account"].value)["properties"]
        assert at(account, "publicNetworkAccess") == "isolated ? 'Disabled' : 'Enabled'"
        assert at(account, "networkAcls.defaultAction") == "isolated ? 'Deny' : 'Allow'"
    main = read(INFRA / "main.bicep")
    endpoints = {name: one for name, one in main.of("module").items() if one.target.endswith("private-endpoint.bicep")}
    assert all(next(walk(one.node, "if_statement"), None) is not None for one in endpoints.values())
    assert "['blob', 'queue']" in said(endpoints["storageEndpoints"].node)
    assert "part: 'account'" in said(endpoints["foundryEndpoint"].node)
