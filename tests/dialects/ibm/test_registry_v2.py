from typing import Any

import pytest

from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Location
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Cause, Stored
from tests.dialects.ibm.client import V1, V2, Client
from tests.fakes import START

TYPES = f"{V2}/device/types"
PUMPS = f"{TYPES}/pump/devices"
P1 = f"{PUMPS}/p1"


@pytest.fixture
def client() -> Client:
    client = Client()
    assert client.call("POST", TYPES, {"id": "pump", "description": "A pump"}).status == 201
    return client


def added(client: Client, *ids: str, type_: str = "pump") -> None:
    for id_ in ids:
        reply = client.call("POST", f"{TYPES}/{type_}/devices", {"deviceId": id_})
        assert reply.status == 201, reply.raw


def walked(client: Client, path: str, **query: Any) -> list[list[Any]]:
    """The pages of a list, as a client follows bookmarks."""
    pages = [client.get(path, **query).body]
    while "bookmark" in pages[-1]:
        pages.append(client.get(path, _bookmark=pages[-1]["bookmark"], **query).body)
    return [page["results"] for page in pages]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", TYPES, {"id": "valve"}),
        ("PUT", f"{TYPES}/pump", {}),
        ("POST", PUMPS, {"deviceId": "p2"}),
        ("PUT", P1, {}),
        ("POST", f"{V1}/devices", {"type": "pump", "id": "p2"}),
        ("PUT", f"{V1}/devices/pump/p1", {}),
    ],
)
def test_a_name_of_metadata_has_a_length(client: Client, method: str, path: str, body: dict[str, Any]) -> None:
    added(client, "p1")
    refused = client.call(method, path, {**body, "metadata": {"n" * 70_000: 1}})
    assert refused.status == 400
    assert len(refused.raw) < 1_000
    assert client.call(method, path, {**body, "metadata": {"n" * 1_024: 1}}).status in (200, 201)


class TestTypes:
    def test_a_type_is_answered_as_it_was_made(self, client: Client) -> None:
        body = {"id": "valve", "classId": "Gateway", "deviceInfo": {"model": "V1"}, "metadata": {"a": 1}}
        made = client.call("POST", TYPES, body).body
        assert {name: made[name] for name in body} == body
        assert made["createdDateTime"] == made["updatedDateTime"]
        assert client.get(f"{TYPES}/valve").body == made

    def test_a_type_is_made_once(self, client: Client) -> None:
        assert client.call("POST", TYPES, {"id": "pump"}).status == 409

    def test_an_update_leaves_what_it_does_not_name(self, client: Client) -> None:
        body = {"description": None, "deviceInfo": {"model": "P2"}, "metadata": None}
        updated = client.call("PUT", f"{TYPES}/pump", body).body
        assert (updated["description"], updated["deviceInfo"]) == ("A pump", {"model": "P2"})

    def test_a_deleted_type_is_gone(self, client: Client) -> None:
        assert client.call("DELETE", f"{TYPES}/pump").status == 204
        assert client.get(f"{TYPES}/pump").status == 404

    def test_a_type_with_devices_stays(self, client: Client) -> None:
        added(client, "p1")
        assert client.call("DELETE", f"{TYPES}/pump").status == 409

    def test_types_that_only_devices_name_are_listed_in_their_place(self, client: Client) -> None:
        client.registered("alarm.v1", "a1")
        devices.register(client.ports, Device(client.org, "urn:lo:nsid:sensor:s1", START, START))
        client.registered("pump", "p9")
        assert [t["id"] for page in walked(client, TYPES, _limit=2) for t in page] == ["alarm.v1", "pump", "sensor"]
        assert client.get(f"{TYPES}/sensor").body["classId"] == "Device"

    def test_such_a_type_can_be_described(self, client: Client) -> None:
        client.registered("valve", "v1")
        assert client.call("PUT", f"{TYPES}/valve", {"description": "A valve"}).body["description"] == "A valve"
        assert client.get(f"{TYPES}/valve").body["description"] == "A valve"

    @pytest.mark.parametrize("body", [{}, {"id": "a b"}, {"id": ".."}, {"id": 7}, {"id": "x", "classId": "Thing"}, []])
    def test_a_type_that_is_none_is_refused(self, client: Client, body: Any) -> None:
        assert client.call("POST", TYPES, body).status == 400


