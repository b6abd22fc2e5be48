"""What devices send by themselves, what becomes of it, and the twin that shows it (manual 7.8.5, 7.8.9 to 7.8.11)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import cbor2
import pytest

from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.lwm2m.rig import URN, Endpoint, provision

pytestmark = pytest.mark.row("F2")
SECOND = 1000
RULES = "/api/v1/deviceMgt/twin/data/rules"
STREAM = f"/api/v0/data/streams/{URN}"
TEXT, SENML_JSON, SENML_CBOR, TLV = 0, 110, 112, 11542


def messages(client: Client) -> list[Mapping[str, Any]]:
    """The oldest first."""
    return list(reversed(client.call("GET", STREAM).body))


def rule(client: Client, *paths: str) -> str:
    reply = client.call("POST", RULES, {"name": "all", "type": "PASSTHROUGH", "paths": list(paths or ("/",))})
    assert reply.status == 201, reply.raw
    return str(reply.body["id"])


def value(client: Client, device: str, path: str) -> str | None:
    _, object_, instance, resource = path.split("/")
    found = client.call("GET", f"{device}/twin/objects/{object_}/{instance}").body["attributes"]
    shown = {each["pathSegment"]: each for each in found}
    return str(shown[resource]["content"]["reportedValue"]) if resource in shown else None


# -- what devices send


def send(endpoint: Endpoint, records: Sequence[Mapping[Any, Any]], format: int = SENML_JSON) -> str:  # noqa: A002 - the standard's word
    raw = json.dumps(records).encode() if format == SENML_JSON else cbor2.dumps(records)
    return str(endpoint.send("POST", ["dp"], raw, format=format)["code"])


@pytest.mark.row("F7")
def test_a_device_sends_and_its_values_become_messages_by_their_times(
    client: Client, device: str, endpoint: Endpoint
) -> None:
    rule(client, "/3303", "/6")
    endpoint.register()
    now = client.ports.clock.at // 1000
    records = [
        {"bn": "/3303/0/", "bt": now - 60, "n": "5700", "v": 20},
        {"n": "5700", "v": 21, "t": 30},
        {"bn": "/3/0/", "n": "9", "v": 77},
    ]
    assert send(endpoint, records) == "2.04"
    assert [(each["timestamp"][11:19], each["value"]) for each in messages(client)] == [
        ("07:59:00", {"temperature": {"0": {"sensorValue": 20.0}}}),
        ("07:59:30", {"temperature": {"0": {"sensorValue": 21.0}}}),
    ]
    assert value(client, device, "/3303/0/5700") == "21.0"
    assert value(client, device, "/3/0/9") == "77"
    # the same event once more changes nothing; an older value takes the place of none
    assert send(endpoint, [{"n": "/3303/0/5700", "v": 1, "t": now - 3600}]) == "2.04"
    assert value(client, device, "/3303/0/5700") == "21.0"
    assert len(messages(client)) == 3


@pytest.mark.parametrize("ahead", [1, 600, 23 * 3600])
def test_a_clock_that_was_ahead_hides_nothing_that_follows(
    client: Client, device: str, endpoint: Endpoint, ahead: int
) -> None:
    rule(client, "/3303")
    endpoint.register()
    now = client.ports.clock.at // 1000
    early = [{"n": "/3303/0/5700", "v": v, "t": now + ahead - back} for v, back in ((20, 1), (21, 0), (19, 2))]
    assert send(endpoint, early) == "2.04"
    assert value(client, device, "/3303/0/5700") == "21.0"
    assert send(endpoint, [{"n": "/3303/0/5700", "v": 22}]) == "2.04"
    assert value(client, device, "/3303/0/5700") == "22.0"
    client.ports.clock.at += SECOND
    assert send(endpoint, [{"n": "/3303/0/5700", "v": 23, "t": now + 1}]) == "2.04"
    assert value(client, device, "/3303/0/5700") == "23.0"
    assert send(endpoint, [{"n": "/3303/0/5700", "v": 1, "t": now - 1}]) == "2.04"
    assert value(client, device, "/3303/0/5700") == "23.0"
    assert len(messages(client)) >= 5


def test_every_type_is_told_as_such(client: Client, device: str, endpoint: Endpoint) -> None:
    rule(client)
    endpoint.register()
    records: list[dict[int, Any]] = [
        {0: "/3/0/0", 3: "Acme"},
        {0: "/3/0/9", 2: 44},
        {0: "/3/0/11/0", 2: 0},
        {0: "/3/0/13", 2: 1649678638},
        {0: "/5/0/0", 8: b"\x00\xff"},
        {0: "/1/0/6", 4: True},
        {0: "/29999/0/1", 2: 7},
    ]
    assert send(endpoint, records, SENML_CBOR) == "2.04"
    assert messages(client)[0]["value"] == {
        "device": {
            "0": {
                "manufacturer": "Acme",
                "batteryLevel": 44,
                "errorCode": {"0": 0},
                "currentTime": "2022-04-11T12:03:58Z",
            }
        },
        "firmwareUpdate": {"0": {"package": "AP8="}},
        "lwM2MServer": {"0": {"notificationStoringWhenDisabledOrOffline": True}},
        "29999": {"0": {"1": 7}},
    }
    assert value(client, device, "/3/0/13") == "1649678638"
    shown = client.call("GET", f"{device}/twin/objects/3", expand=1).body["instances"][0]["attributes"]
    assert next(each for each in shown if each["pathSegment"] == "11")["contents"][0]["path"] == "/3/0/11/0"


def test_a_place_that_was_told_is_the_messages_own(client: Client, endpoint: Endpoint) -> None:
    rule(client)
    endpoint.register()
    place = [{"bn": "/6/0/", "n": "0", "v": 48.5}, {"n": "1", "v": 2.25}, {"n": "2", "v": 100}, {"n": "3", "v": 5}]
    assert send(endpoint, place) == "2.04"
    assert messages(client)[0]["location"] == {"lat": 48.5, "lon": 2.25, "alt": 100.0, "accuracy": 5.0}
    client.ports.clock.at += SECOND
    assert send(endpoint, [{"n": "/6/0/0", "v": 49}]) == "2.04"
    assert messages(client)[1]["location"] == {"lat": 49.0, "lon": 2.25}
    client.ports.clock.at += SECOND
    assert send(endpoint, [{"n": "/6/0/0", "v": 490}]) == "2.04"
    assert "location" not in messages(client)[2]


@pytest.mark.parametrize(
    ("payload", "format_", "code"),
    [
        (b"[]", SENML_JSON, "2.04"),
        (b"{", SENML_JSON, "4.00"),
        (b"\xff", SENML_CBOR, "4.00"),
        (b"1", TEXT, "4.15"),
        (b"", None, "4.15"),
        (json.dumps([{"n": "/3", "v": 1}]).encode(), SENML_JSON, "4.00"),
        (json.dumps([{"n": "/3303/0/5700", "vs": "warm"}, {"n": "/3/0/9", "v": 5}]).encode(), SENML_JSON, "2.04"),
    ],
)
def test_what_a_report_has_to_be(
    client: Client, endpoint: Endpoint, payload: bytes, format_: int | None, code: str
) -> None:
    assert endpoint.send("POST", ["dp"], payload, format=SENML_JSON)["code"] == "4.04"
    endpoint.register()
    before = len(client.ports.audit.rows)
    assert endpoint.send("POST", ["dp"], payload, format=format_)["code"] == code
    refused = not code.startswith("2") or b"warm" in payload
    assert len(client.ports.audit.rows) == before + refused


def test_a_device_that_says_too_much_is_told_to_wait(client: Client, endpoint: Endpoint) -> None:
    endpoint.register()
    codes = [send(endpoint, [{"n": "/3/0/9", "v": 1}]) for _ in range(120)]
    assert codes.count("2.04") == 99
    assert endpoint.send("POST", ["dp"], b"[]", format=SENML_JSON)["maxAge"] == 10
    client.ports.clock.at += 10 * SECOND
    assert send(endpoint, [{"n": "/3/0/9", "v": 1}]) == "2.04"


def test_what_nobody_serves_is_not_found(endpoint: Endpoint) -> None:
    assert endpoint.send("GET", ["well-known", "core"])["code"] == "4.04"
    assert endpoint.send("POST", [])["code"] == "4.04"
    assert endpoint.send("GET", ["rd"])["code"] == "4.05"
    assert endpoint.send("PUT", ["rd", "1"])["code"] == "4.05"
    assert endpoint.send("GET", ["dp"])["code"] == "4.05"
    assert endpoint.send("POST", ["rd", "1", "2"])["code"] == "4.04"


# -- rules


def test_there_is_one_rule(client: Client) -> None:
    made = rule(client, "/3303/")
    assert client.call("POST", RULES, {"name": "b", "type": "PASSTHROUGH", "paths": ["/"]}).status == 403
    assert client.call("GET", f"{RULES}/{made}").body["paths"] == ["/3303"]
    changed = client.call("PUT", f"{RULES}/{made}", {"name": "c", "type": "PASSTHROUGH", "paths": ["/3/0"]}).body
    assert (changed["id"], changed["name"], changed["paths"]) == (made, "c", ["/3/0"])
    assert client.call("GET", RULES).body == [changed]
    other = Client(client.ports, "other")
    assert other.call("GET", RULES).body == []
    assert other.call("DELETE", f"{RULES}/{made}").code == "DM_TWIN_DATA_RULE_NOT_FOUND"
    assert client.call("DELETE", f"{RULES}/{made}").status == 204
    assert client.call("GET", f"{RULES}/{made}").status == 404
    for body in ({"name": "", "type": "PASSTHROUGH", "paths": ["/"]}, {"name": "a", "type": "X", "paths": ["/"]}):
        assert client.call("POST", RULES, body).status == 400


def test_without_a_rule_the_twin_alone_knows(client: Client, device: str, endpoint: Endpoint) -> None:
    endpoint.register()
    assert send(endpoint, [{"n": "/3/0/9", "v": 5}]) == "2.04"
    assert value(client, device, "/3/0/9") == "5"
    assert messages(client) == []


# -- the twin


@pytest.mark.row("F4")
def test_what_a_device_announced_is_its_twin(client: Client, device: str, endpoint: Endpoint) -> None:
    links = '</>;rt="oma.lwm2m",</1>;ver=1.1,</1/0>,</1/1>,</3/0>,</5>;ver="1.1",</0/0>,</29999/0>'
    endpoint.register(links)
    twin = f"{device}/twin"
    assert client.call("GET", f"{twin}/supported-objects").body == [
        "urn:oma:lwm2m:oma:1:1.1",
        "urn:oma:lwm2m:oma:3",
        "urn:oma:lwm2m:oma:5:1.1",
        "urn:oma:lwm2m:x:29999",
    ]
    found = client.call("GET", f"{twin}/objects", expand=1).body
    assert found["children"][0] == {
        "objectDefinitionId": "urn:oma:lwm2m:oma:1:1.1",
        "path": "/1",
        "instances": [
            {"objectDefinitionId": "urn:oma:lwm2m:oma:1:1.1", "path": "/1/0"},
            {"objectDefinitionId": "urn:oma:lwm2m:oma:1:1.1", "path": "/1/1"},
        ],
    }
    assert [each["path"] for each in found["children"]] == ["/1", "/3", "/29999"]
    assert client.call("GET", f"{twin}/objects").body["children"][1] == {
        "objectDefinitionId": "urn:oma:lwm2m:oma:3",
        "path": "/3",
    }
    for missing in ("objects/5", "objects/4", "objects/3/1"):
        assert client.call("GET", f"{twin}/{missing}").code == "DM_TWIN_OBJECT_NOT_FOUND"
    for wrong in ("objects/x", "objects/65535"):
        assert client.call("GET", f"{twin}/{wrong}").status == 400
    for expand in ("2", "yes"):
        assert client.call("GET", f"{twin}/objects", expand=expand).status == 400
        assert client.call("GET", f"{twin}/objects/3", expand=expand).status == 400


def test_a_twin_outlives_the_connection_and_loses_what_the_device_does(
    client: Client, device: str, endpoint: Endpoint
) -> None:
    endpoint.register("</3/0>,</3303/0>,</3303/1>,</6/0>")
    send(
        endpoint,
        [
            {"n": "/3303/0/5700", "v": 1},
            {"n": "/3303/1/5700", "v": 2},
            {"n": "/6/0/0", "v": 3},
            {"n": "/3/0/9", "v": 4},
        ],
    )
    endpoint.deregister()
    assert value(client, device, "/3303/1/5700") == "2.0"
    endpoint.register("</3/0>,</3303/1>")
    assert value(client, device, "/3303/1/5700") == "2.0"
    assert value(client, device, "/3/0/9") == "4"
    assert client.call("GET", f"{device}/twin/objects/3303/0").status == 404
    endpoint.update(links="</3/0>,</3303/0>,</3303/1>,</6/0>")
    assert value(client, device, "/3303/0/5700") is None
    assert value(client, device, "/6/0/0") is None
    # whoever has the name next begins with nothing
    client.call("DELETE", device)
    assert not any(record.kind.startswith("twin/") for record in client.ports.records.rows.values())
    provision(client)
    assert client.call("GET", f"{DEVICES}/{URN}/twin/supported-objects").body == []
