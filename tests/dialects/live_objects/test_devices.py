"""Manual 5.2 and 5.3."""

from typing import Any

import pytest

from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import Capability, Peer
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN

pytestmark = pytest.mark.row("B1")
MQTT = {"connector": "mqtt", "enabled": True, "definition": {"clientId": "mydevice_001"}}


def registered(client: Client, *numbers: int, **fields: Any) -> None:
    for number in numbers:
        client.call("POST", DEVICES, {"id": f"urn:lo:nsid:n:{number:03d}", **fields})


def claim_of(client: Client, node: str = "mydevice_001") -> Claim:
    return Claim(
        node,
        client.tenant.id,
        "live_objects",
        "device",
        "5de8d14085a455f5c8525655",
        0,
        device=URN,
        connector="mqtt",
        username="json+device",
        server_name="mqtt.example.com",
    )


def test_a_registered_device_is_answered_with_200_and_its_defaults(client: Client) -> None:
    reply = client.call("POST", DEVICES, {"id": URN, "tags": ["Lyon"], "name": "mySensor001"})
    assert reply.status == 200
    assert reply.body == {
        "id": URN,
        "name": "mySensor001",
        "defaultDataStreamId": URN,
        "tags": ["Lyon"],
        "group": {"id": "root", "path": "/"},
        "activityState": "NOT_MONITORED",
        "created": "2027-01-15T08:00:00.000Z",
        "updated": "2027-01-15T08:00:00.000Z",
    }
    assert client.get(f"{DEVICES}/{URN}").body == reply.body


def test_an_interface_that_never_connected_is_registered_and_able_of_nothing(client: Client) -> None:
    (interface,) = client.call("POST", DEVICES, {"id": URN, "interfaces": [MQTT]}).body["interfaces"]
    assert (interface["nodeId"], interface["status"]) == ("mydevice_001", "REGISTERED")
    assert interface["activity"] == {}
    assert set(interface["capabilities"]) == {"command", "configuration", "resource", "twin"}
    assert all(capability == {"available": False} for capability in interface["capabilities"].values())


def test_a_connected_interface_shows_its_session_and_what_it_listens_to(client: Client) -> None:
    client.call("POST", DEVICES, {"id": URN, "interfaces": [MQTT]})
    now = client.ports.clock.now()
    connecting.connected(client.ports, claim_of(client), "s1", now, Peer(None, address="192.0.2.7"))
    connecting.subscribed(client.ports, claim_of(client), "s1", frozenset({Capability.COMMAND}), now)
    (interface,) = client.get(f"{DEVICES}/{URN}").body["interfaces"]
    assert interface["status"] == "ONLINE"
    assert interface["capabilities"]["command"] == {"available": True, "version": 1}
    assert interface["capabilities"]["configuration"] == {"available": False}
    assert interface["lastContact"] == "2027-01-15T08:00:00.000Z"
    assert interface["activity"] == {
        "apiKeyId": "5de8d14085a455f5c8525655",
        "mqttVersion": 4,
        "mqttUsername": "json+device",
        "remoteAddress": "192.0.2.7",
        "lastSessionStartTime": "2027-01-15T08:00:00.000Z",
        "security": {"secured": True, "clientCertAuthentication": False, "sniHostname": "mqtt.example.com"},
    }


def test_an_interface_whose_session_ended_is_offline(client: Client) -> None:
    client.call("POST", DEVICES, {"id": URN, "interfaces": [MQTT]})
    connecting.connected(client.ports, claim_of(client), "s1", client.ports.clock.now())
    connecting.disconnected(client.ports, claim_of(client), "s1", client.ports.clock.advance(seconds=60))
    (interface,) = client.get(f"{DEVICES}/{URN}").body["interfaces"]
    assert interface["status"] == "OFFLINE"
    assert interface["activity"]["lastSessionEndTime"] == "2027-01-15T08:01:00.000Z"


def test_a_device_id_is_taken_once(client: Client, device: str) -> None:
    reply = client.call("POST", DEVICES, {"id": URN})
    assert (reply.status, reply.code) == (409, "DM_DEVICE_DUPLICATE")


def test_connector_and_node_belong_to_one_device(client: Client) -> None:
    client.call("POST", DEVICES, {"id": URN, "interfaces": [MQTT]})
    other = client.call("POST", DEVICES, {"id": f"{URN}b", "interfaces": [MQTT]})
    assert (other.status, other.code) == (409, "DM_INTERFACE_DUPLICATE")
    assert client.get(f"{DEVICES}/{URN}b").code == "DM_DEVICE_NOT_FOUND"


def test_one_interface_twice_in_a_body_is_a_duplicate(client: Client) -> None:
    assert client.call("POST", DEVICES, {"id": URN, "interfaces": [MQTT, MQTT]}).code == "DM_INTERFACE_DUPLICATE"


