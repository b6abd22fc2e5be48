"""From the REST API that provisions a device to what it registers, and back to what the API shows of it."""

import base64
from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.triggers import deadlines
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.lwm2m.rig import ENDPOINT, IDENTITY, KEY, URN, Endpoint, interface, provision
from tests.fleet.test_one_of_two import overtake

pytestmark = pytest.mark.row("F1")
SECOND = 1000


def shown(client: Client, device: str) -> dict[str, Any]:
    """The interface as the API shows it."""
    (found,) = client.call("GET", f"{device}/interfaces").body
    assert isinstance(found, dict)
    return found


def status(client: Client, device: str) -> str:
    return str(shown(client, device)["status"])


def reasons(client: Client) -> list[str]:
    return [entry.reason for entry in client.ports.audit.rows.values() if entry.tenant == client.tenant.id]


def test_a_device_is_provisioned_and_its_secret_never_answered(client: Client) -> None:
    body = {"id": URN, "interfaces": [interface(enabled="true")]}
    for reply in (
        client.call("POST", DEVICES, body),
        client.call("GET", f"{DEVICES}/{URN}"),
        client.call("GET", f"{DEVICES}/{URN}/interfaces"),
        client.call("GET", f"{DEVICES}/{URN}/interfaces/lwm2m:{ENDPOINT}"),
        client.call("GET", "/api/v1/deviceMgt/connectors/lwm2m/nodes"),
    ):
        assert reply.status == 200, reply.raw
        assert b"0102030405" not in reply.raw
    found = client.call("GET", f"{DEVICES}/{URN}").body["interfaces"][0]
    assert found["definition"] == {
        "endpointName": ENDPOINT,
        "security": {"mode": "PSK", "pskInfo": {"identity": IDENTITY}},
    }
    assert (found["status"], found["activity"]) == ("REGISTERED", {})
    assert found["capabilities"]["twin"] == {"available": False, "version": 1}
    assert not any(b"0102030405" in str(record.body).encode() for record in client.ports.records.rows.values())


def test_a_device_registers_and_is_shown_with_all_that_it_said(client: Client, device: str, endpoint: Endpoint) -> None:
    client.ports.clock.at += SECOND
    assert endpoint.key == KEY
    assert endpoint.register() == "2.01"
    found = shown(client, device)
    assert found["status"] == "ONLINE"
    assert found["capabilities"]["twin"] == {"available": True, "version": 1}
    assert found["activity"] == {
        "lwm2mVersion": "1.1",
        "remoteAddress": "192.0.2.77",
        "remotePort": 59436,
        "queueMode": False,
        "bindings": ["U"],
        "lastRegistrationDate": found["lastContact"],
        "registrationLifetime": 300,
        "lastUpdateDate": found["lastContact"],
    }


@pytest.mark.parametrize(
    ("query", "links", "code"),
    [
        (["lwm2m=1.1"], "</3/0>", "4.00"),
        (["ep="], "</3/0>", "4.00"),
        ([f"ep={ENDPOINT}", "lt=-1"], "</3/0>", "4.00"),
        ([f"ep={ENDPOINT}", "lt="], "</3/0>", "4.00"),
        ([f"ep={ENDPOINT}", "lt=many"], "</3/0>", "4.00"),
        ([f"ep={ENDPOINT}", "b=1"], "</3/0>", "4.00"),
        ([f"ep={ENDPOINT}"], "no link", "4.00"),
        ([f"ep={ENDPOINT}"], ",".join(f"</3/{n}>" for n in range(3000)), "4.00"),
        ([f"ep={ENDPOINT}", "lwm2m=2.0"], "</3/0>", "4.12"),
        (["ep=another"], "</3/0>", "4.03"),
        ([f"ep={ENDPOINT}", "lwm2m=1.2"], "</3/0>", "2.01"),
        ([f"ep={ENDPOINT}"], "", "2.01"),
    ],
)
def test_what_a_registration_has_to_say(
    client: Client, endpoint: Endpoint, query: Sequence[str], links: str, code: str
) -> None:
    assert endpoint.send("POST", ["rd"], links.encode(), query, 40)["code"] == code
    assert bool(reasons(client)) is not code.startswith("2")