class TestDevices:
    def test_a_device_is_registered_with_what_belongs_to_it(self, client: Client) -> None:
        body = {
            "deviceId": "p1",
            "authToken": "correct horse",
            "deviceInfo": {"model": "P", "serialNumber": None},
            "location": {"latitude": 48.1, "longitude": 11.5},
            "metadata": {"room": 7},
        }
        made = client.call("POST", PUMPS, body).body
        assert (made["clientId"], made["typeId"], made["deviceId"]) == (f"d:{client.org}:pump:p1", "pump", "p1")
        assert (made["authToken"], made["deviceInfo"], made["metadata"]) == (
            "correct horse",
            {"model": "P"},
            {"room": 7},
        )
        assert "authToken" not in client.get(P1).body
        assert client.get(f"{P1}/location").body["latitude"] == 48.1

    def test_its_type_has_to_be_there(self, client: Client) -> None:
        assert client.call("POST", f"{TYPES}/valve/devices", {"deviceId": "v1"}).status == 404

    def test_a_device_is_registered_once(self, client: Client) -> None:
        added(client, "p1")
        assert client.call("POST", PUMPS, {"deviceId": "p1"}).status == 409

    def test_an_update_merges_and_leaves_nulls_alone(self, client: Client) -> None:
        added(client, "p1")
        client.call("PUT", P1, {"deviceInfo": {"model": "P"}, "metadata": {"a": 1}})
        body = {"status": None, "deviceInfo": {"fwVersion": "2"}, "metadata": None}
        updated = client.call("PUT", P1, body).body
        assert (updated["deviceInfo"], updated["metadata"]) == ({"model": "P", "fwVersion": "2"}, {"a": 1})

    def test_a_deleted_device_is_gone(self, client: Client) -> None:
        added(client, "p1")
        assert client.call("DELETE", P1).status == 204
        assert client.get(P1).status == 404

    def test_pages_follow_bookmarks(self, client: Client) -> None:
        added(client, *(f"p{n}" for n in range(5)))
        assert [[d["deviceId"] for d in page] for page in walked(client, f"{PUMPS}/", _limit=2)] == [
            ["p0", "p1"],
            ["p2", "p3"],
            ["p4"],
        ]

    def test_a_list_tells_how_many_there_are(self, client: Client) -> None:
        added(client, "p1", "p2")
        assert client.get(f"{V2}/bulk/devices").body["meta"] == {"total_rows": 2, "facets": {}}

    def test_a_list_is_sorted_on_request(self, client: Client) -> None:
        added(client, "p1", "p2", "p3")
        pages = walked(client, PUMPS, _sort="-deviceId", _limit=2)
        assert [[d["deviceId"] for d in page] for page in pages] == [["p3", "p2"], ["p1"]]

    def test_a_list_is_filtered_by_equal_fields(self, client: Client) -> None:
        added(client, "p1", "p2")
        client.call("PUT", P1, {"deviceInfo": {"model": "P"}})
        found = client.get(f"{V2}/bulk/devices", **{"deviceInfo.model": "P", "typeId": "pump"}).body
        assert [d["deviceId"] for d in found["results"]] == ["p1"]

    def test_facets_count_values(self, client: Client) -> None:
        added(client, "p1", "p2")
        facets = client.get(f"{V2}/bulk/devices", _facets="typeId").body["meta"]["facets"]
        assert facets == {"typeId": {"pump": 2}}

    @pytest.mark.parametrize("query", [{"_limit": 0}, {"_limit": "x"}, {"_bookmark": "%"}, {"_bookmark": "/////w=="}])
    def test_a_query_that_makes_no_sense_is_refused(self, client: Client, query: Any) -> None:
        assert client.get(f"{V2}/bulk/devices", **query).status == 400

    def test_both_versions_show_the_same_devices(self, client: Client) -> None:
        added(client, "p1")
        client.registered("pump", "p2")
        assert [d["id"] for d in client.get(f"{V1}/devices").body] == ["p1", "p2"]
        assert [d["deviceId"] for d in client.get(f"{V2}/bulk/devices").body["results"]] == ["p1", "p2"]


class TestBulk:
    def test_devices_are_added_and_removed_together(self, client: Client) -> None:
        both = [{"typeId": "pump", "deviceId": "p1"}, {"typeId": "pump", "deviceId": "p2", "authToken": None}]
        reply = client.call("POST", f"{V2}/bulk/devices/add", both)
        assert (reply.status, [d["success"] for d in reply.body]) == (201, [True, True])
        assert all(d["authToken"] for d in reply.body)
        reply = client.call("POST", f"{V2}/bulk/devices/remove", both)
        assert (reply.status, [d["success"] for d in reply.body]) == (202, [True, True])
        assert client.get(f"{V2}/bulk/devices").body["results"] == []

    def test_what_is_beyond_the_limit_is_told_of_each_device(self, client: Client) -> None:
        settings.set_quotas(client.ports, client.org, {Stored.DEVICES: 2})
        three = [{"typeId": "pump", "deviceId": f"p{number}"} for number in (1, 2, 3)]
        reply = client.call("POST", f"{V2}/bulk/devices/add", three)
        assert [entry["success"] for entry in reply.body] == [True, True, False]
        assert "limit of 2 devices" in reply.body[2]["error"]
        one = client.call("POST", f"{TYPES}/pump/devices", {"deviceId": "p3"})
        assert (one.status, one.error) == (429, "CUDRS0029E")
        assert client.call("POST", f"{V1}/devices", {"type": "pump", "id": "p3"}).status == 429
        ports = client.ports
        entries = ports.audit.page(client.org, start=0, end=ports.clock.now() + 1, descending=True)
        assert {entry.cause for entry in entries} == {Cause.QUOTA}
        client.call("POST", f"{V2}/bulk/devices/remove", three[:1])
        assert client.call("POST", f"{TYPES}/pump/devices", {"deviceId": "p3"}).status == 201

    def test_what_fails_does_not_hinder_the_rest(self, client: Client) -> None:
        some = [{"typeId": "pump", "deviceId": "p1"}, {"typeId": "valve", "deviceId": "v1"}, {"typeId": "pump"}]
        reply = client.call("POST", f"{V2}/bulk/devices/add", some)
        assert (reply.status, [d["success"] for d in reply.body]) == (202, [True, False, False])

    def test_a_device_that_is_not_there_counts_as_removed(self, client: Client) -> None:
        reply = client.call("POST", f"{V2}/bulk/devices/remove", [{"typeId": "pump", "deviceId": "p9"}])
        assert [d["success"] for d in reply.body] == [True]

    @pytest.mark.parametrize("body", [{}, [], [1], None])
    def test_a_body_that_is_no_list_is_refused(self, client: Client, body: Any) -> None:
        assert client.call("POST", f"{V2}/bulk/devices/add", body).status == 400


