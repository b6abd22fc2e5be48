"""Commands without policies: `/api/v0/commands`, and those of an asset."""

from typing import Any

import pytest

from chalicelib.dialects.live_objects.rest.deprecated.commands import MOST_DEVICES, STATUSES
from chalicelib.fleet.commands.records import Status
from chalicelib.fleet.inventory.records import Device
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

ASSETS = "/api/v0/assets"
URN = "urn:lo:nsid:sensor:temp001"
COMMANDS = "/api/v0/commands"


class TestCommands:
    def test_a_command_has_an_event_with_data(self, client: Client, asset: str) -> None:
        body = {"event": "reboot", "data": {"delay": "30000"}}
        made = client.call("POST", f"{asset}/commands", body, notifyTo="fifo/told")
        assert made.status == 200
        assert made.body == {
            "id": made.body["id"],
            "assetIdNamespace": "sensor",
            "assetId": "temp001",
            "reqEvent": "reboot",
            "reqData": {"delay": "30000"},
            "status": "PENDING",
            "notifyTo": "fifo/told",
            "creationTs": START,
            "updateTs": START,
        }
        new = client.get(f"/api/v1/deviceMgt/commands/{made.body['id']}").body
        assert new["request"] == {"connector": "mqtt", "value": {"req": "reboot", "arg": {"delay": "30000"}}}
        assert client.get(f"{COMMANDS}/{made.body['id']}").body == made.body

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "event"),
            ({"data": {}}, "event"),
            ({"event": "x", "payload": "FF"}, "payload"),
            ({"event": "x", "data": {"a": 1}}, "data"),
        ],
    )
    def test_what_no_device_could_get_is_refused(
        self, client: Client, asset: str, body: dict[str, Any], field: str
    ) -> None:
        reply = client.call("POST", f"{asset}/commands", body)
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
        assert field in reply.body["message"]

    def test_who_is_told_is_named_as_elsewhere(self, client: Client, asset: str) -> None:
        assert client.call("POST", f"{asset}/commands", {"event": "x"}, notifyTo="nowhere").status == 400

    def test_an_unknown_asset_gets_none(self, client: Client) -> None:
        assert client.call("POST", f"{ASSETS}/n/i/commands", {"event": "x"}).status == 404
        assert client.get(f"{ASSETS}/n/i/commands").status == 404

    def test_values_of_others_are_shown_as_text(self, client: Client, asset: str) -> None:
        request = {"connector": "mqtt", "value": {"req": "x", "arg": {"n": 1, "deep": {"a": True}, "t": "t"}}}
        client.call("POST", f"{DEVICES}/{URN}/commands", {"request": request})
        (shown,) = client.get(f"{asset}/commands").body["data"]
        assert shown["reqData"] == {"n": "1", "deep": '{"a":true}', "t": "t"}

    def test_every_status_has_an_old_name(self) -> None:
        assert set(STATUSES) == set(Status)
        assert set(STATUSES.values()) <= {"PENDING", "SENT", "PROCESSED", "CANCELED", "ERROR", "UNKNOWN"}

    def test_a_command_is_canceled_and_deleted(self, client: Client, asset: str) -> None:
        path = f"{COMMANDS}/{client.call('POST', f'{asset}/commands', {'event': 'x'}).body['id']}"
        assert client.get(f"{path}/status").body == {"content": "PENDING"}
        assert client.call("PUT", f"{path}/status", "CANCELED").status == 200
        assert client.get(f"{path}/status").body == {"content": "CANCELED"}
        assert client.call("PUT", f"{path}/status", "CANCELED").status in (200, 409)
        assert client.call("DELETE", path).status == 200
        assert client.get(path).code == "DM_COMMAND_NOT_FOUND"

    def test_those_of_all_devices_are_listed_together(self, client: Client) -> None:
        made = []
        for number in (1, 2, 1):
            client.call("POST", ASSETS, {"namespace": "n", "id": str(number)})
            made.append(client.call("POST", f"{ASSETS}/n/{number}/commands", {"event": "x"}).body["id"])
            client.ports.clock.advance(seconds=1)
        body = client.get(COMMANDS, size=2).body
        assert (body["totalCount"], [one["id"] for one in body["data"]]) == (3, made[:0:-1])
        assert [one["id"] for one in client.get(COMMANDS, sort="created").body["data"]] == made
        assert [one["id"] for one in client.get(f"{ASSETS}/n/1/commands").body["data"]] == [made[2], made[0]]

    def test_a_list_by_status_has_the_newest_first(self, client: Client, asset: str) -> None:
        first, second = (client.call("POST", f"{asset}/commands", {"event": "x"}).body["id"] for _ in range(2))
        client.call("PUT", f"{COMMANDS}/{first}/status", "CANCELED")
        assert [one["id"] for one in client.get(COMMANDS, sort="status").body["data"]] == [first, second]
        assert [one["id"] for one in client.get(COMMANDS, sort="-status").body["data"]] == [second, first]

    def test_a_large_fleet_is_listed_by_asset(self, client: Client) -> None:
        for number in range(MOST_DEVICES + 1):
            client.ports.devices.create(Device(client.tenant.id, f"urn:lo:nsid:n:{number}", START, START))
        reply = client.get(COMMANDS)
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
