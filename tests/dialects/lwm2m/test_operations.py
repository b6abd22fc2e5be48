"""Operations, from the API to the request that a device is sent and back (manual 7.8.6)."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.documents import Record
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import Endpoint, content, provision
from tests.fakes.data import MemoryRecords

pytestmark = pytest.mark.row("F5")
SECOND = 1000
DAY = 24 * 3_600_000
PLAIN = "</1/0>,</3/0>,</3303/0>"
"""A device that declares no formats."""


@pytest.fixture
def operations(device: str) -> str:
    return f"{device}/twin/operations"


def ask(client: Client, operations: str, **body: Any) -> str:
    """The id of the operation."""
    client.ports.clock.at += 1
    reply = client.call("POST", operations, body)
    assert reply.status == 201, reply.raw
    assert reply.body["status"] == "PENDING"
    return str(reply.body["id"])


def outcome(client: Client, operations: str, operation: str) -> Mapping[str, Any]:
    found = client.call("GET", f"{operations}/{operation}").body
    assert isinstance(found, dict)
    return found


def status(client: Client, operations: str, operation: str) -> str:
    return str(outcome(client, operations, operation)["status"])


def test_an_operation_goes_at_once_to_a_device_that_is_awake(
    client: Client, endpoint: Endpoint, operations: str
) -> None:
    endpoint.register()
    operation = ask(client, operations, type="READ", paths=["/3/0/9"], contextToken="abc")
    assert client.ports.coaps.woken == [endpoint.principal]
    endpoint.answers["GET /3/0/9"] = content(b"42")
    client.ports.clock.at += SECOND
    assert endpoint.work() == {}
    found = outcome(client, operations, operation)
    assert (found["status"], found["contextToken"], found["paths"]) == ("OK", "abc", ["/3/0/9"])
    assert found["updated"] > found["created"]
    shown = client.call("GET", operations.replace("operations", "objects/3/0")).body
    assert shown["attributes"] == [
        {"pathSegment": "9", "path": "/3/0/9", "content": {"reportedValue": "42", "timestamp": found["updated"]}}
    ]


def test_an_operation_waits_for_a_device_that_is_away_or_asleep(
    client: Client, endpoint: Endpoint, operations: str
) -> None:
    first = ask(client, operations, type="READ", paths=["/3/0/9"])
    assert endpoint.work() == {}
    endpoint.register(PLAIN, "Q")
    client.ports.clock.at += 94 * SECOND
    second = ask(client, operations, type="EXECUTE", paths=["/3/0/4"])
    assert endpoint.work() == {}
    assert client.ports.coaps.woken == []
    endpoint.answers |= {"GET /3/0/9": content(b"1"), "POST /3/0/4": {"code": "2.04"}}
    assert endpoint.update() == "2.04"
    endpoint.work(awaited=True)
    assert [asked["path"] for asked in endpoint.asked] == [["3", "0", "9"], ["3", "0", "4"]]
    assert status(client, operations, first) == status(client, operations, second) == "OK"


def test_formats_can_be_chosen(client: Client, endpoint: Endpoint, operations: str) -> None:
    endpoint.register()
    options = {"lwm2m": {"contentFormat": {"request": "TLV", "response": "SENML_CBOR"}}}
    body = {"type": "WRITE", "paths": ["/1/0/1"], "values": [{"path": "/1/0/1", "value": "60"}], "options": options}
    first = ask(client, operations, **body)
    ask(client, operations, type="READ", paths=["/3/0"], options=options)
    endpoint.work()
    assert endpoint.asked[0]["format"] == 11542
    assert endpoint.asked[1]["accept"] == 112
    assert outcome(client, operations, first)["options"] == options


@pytest.mark.parametrize(
    ("version", "body"),
    [
        ("1.0", {"type": "READ", "paths": ["/3", "/5"]}),
        ("1.0", {"type": "WRITE", "paths": ["/"], "values": [{"path": "/1/0/7", "value": "U"}]}),
        ("1.1", {"type": "WRITE", "paths": ["/1/0"], "values": [{"path": "/1/0/1", "value": "many"}]}),
        ("1.1", {"type": "WRITE", "paths": ["/29999/0"], "values": [{"path": "/29999/0/1", "value": "1"}]}),
        (
            "1.1",
            {
                "type": "WRITE",
                "paths": ["/1/0"],
                "values": [{"path": "/1/0/1", "value": "1"}],
                "options": {"lwm2m": {"contentFormat": {"request": "TEXT"}}},
            },
        ),
    ],
)
def test_what_cannot_be_put_to_a_device_fails_and_the_next_one_goes(
    client: Client, endpoint: Endpoint, operations: str, version: str, body: dict[str, Any]
) -> None:
    endpoint.register(PLAIN, version=version)
    invalid, fine = ask(client, operations, **body), ask(client, operations, type="EXECUTE", paths=["/3/0/4"])
    endpoint.answers["POST /3/0/4"] = {"code": "2.04"}
    endpoint.work()
    assert outcome(client, operations, invalid)["error"]["code"] == "OPERATION_INVALID"
    assert status(client, operations, fine) == "OK"


@pytest.mark.parametrize(
    ("answer", "attempts", "state", "error"),
    [
        ({"code": "4.04"}, 3, "FAILED", {"value": 404, "reason": "404 not found"}),
        ({"code": "4.05"}, 1, "FAILED", {"value": 405, "reason": "405 method not allowed"}),
        ({"code": "5.00"}, 1, "FAILED", {"value": 500, "reason": "500 internal server error"}),
        ({"code": "5.03"}, 2, "RETRYING", None),
        ({"silence": "REJECTED"}, 1, "FAILED", None),
        ({"silence": "UNACKNOWLEDGED"}, 2, "RETRYING", None),
        ({"silence": "UNACKNOWLEDGED"}, 1, "FAILED", None),
        ({"silence": "UNANSWERED"}, 1, "EXPIRED", None),
        ({"silence": "UNANSWERED"}, 2, "RETRYING", None),
        ({"silence": "GARBLED"}, 2, "FAILED", None),
        (content(b"\xff\xff", 110), 2, "FAILED", None),
        (content(b"1", 99), 2, "FAILED", None),
    ],
)
def test_what_becomes_of_an_operation(
    client: Client,
    endpoint: Endpoint,
    operations: str,
    answer: dict[str, Any],
    attempts: int,
    state: str,
    error: dict[str, Any] | None,
) -> None:
    endpoint.register()
    operation = ask(client, operations, type="READ", paths=["/3/0/9"], policy={"attempts": attempts})
    endpoint.answers["GET /3/0/9"] = answer
    told = endpoint.work()
    found = outcome(client, operations, operation)
    assert found["status"] == state
    assert ("at" in told) is (state == "RETRYING")
    assert found.get("error", {}).get("deviceCode") == error


def test_a_retry_goes_when_its_time_has_come_or_the_device_shows_up(
    client: Client, endpoint: Endpoint, operations: str
) -> None:
    endpoint.register()
    first = ask(client, operations, type="READ", paths=["/3/0/9"], policy={"attempts": 3})
    second = ask(client, operations, type="EXECUTE", paths=["/3/0/4"])
    endpoint.answers["GET /3/0/9"] = {"silence": "UNACKNOWLEDGED"}
    clock = client.ports.clock
    assert endpoint.work() == {"at": clock.at + 30 * SECOND}
    assert len(endpoint.asked) == 1
    clock.at += 30 * SECOND
    assert endpoint.work() == {"at": clock.at + 60 * SECOND}
    # it keeps its place before what was asked later
    assert status(client, operations, second) == "PENDING"
    assert endpoint.update() == "2.04"
    endpoint.answers |= {"GET /3/0/9": content(b"5"), "POST /3/0/4": {"code": "2.04"}}
    endpoint.work(awaited=True)
    assert status(client, operations, first) == status(client, operations, second) == "OK"


@pytest.mark.parametrize(
    ("body", "attempts", "state"),
    [
        ({"type": "READ", "paths": ["/3/0/9"]}, 1, "OK"),
        ({"type": "EXECUTE", "paths": ["/3/0/9"]}, 1, "FAILED"),
        ({"type": "EXECUTE", "paths": ["/3/0/9"]}, 2, "OK"),
        ({"type": "WRITE", "paths": ["/1/0/1"], "values": [{"path": "/1/0/1", "value": "60"}]}, 1, "FAILED"),
    ],
)
def test_what_a_gateway_left_when_it_died(
    client: Client, endpoint: Endpoint, operations: str, body: dict[str, Any], attempts: int, state: str
) -> None:
    endpoint.register()
    operation = ask(client, operations, **body, policy={"attempts": attempts})
    event = {"principal": endpoint.principal, "awaited": False}
    assert "request" in endpoint.event("next", holder="run-1", **event)
    assert endpoint.event("next", holder="run-1", **event) == {}
    assert status(client, operations, operation) == "SENT"
    endpoint.holder = "run-2"
    for path in ("/3/0/9", "/1/0/1"):
        endpoint.answers |= {f"GET {path}": content(b"1"), f"POST {path}": {"code": "2.04"}}
    endpoint.work(awaited=True)
    assert status(client, operations, operation) == state


def test_a_late_word_of_an_earlier_attempt_changes_nothing(client: Client, endpoint: Endpoint, operations: str) -> None:
    endpoint.register()
    operation = ask(client, operations, type="READ", paths=["/3/0/9"], policy={"attempts": 3})
    event = {"principal": endpoint.principal, "holder": "run-1"}
    first = endpoint.event("next", awaited=True, **event)["work"]
    lost = {"work": first, "silence": "UNACKNOWLEDGED"}
    second = endpoint.event("next", awaited=True, done=lost, **event)["work"]
    assert second != first
    late = {"work": first, "code": "4.04"}
    assert endpoint.event("next", awaited=False, done=late, **event) == {}
    assert status(client, operations, operation) == "SENT"
    endpoint.event("next", awaited=False, done={"work": second, **content(b"3")}, **event)
    endpoint.event("next", awaited=False, done={"work": second, "code": "4.04"}, **event)
    endpoint.event("next", awaited=False, done={"work": "operation/none/1", "code": "4.04"}, **event)
    assert status(client, operations, operation) == "OK"


@pytest.mark.parametrize("waited", [3 * DAY - 1, 3 * DAY])
def test_an_operation_that_nobody_takes_expires(
    client: Client, endpoint: Endpoint, operations: str, waited: int
) -> None:
    operation = ask(client, operations, type="READ", paths=["/3"])
    client.ports.clock.at += waited
    state = "EXPIRED" if waited == 3 * DAY else "PENDING"
    assert [each["status"] for each in client.call("GET", operations).body] == [state]
    assert status(client, operations, operation) == state
    endpoint.register()
    endpoint.work(awaited=True)
    assert len(endpoint.asked) == (state == "PENDING")


@pytest.mark.parametrize("word", ["CANCELED", "CANCELLED"])
def test_what_waits_can_be_canceled(client: Client, endpoint: Endpoint, operations: str, word: str) -> None:
    waiting = ask(client, operations, type="READ", paths=["/3"])
    reply = client.call("PUT", f"{operations}/{waiting}/status", word)
    assert (reply.status, reply.body["status"]) == (200, "CANCELED")
    assert client.call("PUT", f"{operations}/{waiting}/status", word).status == 409
    assert client.call("PUT", f"{operations}/{waiting}/status", "OK").status == 400
    assert client.call("PUT", f"{operations}/none/status", word).code == "DM_TWIN_OPERATION_NOT_FOUND"
    endpoint.register()
    endpoint.work(awaited=True)
    assert endpoint.asked == []


def test_lists_are_filtered_and_bounded(client: Client, endpoint: Endpoint, operations: str) -> None:
    made = [ask(client, operations, type="READ", paths=[f"/3/0/{n}"], contextToken=str(n % 2)) for n in range(50)]
    assert client.call("POST", operations, {"type": "READ", "paths": ["/3"]}).status == 403
    listed = client.call("GET", operations).body
    assert [each["id"] for each in listed] == made[::-1]
    assert len(client.call("GET", operations, contextToken="1").body) == 25
    assert [each["id"] for each in _at(client, operations, "/3/0/7")] == [made[7]]
    endpoint.register()
    endpoint.work(awaited=True)
    assert {each["status"] for each in client.call("GET", operations, status="FAILED,OK").body} == {"FAILED"}
    assert client.call("GET", operations, status="PENDING").body == []
    assert client.call("GET", operations, type="WRITE").body == []
    assert client.call("GET", operations, status="NO").status == 400
    assert client.call("GET", operations, type="NO").status == 400
    for _ in range(3):
        for _ in range(30):
            ask(client, operations, type="READ", paths=["/3"])
        endpoint.work(awaited=True)
    assert len(client.call("GET", operations).body) <= 130
    assert client.call("GET", f"{operations}/{made[0]}").status == 404


def _at(client: Client, operations: str, path: str) -> Any:
    """A query parameter of the name of one of `call`'s own."""
    return client._send("GET", operations, {"X-API-Key": client.secret}, b"", f"path={path}").body


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "BROWSE", "paths": ["/3"]},
        {"type": "READ"},
        {"type": "READ", "paths": []},
        {"type": "READ", "paths": ["3/0"]},
        {"type": "READ", "paths": ["/3/65535"]},
        {"type": "READ", "paths": ["/3/0/1/2/3"]},
        {"type": "READ", "paths": ["/3"], "values": [{"path": "/3/0/1", "value": "1"}]},
        {"type": "WRITE", "paths": ["/1/0", "/1/1"], "values": [{"path": "/1/0/1", "value": "1"}]},
        {"type": "WRITE", "paths": ["/1/0"], "values": []},
        {"type": "WRITE", "paths": ["/1/0"], "values": [{"path": "/1/1/1", "value": "1"}]},
        {"type": "WRITE", "paths": ["/1/0"], "values": [{"path": "/1/0", "value": "1"}]},
        {"type": "WRITE", "paths": ["/1/0"], "values": [{"path": "/1/0/1"}]},
        {"type": "WRITE", "paths": ["/1"], "values": [{"path": "/1/0/1", "value": "1"}]},
        {"type": "WRITE", "paths": ["/1/0"], "values": [{"path": "/1/0/1", "value": "1"}] * 2},
        {"type": "WRITE", "writeMode": "REPLACE", "paths": ["/"], "values": [{"path": "/1/0/1", "value": "1"}]},
        {"type": "WRITE", "writeMode": "MERGE", "paths": ["/1/0"], "values": [{"path": "/1/0/1", "value": "1"}]},
        {"type": "EXECUTE", "paths": ["/3/0"]},
        {"type": "EXECUTE", "paths": ["/3/0/4", "/3/0/5"]},
        {"type": "WRITE-METADATA", "values": []},
        {"type": "WRITE-METADATA", "values": [{"path": "/3", "metadata": []}]},
        {"type": "WRITE-METADATA", "values": [{"path": "/", "metadata": [{"name": "pmin"}]}]},
        {"type": "WRITE-METADATA", "values": [{"path": "/3", "metadata": [{"name": "dim"}]}]},
        {"type": "WRITE-METADATA", "values": [{"path": "/3", "metadata": [{"name": "gt", "value": "9" * 65}]}]},
        {"type": "WRITE-METADATA", "values": [{"path": "/3", "metadata": [{"name": "gt"}, {"name": "gt"}]}]},
        {"type": "READ", "paths": ["/3"], "policy": {"attempts": 0}},
        {"type": "READ", "paths": ["/3"], "policy": {"attempts": 6}},
        {"type": "READ", "paths": ["/3"], "contextToken": "x" * 257},
        {"type": "READ", "paths": ["/3"], "options": {"lwm2m": {"contentFormat": {"response": "XML"}}}},
        {"type": "CREATE", "paths": ["/3/0/1"]},
        {"type": "DELETE", "paths": ["/3"]},
    ],
)
def test_what_an_operation_has_to_say(client: Client, operations: str, body: dict[str, Any]) -> None:
    reply = client.call("POST", operations, body)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def test_who_may_ask(client: Client, operations: str) -> None:
    body = {"type": "READ", "paths": ["/3"]}
    reading, writing = client.key(Role.DEVICE_R), client.key(Role.DEVICE_W)
    assert client.call("POST", operations, body, key=reading).status == 403
    assert client.call("GET", operations, key=writing).status == 403
    assert client.call("POST", operations, body, key=writing).status == 201
    assert client.call("GET", operations, key=reading).status == 200
    other = Client(client.ports, "other")
    assert other.call("GET", operations).code == "DM_DEVICE_NOT_FOUND"


