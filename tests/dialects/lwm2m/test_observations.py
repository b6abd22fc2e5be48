"""Observations and what devices tell by themselves (manual 7.8.7 to 7.8.11)."""

import json
from collections.abc import Mapping
from typing import Any

import cbor2
import pytest

from chalicelib.triggers import deadlines
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import ENDPOINT, URN, Endpoint, content

pytestmark = pytest.mark.row("F6")
SECOND = 1000
RULES = "/api/v1/deviceMgt/twin/data/rules"
STREAM = f"/api/v0/data/streams/{URN}"
TEXT, SENML_JSON, SENML_CBOR, TLV = 0, 110, 112, 11542


@pytest.fixture
def observations(device: str) -> str:
    return f"{device}/twin/observations"


def observe(client: Client, observations: str, *paths: str) -> str:
    client.ports.clock.at += 1
    reply = client.call("POST", observations, {"paths": list(paths), "name": "mine"})
    assert reply.status == 201, reply.raw
    assert reply.body["status"] == "PENDING"
    return str(reply.body["id"])


def status(client: Client, observations: str, observation: str) -> str:
    return str(client.call("GET", f"{observations}/{observation}").body["status"])


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


def test_a_device_observes_and_notifies(client: Client, device: str, endpoint: Endpoint, observations: str) -> None:
    rule(client)
    endpoint.register()
    observation = observe(client, observations, "/3303/0/5700")
    assert client.ports.coaps.woken == [endpoint.principal]
    endpoint.answers["GET /3303/0/5700"] = content(b"20.5", TEXT, observing=True)
    endpoint.work()
    asked = endpoint.asked[0]
    assert (asked["observe"], len(bytes.fromhex(asked["token"]))) == (0, 8)
    assert status(client, observations, observation) == "OBSERVING"
    # the first answer shows, and is no message: nobody told anything
    assert value(client, device, "/3303/0/5700") == "20.5"
    assert messages(client) == []
    assert endpoint.notify(asked["token"], b"21.25", TEXT)
    assert value(client, device, "/3303/0/5700") == "21.25"
    (message,) = messages(client)
    assert message["value"] == {"temperature": {"0": {"sensorValue": 21.25}}}
    assert message["model"] == "twin_json"
    assert message["metadata"] == {
        "source": URN,
        "group": {"id": "root", "path": "/"},
        "connector": "lwm2m",
        "network": {"lwm2m": {"ep": ENDPOINT}},
    }
    assert not endpoint.notify("00" * 8, b"1", TEXT)


@pytest.mark.parametrize(
    ("answer", "state", "again"),
    [
        (content(b"1", TEXT, observing=True), "OBSERVING", False),
        (content(b"1", TEXT), "FAILED", False),
        ({"code": "4.04"}, "FAILED", False),
        ({"silence": "REJECTED"}, "FAILED", False),
        ({"code": "5.03"}, "PENDING", True),
        ({"silence": "UNACKNOWLEDGED"}, "PENDING", True),
        ({"silence": "UNANSWERED"}, "PENDING", True),
    ],
)
def test_what_becomes_of_an_observation(
    client: Client,
    endpoint: Endpoint,
    observations: str,
    answer: Mapping[str, Any],
    state: str,
    again: bool,  # noqa: FBT001
) -> None:
    endpoint.register()
    observation = observe(client, observations, "/3/0/9")
    endpoint.answers["GET /3/0/9"] = answer
    endpoint.work()
    assert status(client, observations, observation) == state
    endpoint.work(awaited=True)
    assert len(endpoint.asked) == 1
    endpoint.update()
    endpoint.work(awaited=True)
    assert len(endpoint.asked) == 1 + again
    # a registration knows of nothing: all are sent again, whatever they were, and under another token
    endpoint.register()
    assert status(client, observations, observation) == "PENDING"
    endpoint.work(awaited=True)
    assert len(endpoint.asked) == 2 + again
    assert len({asked["token"] for asked in endpoint.asked}) == len(endpoint.asked)


def test_an_observation_is_tried_five_times(client: Client, endpoint: Endpoint, observations: str) -> None:
    endpoint.register()
    observation = observe(client, observations, "/3/0/9")
    endpoint.answers["GET /3/0/9"] = {"code": "5.00"}
    for number in range(1, 8):
        endpoint.work(awaited=True)
        assert len(endpoint.asked) == min(number, 5)
        assert status(client, observations, observation) == ("PENDING" if number < 5 else "FAILED")
        endpoint.update()