def test_a_registration_lives_as_long_as_it_says_and_is_told_to_be_over(
    client: Client, device: str, endpoint: Endpoint
) -> None:
    endpoint.register(lifetime=None)
    clock = client.ports.clock
    clock.at += 299 * SECOND
    assert status(client, device) == "ONLINE"
    clock.at += SECOND
    assert status(client, device) == "OFFLINE"
    assert endpoint.update() == "4.04"
    assert client.ports.mailboxes.online(client.tenant.id, after=None, limit=5).items == [URN]
    fire(client)
    assert client.ports.mailboxes.online(client.tenant.id, after=None, limit=5).items == []
    assert endpoint.register() == "2.01"
    assert status(client, device) == "ONLINE"


@pytest.mark.parametrize("lifetime", [0, (1 << 31) - 1, (1 << 32) - 1, (1 << 64) - 1])
@pytest.mark.parametrize("by_update", [False, True])
def test_a_lifetime_may_be_for_ever(
    client: Client, device: str, endpoint: Endpoint, lifetime: int, *, by_update: bool
) -> None:
    assert endpoint.register(lifetime=60 if by_update else lifetime) == "2.01"
    if by_update:
        assert endpoint.update(f"lt={lifetime}") == "2.04"
    client.ports.clock.at += 60 * 365 * 24 * 3600 * SECOND
    fire(client)
    assert shown(client, device)["activity"]["registrationLifetime"] == (1 << 31) - 1
    assert endpoint.update() == "2.04"
    assert status(client, device) == "ONLINE"


def fire(client: Client) -> None:
    """What the sweep does every minute."""
    deadlines.sweep(client.ports)


def test_an_update_renews_and_its_lifetime_counts_from_then(client: Client, device: str, endpoint: Endpoint) -> None:
    endpoint.register(lifetime=100)
    clock = client.ports.clock
    clock.at += 90 * SECOND
    assert endpoint.update("lt=50", "b=UQ") == "2.04"
    clock.at += 20 * SECOND
    fire(client)
    clock.at += 29 * SECOND
    assert shown(client, device)["activity"]["registrationLifetime"] == 50
    assert shown(client, device)["activity"]["queueMode"] is True
    assert endpoint.update() == "2.04"
    clock.at += 50 * SECOND
    fire(client)
    assert status(client, device) == "OFFLINE"
    assert list(client.ports.records.due(after=0, until=1 << 60)) == []


def test_an_update_that_an_end_overtakes_finds_nothing(client: Client, device: str, endpoint: Endpoint) -> None:
    endpoint.register()
    overtake(client.ports.mailboxes, "replace", 1, endpoint.deregister)
    assert endpoint.update("lt=500") == "4.04"
    assert status(client, device) == "OFFLINE"


def test_a_registration_takes_the_place_of_the_one_before(client: Client, device: str, endpoint: Endpoint) -> None:
    endpoint.register()
    first = endpoint.location
    endpoint.register()
    assert endpoint.location != first
    assert status(client, device) == "ONLINE"
    assert endpoint.send("POST", ["rd", first])["code"] == "4.04"
    assert endpoint.send("DELETE", ["rd", first])["code"] == "4.04"
    assert endpoint.deregister() == "2.02"
    assert status(client, device) == "OFFLINE"
    assert endpoint.deregister() == "4.04"


@pytest.mark.parametrize(("version", "query"), [("1.0", ["b=UQ"]), ("1.1", ["Q"]), ("1.1", ["Q", "b=U"])])
def test_a_device_in_queue_mode_sleeps_and_wakes(
    client: Client, device: str, endpoint: Endpoint, version: str, query: list[str]
) -> None:
    endpoint.register("</3/0>", *query, version=version, lifetime=86_400)
    clock = client.ports.clock
    clock.at += 92 * SECOND
    assert status(client, device) == "ONLINE"
    clock.at += SECOND
    assert status(client, device) == "SLEEPING"
    assert shown(client, device)["capabilities"]["twin"]["available"] is True
    asked: dict[str, Any] = {"interfaces.status": "SLEEPING"}
    listed = client.call("GET", DEVICES, **asked).body
    assert [each["id"] for each in listed] == [URN]
    assert endpoint.update() == "2.04"
    assert status(client, device) == "ONLINE"