def test_a_device_without_such_an_interface_has_no_twin(client: Client) -> None:
    client.call("POST", "/api/v1/deviceMgt/devices", {"id": "urn:lo:nsid:x:1"})
    for path in ("supported-objects", "objects", "objects/3", "objects/3/0", "operations", "observations"):
        reply = client.call("GET", f"/api/v1/deviceMgt/devices/urn:lo:nsid:x:1/twin/{path}")
        assert reply.code == "DM_INTERFACE_NOT_FOUND"


class EndingWhileRead(MemoryRecords):
    """`meanwhile` runs once, after the next look among the final operations."""

    meanwhile: Callable[[], object] | None = None

    def get(self, tenant: str, kind: str, record: str) -> Record | None:
        found = super().get(tenant, kind, record)
        if kind.startswith("twin/operation-final/") and self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return found


@pytest.mark.parametrize("answered", [True, False])
def test_an_operation_is_found_also_while_it_ends(answered: bool) -> None:  # noqa: FBT001 - a parameter
    client = Client()
    records = client.ports.records = EndingWhileRead()
    operations = f"{provision(client)}/twin/operations"
    endpoint = Endpoint(client)
    endpoint.connect()
    endpoint.register()
    endpoint.answers["GET /3/0/9"] = content(b"42")
    operation = ask(client, operations, type="READ", paths=["/3/0/9"])
    records.meanwhile = (
        endpoint.work if answered else lambda: client.call("PUT", f"{operations}/{operation}/status", "CANCELED")
    )
    assert status(client, operations, operation) == ("OK" if answered else "CANCELED")
    assert records.meanwhile is None