def test_an_interface_of_a_connector_that_is_not_served_is_refused(client: Client) -> None:
    reply = client.call("POST", DEVICES, {"id": URN, "interfaces": [{"connector": "lora", "definition": {}}]})
    assert (reply.status, reply.code) == (404, "DM_CONNECTOR_UNAVAILABLE")


@pytest.mark.parametrize("group", [{"id": "sWyaL2"}, {"path": "/france/lyon"}])
def test_a_group_that_does_not_exist_is_not_found(client: Client, group: dict[str, str]) -> None:
    reply = client.call("POST", DEVICES, {"id": URN, "group": group})
    assert (reply.status, reply.code) == (404, "DM_GROUP_NOT_FOUND")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", "temp001"),
        ("id", "urn:lo:nsid:a b:c"),
        ("id", "urn:lo:nsid:sensor:" + "x" * 129),
        ("id", URN + "\n"),
        ("id", "urn:lo:nsid:sénsor:x"),
        ("id", 7),
        ("name", "n" * 256),
        ("description", "d" * 501),
        ("tags", ["t" * 33]),
        ("tags", "demo"),
        ("properties", {"p" * 129: "v"}),
        ("properties", {"p": "v" * 257}),
        ("properties", {"a.b": "v"}),
        ("properties", {"$a": "v"}),
        ("properties", {"_class": "v"}),
        ("properties", {"a": 1}),
        ("defaultDataStreamId", ""),
        ("defaultDataStreamId", "has blank"),
        ("defaultDataStreamId", "a;b"),
        ("staticLocation", {"lat": 91, "lon": 0}),
        ("staticLocation", {"lat": 1}),
        ("interfaces", {}),
        ("interfaces", [{"connector": "mqtt", "definition": {"clientId": "has blank"}}]),
        ("interfaces", [{"connector": "mqtt", "enabled": "yes", "definition": {"clientId": "x"}}]),
    ],
)
def test_a_field_out_of_its_bounds_is_named(client: Client, field: str, value: Any) -> None:
    reply = client.call("POST", DEVICES, {"id": URN, field: value})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert field in reply.body["message"] or "clientId" in reply.body["message"]


def test_the_longest_id_has_two_parts_of_128_characters(client: Client) -> None:
    longest = f"urn:lo:nsid:{'n' * 128}:{'i' * 128}"
    assert client.call("POST", DEVICES, {"id": longest}).status == 200
    assert client.get(f"{DEVICES}/{longest}").body["id"] == longest


def test_a_patch_changes_what_it_names_and_nothing_else(client: Client) -> None:
    client.call("POST", DEVICES, {"id": URN, "name": "old", "tags": ["a"], "properties": {"k": "v"}})
    client.ports.clock.advance(seconds=1)
    reply = client.call("PATCH", f"{DEVICES}/{URN}", {"id": URN, "name": "new", "staticLocation": {"lat": 1, "lon": 2}})
    assert reply.status == 200
    assert (reply.body["name"], reply.body["tags"], reply.body["properties"]) == ("new", ["a"], {"k": "v"})
    assert reply.body["staticLocation"] == {"lat": 1.0, "lon": 2.0}
    assert reply.body["updated"] == "2027-01-15T08:00:01.000Z"


@pytest.mark.parametrize("body", [{}, {"id": f"{URN}b"}, {"name": "x"}])
def test_a_patch_names_the_device_that_it_changes(client: Client, device: str, body: Any) -> None:
    reply = client.call("PATCH", device, body)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_a_deleted_device_is_gone(client: Client, device: str) -> None:
    reply = client.call("DELETE", device)
    assert (reply.status, reply.raw) == (204, b"")
    assert client.get(device).code == "DM_DEVICE_NOT_FOUND"
    assert client.call("DELETE", device).status == 404


@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_a_device_that_is_not_registered_is_not_found(client: Client, method: str) -> None:
    reply = client.call(method, f"{DEVICES}/{URN}", {"id": URN} if method == "PATCH" else None)
    assert (reply.status, reply.code) == (404, "DM_DEVICE_NOT_FOUND")


def test_an_id_arrives_percent_encoded_as_well(client: Client, device: str) -> None:
    assert client.get(device.replace(URN, URN.replace(":", "%3A"))).status == 200


def test_a_list_shows_id_name_group_and_tags(client: Client) -> None:
    registered(client, 1, name="one", tags=["x"], description="hidden")
    group = {"id": "root", "path": "/"}
    assert client.get(DEVICES).body == [{"id": "urn:lo:nsid:n:001", "name": "one", "tags": ["x"], "group": group}]