@pytest.mark.parametrize("how", ["secret", "identity", "disabled", "interface deleted", "device deleted", "moved"])
def test_a_secret_that_was_changed_or_withdrawn_is_dead_at_once(
    client: Client, device: str, endpoint: Endpoint, how: str
) -> None:
    endpoint.register()
    before, path = endpoint.principal, f"{device}/interfaces/lwm2m:{ENDPOINT}"
    other = "urn:lo:nsid:lwm2m:other"
    client.call("POST", DEVICES, {"id": other})

    def changed(**info: str) -> Any:
        return {"definition": {"security": {"pskInfo": info}}}

    change = {
        "secret": ("PATCH", path, changed(identity=IDENTITY, secret="ff" * 16)),
        "identity": ("PATCH", path, changed(identity="another")),
        "disabled": ("PATCH", path, {"enabled": False}),
        "interface deleted": ("DELETE", path, None),
        "device deleted": ("DELETE", device, None),
        "moved": ("PATCH", path, {"deviceId": other}),
    }[how]
    assert client.call(*change).status in (200, 204)
    assert before in client.ports.coaps.forgotten
    answer = endpoint.send("POST", ["rd", endpoint.location])
    assert (answer["code"], answer["forget"]) == ("4.03", True)
    again = Endpoint(client)
    assert again.connect() is (how in ("secret", "moved"))
    assert (again.principal, again.key) != (before, endpoint.key)


def test_an_interface_that_is_disabled_is_deactivated(client: Client, device: str, endpoint: Endpoint) -> None:
    endpoint.register()
    path = f"{device}/interfaces/lwm2m:{ENDPOINT}"
    assert client.call("PATCH", path, {"enabled": "false"}).body["status"] == "DEACTIVATED"
    assert client.call("PATCH", path, {"enabled": True}).body["status"] == "OFFLINE"
    assert endpoint.connect()
    assert endpoint.register() == "2.01"


def test_another_identity_takes_the_secret_along(client: Client, device: str, endpoint: Endpoint) -> None:
    path = f"{device}/interfaces/lwm2m:{ENDPOINT}"
    body = {"definition": {"security": {"pskInfo": {"identity": "renamed"}}}}
    assert client.call("PATCH", path, body).status == 200
    assert not Endpoint(client).connect()
    renamed = Endpoint(client, "renamed")
    assert renamed.connect()
    assert renamed.key == endpoint.key


def test_an_identity_is_one_devices_in_the_whole_stage(client: Client, device: str) -> None:
    other = Client(client.ports, "other")
    body = {"id": URN, "interfaces": [interface()]}
    assert client.call("POST", DEVICES, body).code == "DM_DEVICE_DUPLICATE"
    assert other.call("POST", DEVICES, body).code == "DM_INTERFACE_DUPLICATE"
    assert other.call("GET", f"{DEVICES}/{URN}").status == 404
    # an endpoint name is each tenant's own
    provision(other, identity="other-identity")
    mine, theirs = Endpoint(client), Endpoint(other, "other-identity")
    assert mine.connect()
    assert theirs.connect()
    assert mine.register() == theirs.register() == "2.01"
    assert theirs.send("DELETE", ["rd", mine.location])["code"] == "4.04"
    assert status(client, device) == "ONLINE"
    assert client.call("DELETE", device).status == 204
    assert other.call("POST", f"{DEVICES}/{URN}/interfaces", interface("second")).status == 400
    assert theirs.update() == "2.04"
    # what was given back is free again
    assert other.call("POST", DEVICES, {"id": f"{URN}2", "interfaces": [interface("second")]}).status == 200


def test_a_registration_that_was_refused_keeps_the_secret_of_the_device_that_is_there(
    client: Client,
    device: str,
) -> None:
    body = {"id": URN, "interfaces": [interface(secret="99" * 16)]}
    assert client.call("POST", DEVICES, body).status == 409
    assert client.call("POST", f"{DEVICES}/{URN}/interfaces", interface(secret="99" * 16)).status == 409
    endpoint = Endpoint(client)
    assert endpoint.connect()
    assert endpoint.key == KEY


