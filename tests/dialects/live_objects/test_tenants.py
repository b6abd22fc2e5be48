"""`GET /api/v0/tenants/me`: the account, and what its operator has set for it."""

from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import DAY, Kept, Stored, Use
from tests.dialects.live_objects.client import Client
from tests.fakes import START

ME = "/api/v0/tenants/me"
RETENTION = {"messages": 365 * DAY, "commands": 90 * DAY, "auditLog": 14 * DAY}


def section(content: object, revision: int = 0) -> dict[str, object]:
    return {"content": content, "revision": revision, "version": "1"}


def test_any_key_may_read_the_account_and_only_some_its_settings(client: Client) -> None:
    account = {"id": client.tenant.id, "name": "acme", "creationTs": START, "accountType": "CUSTOMER"}
    assert client.call("GET", ME, key=client.key()).body == account
    assert client.call("GET", ME, key=client.key(*(ALL_ROLES - {Role.SETTINGS_R}))).body == account
    assert client.call("GET", ME, key=client.key(Role.SETTINGS_R)).body.items() > account.items()


def test_a_tenant_that_nothing_was_set_for_shows_the_defaults(client: Client) -> None:
    body = client.get(ME).body
    assert body["offerSettings"] == {"quotas": section({}), "rateLimit": section({})}
    assert body["technicalSettings"] == {"retention": section(RETENTION)}
    assert body["userSettings"] == {}


def test_what_was_set_is_shown(client: Client) -> None:
    tenant = client.tenant.id
    settings.set_quotas(client.ports, tenant, {Stored.DEVICES: 5, Stored.RESOURCE_BYTES: 10_000})
    settings.set_limits(client.ports, tenant, {Use.MESSAGES: (10, 1)})
    settings.set_retention(client.ports, tenant, {Kept.MESSAGES: 30 * DAY, Kept.QUEUED: 2 * DAY})
    body = client.get(ME).body
    assert body["offerSettings"] == {
        "quotas": section({"devices": 5, "resourceBytes": 10_000}, 3),
        "rateLimit": section({"mqttDeviceWindowSize": 1, "mqttDeviceMaxMessages": 10}, 3),
    }
    kept = {**RETENTION, "messages": 30 * DAY, "fifoMessages": 2 * DAY}
    assert body["technicalSettings"] == {"retention": section(kept, 3)}


def test_the_settings_of_another_tenant_are_not_shown(client: Client) -> None:
    other = Client(client.ports, "other")
    settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 5})
    assert other.get(ME).body["offerSettings"]["quotas"] == section({})