def test_a_list_shows_the_fields_that_were_asked_for(client: Client) -> None:
    registered(client, 1, name="one", interfaces=[MQTT])
    (shown,) = client.get(DEVICES, fields="name,interfaces,created").body
    assert set(shown) == {"id", "name", "interfaces", "created"}


def test_a_list_is_paged_by_offset_and_counted_when_asked(client: Client) -> None:
    registered(client, *range(25))
    reply = client.call("GET", DEVICES, headers={"X-Total-Count": "true"}, limit=3, offset=20, sort="-id")
    assert [d["id"][-3:] for d in reply.body] == ["004", "003", "002"]
    assert reply.headers["X-Total-Count"] == "25"
    assert len(client.get(DEVICES).body) == 20
    assert "X-Total-Count" not in client.get(DEVICES).headers


def test_a_list_goes_on_after_a_bookmark(client: Client) -> None:
    registered(client, *range(250))
    seen: list[str] = []
    while page := client.get(DEVICES, limit=60, **({"bookmarkId": seen[-1]} if seen else {})).body:
        seen += [device["id"] for device in page]
    assert seen == [f"urn:lo:nsid:n:{number:03d}" for number in range(250)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"id": "urn:lo:nsid:n:002"}, [2]),
        ({"name": "mySensor*"}, [1, 2]),
        ({"name": "*2"}, [2]),
        ({"name": "*other*"}, [3]),
        ({"name": "mySensor1"}, [1]),
        ({"tags": "a"}, [1, 2]),
        ({"tags": "a,b"}, [2]),
        ({"tags": ["a", "b"]}, [2]),
        ({"connectors": "mqtt"}, [3]),
        ({"connectors": "-mqtt"}, [1, 2]),
        ({"connectors": "none"}, [1, 2]),
        ({"groupId": "root"}, [1, 2, 3]),
        ({"groupPath": "/france/*"}, []),
        ({"groupPath": "/*"}, [1, 2, 3]),
        ({"interfaces.nodeId": "mydevice_001"}, [3]),
        ({"interfaces.enabled": "false"}, []),
        ({"property.temperature": "25"}, [2]),
    ],
)
def test_a_list_is_filtered(client: Client, query: dict[str, Any], found: list[int]) -> None:
    registered(client, 1, name="mySensor1", tags=["a"])
    registered(client, 2, name="mySensor2", tags=["a", "b"], properties={"temperature": "25"})
    registered(client, 3, name="another", interfaces=[MQTT])
    reply = client.call("GET", DEVICES, headers={"X-Total-Count": "true"}, **query)
    assert [int(device["id"][-3:]) for device in reply.body] == found
    assert reply.headers["X-Total-Count"] == str(len(found))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "1001"),
        ("limit", "many"),
        ("offset", "-1"),
        ("offset", "10001"),
        ("sort", "birthday"),
        ("fields", "secret"),
        ("filterQuery", "tags=="),
        ("interfaces.status", "AWAY"),
        ("interfaces.enabled", "perhaps"),
    ],
)
def test_a_list_parameter_that_is_not_understood_is_refused_by_name(client: Client, name: str, value: str) -> None:
    reply = client.get(DEVICES, **{name: value})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert name in reply.body["message"]


def test_the_configuration_that_was_reported_is_among_the_fields(client: Client, device: str) -> None:
    client.call("POST", f"{device}/config", {"parameters": {"p": {"type": "INT32", "value": 1}}})
    assert client.get(DEVICES, fields="config").body == [{"id": URN, "config": {}}]


def test_a_list_too_big_for_one_answer_is_refused(client: Client) -> None:
    properties = {f"{n:0128d}": "x" * 256 for n in range(100)}
    registered(client, *range(140), properties=properties)
    reply = client.get(DEVICES, limit=200, fields="properties")
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert "fewer" in reply.body["message"]
    assert len(client.get(DEVICES, limit=100, fields="properties").body) == 100


class Counted:
    """A port that notes which of its methods are called."""

    def __init__(self, port: Any, name: str, calls: list[str]) -> None:
        self._port, self._name, self._calls = port, name, calls

    def __getattr__(self, method: str) -> Any:
        self._calls.append(f"{self._name}.{method}")
        return getattr(self._port, method)


def test_reading_a_device_costs_four_reads_beside_the_key(client: Client, device: str) -> None:
    calls: list[str] = []
    for name, port in vars(client.ports).items():
        if name not in ("clock", "random"):
            setattr(client.ports, name, Counted(port, name, calls))
    assert client.get(device).status == 200
    around = ["configurations.get", "mailboxes.get", "resources.get"]
    assert calls[-6:] == ["keys.get", "tenants.settings", "devices.get", *around]
