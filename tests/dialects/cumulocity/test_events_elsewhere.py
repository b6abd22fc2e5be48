"""What devices of other dialects say without numbers is seen as events (reference, "Events")."""

from typing import Any

import pytest

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, message_id
from tests.dialects.cumulocity.bayeux_client import REALTIME, Poller
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.test_elsewhere import registered

pytestmark = pytest.mark.row("G6", "J2")
PATH, MEASUREMENTS = "/event/events", "/measurement/measurements"
URN = "urn:lo:nsid:told:one"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    return registered(client, URN)


def say(client: Client, value: Any, model: str | None = "room", urn: str = URN) -> DataMessage:
    at = client.ports.clock.advance(ms=1)
    id_ = message_id(at, at, f"event-{at}")
    sent = DataMessage(client.tenant.id, id_, urn, at, at, value, model, metadata={"source": urn, "connector": "mqtt"})
    messages.store(client.ports, sent, device=urn)
    return sent


def listed(client: Client, **query: Any) -> list[dict[str, Any]]:
    reply = client.get(PATH, **{"pageSize": 100, **query})
    assert reply.status == 200, reply.raw
    return list(reply.body["events"])


def own(client: Client, device: str, **more: Any) -> Any:
    said = {"source": {"id": device}, "type": "own", "text": "own", "time": "2026-01-02T03:04:05Z"}
    return client.made(PATH, {**said, **more})


@pytest.mark.parametrize(
    ("value", "text", "fragment"),
    [
        ({"door": "open"}, "open", {"door": "open"}),
        ({"a": {"b": [True, {"c": "deep"}]}, "z": "later"}, "deep", {"a": {"b": [True, {"c": "deep"}]}, "z": "later"}),
        ({"empty": "  ", "z": "said"}, "said", {"empty": "  ", "z": "said"}),
        ({"open": True}, '{"open": true}', {"open": True}),
        ([1, 2], "[1, 2]", [1, 2]),
        ("plain", "plain", None),
        ("été", "été", None),
        (False, "false", None),
        (None, "room", None),
        ({}, "room", None),
        ("", "room", None),
    ],
    ids=str,
)
def test_it_is_an_event_with_its_first_text(client: Client, device: str, value: Any, text: str, fragment: Any) -> None:
    say(client, value)
    (found,) = listed(client, source=device)
    assert (found["type"], found["text"], found.get("room")) == ("room", text, fragment)
    assert (found["source"]["id"], found["creationTime"]) == (device, found["lastUpdated"])
    assert client.get(f"{PATH}/{found['id']}").body == found


def test_without_a_model_it_has_the_type_of_its_measurements(client: Client, device: str) -> None:
    say(client, {"door": "open"}, None)
    (found,) = listed(client, source=device, type="homeport_Data")
    assert (found["type"], found["homeport_Data"]) == ("homeport_Data", {"door": "open"})


def test_a_model_may_be_called_as_what_every_event_has(client: Client, device: str) -> None:
    for model in ("text", "source", "id", "type"):
        say(client, {"door": model}, model)
    assert [(one["type"], one["text"], one["source"]["id"]) for one in listed(client, source=device)] == [
        (model, model, device) for model in ("type", "id", "source", "text")
    ]


def test_a_long_text_is_shortened(client: Client, device: str) -> None:
    say(client, {"log": "x" * 20_000})
    (found,) = listed(client, source=device)
    assert (len(found["text"]), len(found["room"]["log"])) == (10_000, 20_000)


def test_each_message_is_either_a_measurement_or_an_event(client: Client, device: str) -> None:
    say(client, {"t": 21, "said": "warm"})
    say(client, {"said": "hello"})
    client.made(
        MEASUREMENTS, {"source": {"id": device}, "time": "2026-01-02T03:04:05Z", "type": "bare", "a": {"b": "c"}}
    )
    assert [one["text"] for one in listed(client, source=device)] == ["hello"]
    found = client.get(MEASUREMENTS, source=device, pageSize=10).body["measurements"]
    assert {one["type"] for one in found} == {"room", "bare"}
    for one in found:
        assert client.get(f"{PATH}/{one['id']}").status == 404


