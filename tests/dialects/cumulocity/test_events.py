"""Events (reference, "Events")."""

from typing import Any

import pytest

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, message_id
from tests.dialects.cumulocity.client import Client

pytestmark = pytest.mark.row("G6")
OBJECTS, PATH = "/inventory/managedObjects", "/event/events"
AT = "2013-07-19T09:07:22.598+02:00"


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def device(client: Client) -> str:
    return str(client.made(OBJECTS, {"name": "Tracker", "c8y_IsDevice": {}})["id"])


def event(source: str, **changes: Any) -> dict[str, Any]:
    return {"source": {"id": source}, "type": "located", "text": "Location updated", "time": AT, **changes}


def listed(client: Client, **query: Any) -> str:
    reply = client.get(PATH, **{"pageSize": 100, **query})
    assert reply.status == 200, reply.raw
    return "".join(one["text"] for one in reply.body["events"])


def test_what_is_made_is_there_as_it_was_said(client: Client, device: str) -> None:
    reply = client.call("POST", PATH, event(device, c8y_Position={"alt": 73.9, "lng": 6.151782}))
    assert reply.status == 201
    found = client.get(f"{PATH}/{reply.body['id']}").body
    assert found == reply.body
    assert (found["time"], found["c8y_Position"]["alt"]) == ("2013-07-19T07:07:22.598Z", 73.9)
    assert (found["source"]["id"], found["type"], found["text"]) == (device, "located", "Location updated")
    assert reply.headers["Location"] == found["self"]
    assert client.call("POST", f"{PATH}/", event(device), accept=None).raw == b""


def test_it_is_a_message_of_the_device_for_everybody(client: Client, device: str) -> None:
    client.made(PATH, event(device))
    urn = f"urn:lo:nsid:c8y:{device}"
    (message,) = client.ports.messages.page(client.tenant.id, urn, start=None, end=None, before=None, limit=5)
    assert (message.model, message.value, message.metadata["source"]) == ("located", {"text": "Location updated"}, urn)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": None, "time": ""}, "Following mandatory fields should be included: text,time"),
        ({"source": None, "type": None}, "Following mandatory fields should be included: source,type"),
        ({"time": "x"}, "time is a date and time in ISO 8601, not x"),
        ({"type": 1}, "type is a text of 1 to 256 characters"),
        ({"source": {"id": "12"}}, "Finding device data from database failed : No managedObject for id '12'!"),
        ({"$a": 1}, "the name of a property has no dot and does not begin with $: $a"),
    ],
)
def test_what_is_no_event_is_refused(client: Client, device: str, body: dict[str, Any], message: str) -> None:
    reply = client.call("POST", PATH, {**event(device), **body})
    assert (reply.status, reply.message) == (422, message)


def test_text_and_fragments_are_changed_and_nothing_else(client: Client, device: str) -> None:
    found = client.made(PATH, event(device, old=1))
    one = f"{PATH}/{found['id']}"
    changed = client.call("PUT", one, {**found, "text": "there", "new": [2], "old": None}).body
    assert (changed["text"], changed["new"], "old" in changed) == ("there", [2], False)
    assert changed["lastUpdated"] > found["lastUpdated"] == changed["creationTime"]
    assert client.get(one).body == changed
    for other in ({"type": "x"}, {"time": "2020-01-01"}, {"source": {"id": "1"}}, {"text": 3}):
        assert client.call("PUT", one, other).status == 422
    assert client.call("DELETE", one).status == 204
    gone = client.get(one)
    assert (gone.status, gone.error) == (404, "event/notFound")
    assert gone.message == f"Finding event from database failed : No event for gid '{found['id']}'!"


@pytest.fixture(scope="module")
def fleet() -> tuple[Client, list[str]]:
    client = Client()
    house = client.made(OBJECTS, {"name": "house"})["id"]
    device = client.made(OBJECTS, {"name": "device", "c8y_IsDevice": {}})["id"]
    client.made(f"{OBJECTS}/{house}/childDevices", {"managedObject": {"id": device}})
    client.made(PATH, event(house, text="a", time="2020-01-01"))
    client.made(PATH, event(device, text="b", time="2020-01-02", mark="yes"))
    client.made(PATH, event(device, text="d", time="2020-01-04", type="other"))
    client.made(PATH, event(device, text="c", time="2020-01-03", mark="no"))
    return client, [house, device]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ({}, "dcba"),
        ({"source": 0}, "a"),
        ({"source": 1}, "dcb"),
        ({"source": 0, "withSourceDevices": "true"}, "dcba"),
        ({"source": 0, "withSourceAssets": "true"}, "a"),
        ({"type": "other"}, "d"),
        ({"fragmentType": "mark"}, "cb"),
        ({"fragmentType": "mark", "fragmentValue": "yes"}, "b"),
        ({"dateFrom": "2020-01-02"}, "dcb"),
        ({"dateFrom": "2020-01-02", "dateTo": "2020-01-04", "revert": "true"}, "bc"),
        ({"revert": "true"}, "dcba"),
        ({"createdTo": "2020-01-01"}, ""),
        ({"lastUpdatedFrom": "2020-01-01"}, "dcba"),
        ({"source": "99"}, ""),
    ],
)
def test_what_is_asked_for_is_listed(fleet: tuple[Client, list[str]], query: dict[str, Any], texts: str) -> None:
    client, numbers = fleet
    asked = {n: numbers[v] if isinstance(v, int) else v for n, v in query.items()}
    assert listed(client, **asked) == texts
    counted = client.get(PATH, pageSize=1, withTotalElements="true", **asked).body["statistics"]
    assert counted["totalElements"] == len(texts)
    pages = [listed(client, **asked, pageSize=1, currentPage=n + 1) for n in range(len(texts) + 1)]
    assert pages == [*texts, ""]