@pytest.mark.parametrize("how", ["deregister", "lifetime"])
def test_a_device_that_goes_observes_nothing(client: Client, endpoint: Endpoint, observations: str, how: str) -> None:
    endpoint.register()
    observation = observe(client, observations, "/3/0/9")
    endpoint.answers["GET /3/0/9"] = content(b"1", TEXT, observing=True)
    endpoint.work()
    token = endpoint.asked[0]["token"]
    if how == "deregister":
        endpoint.deregister()
    else:
        client.ports.clock.at += 300 * SECOND
        deadlines.sweep(client.ports)
    assert status(client, observations, observation) == "PENDING"
    assert not endpoint.notify(token, b"2", TEXT)


def test_what_a_device_ends_with_an_error_is_sent_again_after_its_next_update(
    client: Client, endpoint: Endpoint, observations: str
) -> None:
    endpoint.register()
    observation = observe(client, observations, "/3/0/9")
    endpoint.answers["GET /3/0/9"] = content(b"1", TEXT, observing=True)
    endpoint.work()
    assert endpoint.notify(endpoint.asked[0]["token"], b"", None, code="4.04")
    assert status(client, observations, observation) == "PENDING"
    endpoint.update()
    endpoint.work(awaited=True)
    assert status(client, observations, observation) == "OBSERVING"


@pytest.mark.parametrize("awake", [True, False])
def test_an_observation_is_ended(client: Client, endpoint: Endpoint, observations: str, awake: bool) -> None:  # noqa: FBT001 - a case
    endpoint.register("</3/0>", "Q", lifetime=86_400)
    observation = observe(client, observations, "/3/0/9")
    endpoint.answers["GET /3/0/9"] = content(b"1", TEXT, observing=True)
    endpoint.work()
    token = endpoint.asked[0]["token"]
    if not awake:
        client.ports.clock.at += 100 * SECOND
    assert client.call("DELETE", f"{observations}/{observation}").status == 204
    assert client.call("GET", f"{observations}/{observation}").code == "DM_TWIN_OBSERVATION_NOT_FOUND"
    assert client.call("DELETE", f"{observations}/{observation}").status == 404
    assert client.call("GET", observations).body == []
    endpoint.work()
    if awake:
        assert (endpoint.asked[-1]["observe"], endpoint.asked[-1]["token"]) == (1, token)
    else:
        assert len(endpoint.asked) == 1
    assert not endpoint.notify(token, b"2", TEXT)


def test_observations_go_before_operations_the_oldest_first(
    client: Client, device: str, endpoint: Endpoint, observations: str
) -> None:
    client.call("POST", f"{device}/twin/operations", {"type": "READ", "paths": ["/3/0/1"]})
    observe(client, observations, "/3/0/9")
    observe(client, observations, "/6/0")
    endpoint.register()
    endpoint.work(awaited=True)
    assert [asked["path"] for asked in endpoint.asked] == [["3", "0", "9"], ["6", "0"], ["3", "0", "1"]]


def test_an_observation_of_several_paths_is_a_composite_one(
    client: Client, device: str, endpoint: Endpoint, observations: str
) -> None:
    rule(client)
    endpoint.register()
    observe(client, observations, "/3/0/9", "/3303")
    first = json.dumps([{"n": "/3/0/9", "v": 50}, {"n": "/3303/1/5700", "v": 3}]).encode()
    endpoint.answers["FETCH /"] = content(first, SENML_JSON, observing=True)
    endpoint.work()
    assert (endpoint.asked[0]["method"], endpoint.asked[0]["observe"]) == ("FETCH", 0)
    assert value(client, device, "/3303/1/5700") == "3.0"
    told = cbor2.dumps([{0: "/3/0/9", 2: 49}])
    assert endpoint.notify(endpoint.asked[0]["token"], told, SENML_CBOR)
    assert messages(client)[0]["value"] == {"device": {"0": {"batteryLevel": 49}}}
    # what was not asked for is not taken
    assert endpoint.notify(endpoint.asked[0]["token"], cbor2.dumps([{0: "/1/0/1", 2: 49}]), SENML_CBOR)
    old = Endpoint(client)
    old.connect()
    old.register(version="1.0")
    old.work(awaited=True)
    (found,) = client.call("GET", observations).body
    assert found["status"] == "FAILED"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"paths": []},
        {"paths": ["/"]},
        {"paths": ["/0/0"]},
        {"paths": ["3"]},
        {"paths": [f"/3/0/{n}" for n in range(11)]},
        {"paths": ["/3"], "name": "n" * 256},
    ],
)
def test_what_an_observation_has_to_say(client: Client, observations: str, body: dict[str, Any]) -> None:
    assert client.call("POST", observations, body).code == "GENERIC_INVALID_PARAMETER_ERROR"


def test_observations_are_bounded_and_each_path_is_observed_once(client: Client, observations: str) -> None:
    for number in range(50):
        observe(client, observations, f"/3303/{number}")
    assert client.call("POST", observations, {"paths": ["/3303/0"]}).status == 409
    assert client.call("POST", observations, {"paths": ["/3"]}).status == 403
    assert len(client.call("GET", observations).body) == 50