def test_it_is_found_by_type_fragment_and_time_among_others(client: Client, device: str) -> None:
    own(client, device, own_Fragment={"a": 1})
    say(client, {"door": "open"}, "door")
    say(client, {"window": "shut"}, "window")
    for query, texts in (
        ({}, ["shut", "open", "own"]),
        ({"type": "door"}, ["open"]),
        ({"fragmentType": "window"}, ["shut"]),
        ({"fragmentType": "own_Fragment"}, ["own"]),
        ({"dateTo": "2026-01-03"}, ["own"]),
    ):
        assert sorted(one["text"] for one in listed(client, source=device, **query)) == sorted(texts)
    paged = [one["text"] for page in (1, 2, 3) for one in listed(client, source=device, pageSize=1, currentPage=page)]
    assert sorted(paged) == ["open", "own", "shut"]


def test_it_is_told_in_real_time(client: Client, device: str) -> None:
    events, measured = (Poller(client, REALTIME).listening(f"/{kind}/{device}") for kind in ("events", "measurements"))
    say(client, {"door": "open"})
    say(client, {"t": 21})
    (told,) = events.told()
    assert (told["data"]["realtimeAction"], told["data"]["data"]) == ("CREATE", listed(client, source=device)[0])
    (other,) = measured.told()
    assert other["data"]["data"]["room"] == {"t": {"value": 21}}


def test_it_stays_as_it_is(client: Client, device: str) -> None:
    sent = say(client, {"door": "open"})
    (found,) = listed(client, source=device)
    one = f"{PATH}/{found['id']}"
    for body in ({"text": "shut"}, {**found, "new": 1}):
        refused = client.call("PUT", one, body)
        assert (refused.status, refused.message) == (
            422,
            "what came by another dialect, or is no event, stays as it is",
        )
    assert client.call("POST", f"{one}/binaries", {"a": 1}).status == 422
    assert client.get(f"{one}/binaries").status == 404
    assert client.ports.messages.get(client.tenant.id, sent.stream, sent.id) == sent


def test_it_can_be_deleted(client: Client, device: str) -> None:
    say(client, {"door": "open"})
    (found,) = listed(client, source=device)
    assert client.call("DELETE", f"{PATH}/{found['id']}").status == 204
    assert listed(client, source=device) == []
    assert client.get(f"{PATH}/{found['id']}").status == 404


@pytest.mark.parametrize(
    ("query", "left"),
    [
        ({}, []),
        ({"type": "door"}, ["own", "shut"]),
        ({"fragmentType": "window"}, ["open", "own"]),
        ({"dateTo": "2026-01-03"}, ["open", "shut"]),
    ],
    ids=str,
)
def test_many_are_deleted_and_no_measurement(
    client: Client, device: str, query: dict[str, Any], left: list[str]
) -> None:
    own(client, device)
    say(client, {"door": "open"}, "door")
    say(client, {"window": "shut"}, "window")
    say(client, {"t": 21})
    assert client.call("DELETE", PATH, source=device, **query).status == 204
    client.ports.clock.advance(ms=1)
    assert sorted(one["text"] for one in listed(client, source=device)) == left
    assert len(client.get(MEASUREMENTS, source=device).body["measurements"]) == 1


def test_another_tenant_sees_none(client: Client, device: str) -> None:
    say(client, {"door": "open"})
    (found,) = listed(client, source=device)
    other = Client(client.ports, "other")
    number = registered(other, "urn:lo:nsid:told:two")
    assert listed(other, source=number) == []
    assert other.get(f"{PATH}/{found['id']}").status == 404
    assert other.call("DELETE", f"{PATH}/{found['id']}").status == 404