@pytest.mark.parametrize("name", ["source", "type", "dateFrom"])
@pytest.mark.parametrize("path", [PATH, "/measurement/measurements"])
def test_a_filter_that_is_empty_deletes_nothing(client: Client, device: str, path: str, name: str) -> None:
    client.made(
        path, {"source": {"id": device}, "type": "a", "text": "a", "time": "2020-01-01", "f": {"s": {"value": 1}}}
    )
    query: dict[str, Any] = {"dateTo": "2030-01-01", name: ""}
    reply = client.call("DELETE", path, **query)
    assert (reply.status, reply.error) == (422, "undefined/validationError")
    assert len(client.get(path, source=device).body[path.rpartition("/")[2]]) == 1


def test_an_event_grows_no_further_than_so_much(client: Client, device: str) -> None:
    number = client.made(PATH, event(device, one="x" * 200_000))["id"]
    assert client.call("PUT", f"{PATH}/{number}", {"two": "y" * 200_000}).status == 413
    assert client.call("PUT", f"{PATH}/{number}", {"one": None, "two": "y" * 200_000}).status == 200


@pytest.mark.parametrize("value", [5, "said", [1, 2], None, True])
def test_what_another_dialect_said_is_no_event_whatever_it_is(client: Client, device: str, value: Any) -> None:
    urn = f"urn:lo:nsid:c8y:{device}"
    sent = DataMessage(client.tenant.id, message_id(1, 1, "e"), urn, 1, 1, value, metadata={"source": urn})
    messages.store(client.ports, sent, device=urn)
    reply = client.get(PATH, source=device, fragmentType="mark", fragmentValue="yes")
    assert (reply.status, reply.body["events"]) == (200, [])


def test_many_are_deleted_by_source_type_and_time(client: Client, device: str) -> None:
    for text, at in (("a", "2020-01-01"), ("b", "2020-01-02"), ("c", "2020-01-03")):
        client.made(PATH, event(device, text=text, time=at))
    client.made(PATH, event(device, text="d", type="other"))
    assert client.call("DELETE", PATH, type="other").status == 422
    assert client.call("DELETE", PATH, source=device, dateTo="2020-01-02", type="located").status == 204
    assert listed(client) == "cbd"
    assert client.call("DELETE", PATH, dateFrom="2020-01-03").status == 204
    assert listed(client) == "bd"
    assert client.call("DELETE", f"{OBJECTS}/{device}").status == 204
    assert listed(client) == ""


def test_another_tenants_event_is_not_there(client: Client, device: str) -> None:
    number = client.made(PATH, event(device))["id"]
    other = Client(client.ports, "other")
    for method in ("GET", "PUT", "DELETE"):
        assert other.call(method, f"{PATH}/{number}", {} if method == "PUT" else None).status == 404
    assert other.call("POST", PATH, event(device)).status == 422
    assert listed(other) == listed(other, source=device) == ""
    assert other.call("DELETE", PATH, source=device).status == 204
    assert listed(client) == "Location updated"


def test_many_are_made_at_once_or_none(client: Client, device: str) -> None:
    several = {"events": [event(device, text="a"), event(device, text="b")]}
    made = client.made(PATH, several)
    assert [one["text"] for one in made["events"]] == ["a", "b"]
    assert client.get(f"{PATH}/{made['events'][1]['id']}").body == made["events"][1]
    for wrong in ([event(device), {}], [], [1], "x"):
        assert client.call("POST", PATH, {"events": wrong}).status == 422
    assert listed(client) == "ba"


def test_only_what_a_deletion_asks_for_goes(client: Client, device: str) -> None:
    client.made(PATH, event(device, text="a", f=1))
    client.made(PATH, event(device, text="b"))
    at = client.made(PATH, event(device, text="c", f=2))["creationTime"]
    assert client.call("DELETE", PATH, source=device, fragmentType="f", createdTo=at).status == 204
    assert listed(client) == "cb"
    assert client.call("DELETE", PATH, fragmentType="f").status == 204
    assert client.call("DELETE", PATH, source=device, createdTo="2000-01-01").status == 204
    assert listed(client) == "b"