def test_what_a_crash_left_reserved_is_taken_over(client: Client) -> None:
    provision(client)
    client.ports.devices.delete(client.ports.devices.get(client.tenant.id, URN))  # type: ignore[arg-type]
    assert not Endpoint(client).connect()
    other = Client(client.ports, "other")
    provision(other)
    assert Endpoint(other).connect()


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ({}, "definition.endpointName"),
        ({"endpointName": ""}, "definition.endpointName"),
        ({"endpointName": "a/b"}, "definition.endpointName"),
        ({"endpointName": "a"}, "definition.security.pskInfo.identity"),
        ({"endpointName": "a", "security": {"pskInfo": {"identity": "i"}}}, "definition.security.pskInfo.secret"),
        (
            {"endpointName": "a", "security": {"pskInfo": {"identity": "i\n", "secret": "s"}}},
            "definition.security.pskInfo.identity",
        ),
        (
            {"endpointName": "a", "security": {"pskInfo": {"identity": "i", "secret": "z" * 65}}},
            "definition.security.pskInfo.secret",
        ),
        ({"endpointName": "a", "security": {"mode": "X509"}}, "definition.security.mode"),
        (
            {
                "endpointName": "a",
                "bootstrap": {"managed": "true"},
                "security": {"pskInfo": {"identity": "i", "secret": "s"}},
            },
            "definition.security",
        ),
    ],
)
def test_what_an_interface_has_to_say(client: Client, definition: dict[str, Any], field: str) -> None:
    body = {"id": URN, "interfaces": [{"connector": "lwm2m", "definition": definition}]}
    reply = client.call("POST", DEVICES, body)
    assert reply.status == 400
    assert field in reply.body["message"]
    assert client.ports.records.rows == {}


def test_a_managed_interface_waits_for_bootstrap_to_give_it_a_secret(client: Client) -> None:
    definition = {"endpointName": ENDPOINT, "bootstrap": {"managed": "true"}}
    body = {"id": URN, "interfaces": [{"connector": "lwm2m", "definition": definition}]}
    assert client.call("POST", DEVICES, body).status == 200
    found = shown(client, f"{DEVICES}/{URN}")
    assert found["definition"] == {"endpointName": ENDPOINT, "bootstrap": {"managed": True}}
    change = {"definition": {"security": {"pskInfo": {"identity": "i", "secret": "s"}}}}
    assert client.call("PATCH", f"{DEVICES}/{URN}/interfaces/lwm2m:{ENDPOINT}", change).status == 400


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("my_psk_secret", b"my_psk_secret"),
        ("0123456789abcdef", bytes.fromhex("0123456789abcdef")),
        ("0123456789ABCDEF" * 8, bytes.fromhex("0123456789ABCDEF") * 8),
        ("0123456789abcde", b"0123456789abcde"),
        ("ü", "ü".encode()),
    ],
)
def test_a_secret_is_hexadecimal_or_text(client: Client, text: str, key: bytes) -> None:
    provision(client, secret=text)
    endpoint = Endpoint(client)
    assert endpoint.connect()
    assert endpoint.key == key


def test_a_device_has_one_such_interface(client: Client, device: str) -> None:
    assert client.call("POST", f"{device}/interfaces", interface("second", "second")).status == 400
    assert not Endpoint(client, "second").connect()
    two = {"id": f"{URN}2", "interfaces": [interface("a", "a"), interface("b", "b")]}
    assert client.call("POST", DEVICES, two).status == 400


def test_a_wrong_key_is_in_the_audit_log_of_whose_identity_it_was(client: Client, endpoint: Endpoint) -> None:
    for identity in (IDENTITY, "nobodys", "\udcff"):
        raw = identity.encode(errors="surrogateescape")
        told = base64.b64encode(raw).decode()
        assert endpoint.event("refused", why="bad key", identity=told, address="192.0.2.9") == {}
    assert reasons(client) == ["a handshake was refused: bad key"]