class TestLocation:
    def test_it_is_unknown_until_it_is_set(self, client: Client) -> None:
        added(client, "p1")
        assert client.get(f"{P1}/location").status == 404

    def test_what_was_set_is_read(self, client: Client) -> None:
        added(client, "p1")
        place = {"latitude": 10, "longitude": 20, "elevation": 5, "measuredDateTime": "2016-01-01T00:00:00Z"}
        written = client.call("PUT", f"{P1}/location", place).body
        assert written["measuredDateTime"] == "2016-01-01T00:00:00.000Z"
        assert client.get(f"{P1}/location").body == written

    def test_every_dialect_sees_it(self, client: Client) -> None:
        added(client, "p1")
        client.call("PUT", f"{P1}/location", {"latitude": 10, "longitude": 20})
        assert devices.get(client.ports, client.org, client.fleet_id()).location == Location(10, 20)

    def test_one_that_another_dialect_set_is_read(self, client: Client) -> None:
        device = Device(client.org, "urn:lo:nsid:sensor:s1", START, START, location=Location(1, 2, 3))
        devices.register(client.ports, device)
        found = client.get(f"{TYPES}/sensor/devices/s1/location").body
        assert (found["latitude"], found["longitude"], found["elevation"]) == (1, 2, 3)

    @pytest.mark.parametrize(
        "place",
        [{"latitude": 100, "longitude": 0}, {"latitude": 0}, {"latitude": 0, "longitude": 0, "measuredDateTime": "x"}],
    )
    def test_a_place_that_is_none_is_one_violation(self, client: Client, place: Any) -> None:
        added(client, "p1")
        reply = client.call("PUT", f"{P1}/location", place)
        assert (reply.status, reply.error, len(reply.body["violations"])) == (400, "CUDRS0007E", 1)


class TestDiagnostics:
    def test_logs_are_added_read_and_cleared(self, client: Client) -> None:
        added(client, "p1")
        made = client.call("POST", f"{P1}/diag/logs", {"message": "hot", "severity": 1, "data": "aGk="})
        assert (made.status, made.body["typeId"], made.body["message"]) == (201, "pump", "hot")
        assert client.get(f"{P1}/diag/logs").body == [made.body]
        one = f"{P1}/diag/logs/{made.body['id']}"
        assert client.get(one).body == made.body
        assert client.call("DELETE", one).status == 204
        assert (client.get(one).status, client.call("DELETE", one).status) == (404, 404)
        client.call("POST", f"{P1}/diag/logs", {"message": "hot", "severity": 1})
        assert client.call("DELETE", f"{P1}/diag/logs").status == 204
        assert client.get(f"{P1}/diag/logs").body == []

    def test_a_severity_beyond_the_scale_is_one_violation(self, client: Client) -> None:
        added(client, "p1")
        reply = client.call("POST", f"{P1}/diag/logs", {"message": "hot", "severity": 3})
        assert (reply.status, len(reply.body["violations"])) == (400, 1)

    def test_error_codes_come_newest_first(self, client: Client) -> None:
        added(client, "p1")
        for code in (1, 2):
            body = {"errorCode": code, "timestamp": f"2016-01-0{code}T00:00:00"}
            assert client.call("POST", f"{P1}/diag/errorCodes", body).status == 201
        assert [e["errorCode"] for e in client.get(f"{P1}/diag/errorCodes").body] == [2, 1]
        assert client.call("DELETE", f"{P1}/diag/errorCodes").status == 204
        assert client.get(f"{P1}/diag/errorCodes").body == []

    def test_only_so_many_are_kept(self, client: Client) -> None:
        added(client, "p1")
        for code in range(55):
            client.call("POST", f"{P1}/diag/errorCodes", {"errorCode": code})
        assert [e["errorCode"] for e in client.get(f"{P1}/diag/errorCodes").body] == list(range(54, 4, -1))

    def test_a_device_that_was_never_managed_has_no_managed_state(self, client: Client) -> None:
        added(client, "p1")
        assert client.get(f"{P1}/mgmt").status == 404
