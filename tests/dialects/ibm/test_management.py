from typing import Any, ClassVar

import pytest

from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Location
from tests.dialects.ibm.client import V1, V2, Client
from tests.dialects.ibm.site import Site

P1 = f"{V2}/device/types/pump/devices/p1"
REQUESTS = f"{V2}/mgmt/requests"
SUPPORTS = {"deviceActions": True, "firmwareActions": True}
ONE = [{"typeId": "pump", "deviceId": "p1"}]


@pytest.fixture
def site() -> Site:
    return Site()


def managed(site: Site, **more: Any) -> str:
    device = site.device()
    ask(site, device, "mgmt/manage", {"lifetime": 3600, "supports": SUPPORTS, **more})
    return device


def ask(site: Site, device: str, operation: str, body: Any = None, request: Any = "r1") -> list[tuple[str, Any]]:
    """What the device gets for a request."""
    site.publish(device, f"iotdevice-1/{operation}", {"d": body, "reqId": request})
    return site.received(device)


def answer(site: Site, device: str, request: str, code: int) -> list[tuple[str, Any]]:
    """What the device gets for its answer."""
    site.publish(device, "iotdevice-1/response", {"rc": code, "message": "said so", "reqId": request})
    return site.received(device)


def status(site: Site, request: str) -> tuple[int, bool]:
    body = site.client.get(f"{REQUESTS}/{request}/deviceStatus/pump/p1").body
    return body["status"], body["complete"]


def initiated(site: Site, action: str, parameters: Any = None) -> str:
    reply = site.client.call("POST", REQUESTS, {"action": action, "parameters": parameters, "devices": ONE})
    assert reply.status == 202, reply.raw
    return str(reply.body["reqId"])


class TestDevice:
    def test_a_managed_device_is_answered_and_shown(self, site: Site) -> None:
        device = site.device()
        body = {"lifetime": 3600, "supports": SUPPORTS, "deviceInfo": {"model": "P", "description": None}}
        assert ask(site, device, "mgmt/manage", body) == [("iotdm-1/response", {"rc": 200, "reqId": "r1"})]
        state = site.client.get(f"{P1}/mgmt").body
        assert (state["supports"], state["dormant"]) == (SUPPORTS, False)
        assert state["lastActivityDateTime"] < state["dormantDateTime"]
        assert site.client.get(P1).body["deviceInfo"] == {"model": "P"}

    @pytest.mark.parametrize("lifetime", [10**12, 1e12, 10**300, 3600.0])
    def test_a_lifetime_may_be_as_long_as_it_likes(self, site: Site, lifetime: float) -> None:
        device = site.device()
        body = {"lifetime": lifetime, "supports": SUPPORTS}
        assert ask(site, device, "mgmt/manage", body) == [("iotdm-1/response", {"rc": 200, "reqId": "r1"})]
        assert site.client.get(f"{P1}/mgmt").body["dormantDateTime"] <= "9999-12-31T23:59:59.999Z"

    @pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "2026-11-30T23:59:60Z"])
    def test_a_location_may_have_been_measured_at_any_time(self, site: Site, moment: str) -> None:
        site.device()
        place = {"latitude": 1, "longitude": 2, "measuredDateTime": moment}
        assert site.client.call("PUT", f"{P1}/location", place).status == 200
        assert site.client.get(f"{P1}/location").status == 200

    def test_an_unmanaged_device_is_shown_as_such(self, site: Site) -> None:
        device = managed(site)
        assert ask(site, device, "mgmt/unmanage")[0][1]["rc"] == 200
        assert site.client.get(f"{P1}/mgmt").status == 404

    def test_a_device_tells_where_it_is(self, site: Site) -> None:
        place = {"longitude": 1.0, "latitude": 2.0, "measuredDateTime": "2016-01-01T00:00:00.123456+00:00"}
        assert ask(site, managed(site), "device/update/location", place)[0][1]["rc"] == 200
        assert devices.get(site.client.ports, site.org, site.client.fleet_id()).location == Location(2.0, 1.0)

    def test_a_device_reports_and_clears_its_troubles(self, site: Site) -> None:
        device = managed(site)
        ask(site, device, "add/diag/errorCodes", {"errorCode": 3})
        ask(
            site,
            device,
            "add/diag/log",
            {"message": "hot", "severity": 2, "data": "", "timestamp": "2016-01-01T00:00:00"},
        )
        assert [e["errorCode"] for e in site.client.get(f"{P1}/diag/errorCodes").body] == [3]
        assert [e["message"] for e in site.client.get(f"{P1}/diag/logs").body] == ["hot"]
        ask(site, device, "clear/diag/errorCodes")
        ask(site, device, "clear/diag/log")
        assert site.client.get(f"{P1}/diag/errorCodes").body == site.client.get(f"{P1}/diag/logs").body == []

    @pytest.mark.parametrize(
        ("operation", "body"),
        [
            ("mgmt/manage", {"lifetime": 5}),
            ("mgmt/manage", []),
            ("device/update/location", {"latitude": 100, "longitude": 0}),
            ("add/diag/errorCodes", {"errorCode": "x"}),
            ("add/diag/log", {"message": "hot", "severity": 3}),
        ],
    )
    def test_a_request_that_makes_no_sense_is_answered_with_400(self, site: Site, operation: str, body: Any) -> None:
        ((topic, told),) = ask(site, site.device(), operation, body)
        assert (topic, told["rc"], told["reqId"]) == ("iotdm-1/response", 400, "r1")
        assert len(site.complaints()) == 1

    @pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'{"d":1', b"null"])
    def test_what_is_no_request_goes_to_the_audit_log(self, site: Site, raw: bytes) -> None:
        device = site.device()
        site.publish(device, "iotdevice-1/mgmt/manage", raw)
        assert site.received(device) == []
        assert len(site.complaints()) == 1

    def test_an_unknown_operation_goes_to_the_audit_log(self, site: Site) -> None:
        assert ask(site, site.device(), "mgmt/explode") == []
        assert len(site.complaints()) == 1


class TestRequests:
    def test_a_reboot_is_complete_when_the_device_is_managed_again(self, site: Site) -> None:
        device = managed(site)
        request = initiated(site, "device/reboot")
        assert site.received(device) == [("iotdm-1/mgmt/initiate/device/reboot", {"reqId": request})]
        answer(site, device, request, 202)
        assert status(site, request) == (0, False)
        ask(site, device, "mgmt/manage", {"supports": SUPPORTS})
        assert status(site, request) == (0, True)
        assert site.client.get(f"{REQUESTS}/{request}").body["complete"] is True

    @pytest.mark.parametrize("code", [500, 501])
    def test_a_refused_action_has_failed(self, site: Site, code: int) -> None:
        device = managed(site)
        request = initiated(site, "device/factoryReset")
        answer(site, device, request, code)
        body = site.client.get(f"{REQUESTS}/{request}/deviceStatus").body["results"][0]
        assert (body["status"], body["complete"], body["message"]) == (1, True, "said so")

    def test_a_download_goes_through_its_steps(self, site: Site) -> None:
        device = managed(site)
        request = initiated(site, "firmware/download", [{"name": "uri", "value": "https://x/fw"}])
        ((topic, body),) = site.received(device)
        (change,) = body["d"]["fields"]
        assert (topic, change["field"], change["value"]["uri"]) == (
            "iotdm-1/device/update",
            "mgmt.firmware",
            "https://x/fw",
        )
        assert [t for t, _ in answer(site, device, request, 204)] == ["iotdm-1/observe"]
        assert [t for t, _ in answer(site, device, request, 200)] == ["iotdm-1/mgmt/initiate/firmware/download"]
        assert answer(site, device, request, 202) == []
        for state in (1, 2):
            fields = [{"field": "mgmt.firmware", "value": {"state": state}}]
            site.publish(device, "iotdevice-1/notify", {"d": {"fields": fields}})
        assert [t for t, _ in site.received(device)] == ["iotdm-1/cancel"]
        assert status(site, request) == (0, True)
        assert site.client.get(f"{P1}/mgmt").body["firmware"]["state"] == 2

    @pytest.mark.parametrize(
        "value", [{"state": 99}, {"state": -1}, {"updateStatus": 7}, {"state": 1.5}, {"state": "9"}]
    )
    def test_a_state_that_there_is_not_changes_nothing(self, site: Site, value: dict[str, Any]) -> None:
        device = managed(site)
        for said in ({"state": 1, "updateStatus": 0}, value):
            fields = [{"field": "mgmt.firmware", "value": said}]
            site.publish(device, "iotdevice-1/notify", {"d": {"fields": fields}})
        firmware = site.client.get(f"{P1}/mgmt").body["firmware"]
        assert (firmware["state"], firmware["updateStatus"]) == (1, 0)

    def test_a_failed_update_tells_why(self, site: Site) -> None:
        device = managed(site)
        request = initiated(site, "firmware/update")
        answer(site, device, request, 200)
        answer(site, device, request, 202)
        fields = [{"field": "mgmt.firmware", "value": {"state": 0, "updateStatus": 4}}]
        site.publish(device, "iotdevice-1/notify", {"d": {"fields": fields}})
        assert status(site, request) == (1, True)

    def test_a_device_that_was_away_gets_its_step_when_it_is_back(self, site: Site) -> None:
        device = managed(site)
        request = initiated(site, "device/reboot")
        site.received(device)
        got = ask(site, device, "mgmt/manage", {"supports": SUPPORTS})
        assert ("iotdm-1/mgmt/initiate/device/reboot", {"reqId": request}) in got

    def test_a_device_that_does_not_support_it_is_not_asked(self, site: Site) -> None:
        site.device()
        assert site.client.call("POST", REQUESTS, {"action": "device/reboot", "devices": ONE}).status == 403

    def test_requests_are_listed_and_cleared(self, site: Site) -> None:
        managed(site)
        request = initiated(site, "device/reboot")
        assert [r["id"] for r in site.client.get(REQUESTS).body["results"]] == [request]
        assert site.client.call("DELETE", f"{REQUESTS}/{request}").status == 204
        assert site.client.get(f"{REQUESTS}/{request}").status == 404

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"action": "explode", "devices": ONE},
            {"action": "device/reboot", "devices": []},
            {"action": "device/reboot"},
        ],
    )
    def test_a_request_that_is_none_is_refused(self, site: Site, body: Any) -> None:
        assert site.client.call("POST", REQUESTS, body).status == 400

    def test_another_organization_neither_sees_nor_answers_a_request(self, site: Site) -> None:
        managed(site)
        request = initiated(site, "device/reboot")
        other = Site(Client(site.client.ports, "globex"))
        theirs = managed(other)
        assert other.client.get(f"{REQUESTS}/{request}").status == 404
        answer(other, theirs, request, 202)
        ask(other, theirs, "mgmt/manage", {})
        assert status(site, request) == (0, False)

    @pytest.mark.parametrize(
        "body",
        [
            {"rc": 200, "reqId": "nothing"},
            {"rc": 200, "reqId": ""},
            {"rc": 200, "reqId": "x" * 5000},
            {"rc": 200, "reqId": ["a"]},
            {"rc": "x"},
        ],
    )
    def test_a_stray_answer_changes_nothing_and_is_told(self, site: Site, body: Any) -> None:
        device = managed(site)
        site.publish(device, "iotdevice-1/response", body)
        assert (site.received(device), len(site.complaints())) == ([], 1)

    @pytest.mark.parametrize("body", [{"rc": 200, "reqId": "0" * 24}, {"rc": 204}, {"rc": 204, "reqId": None}])
    def test_an_answer_to_what_is_not_waited_for_is_no_error(self, site: Site, body: Any) -> None:
        device = managed(site)
        site.publish(device, "iotdevice-1/response", body)
        assert (site.received(device), site.complaints()) == ([], [])

    @pytest.mark.parametrize("code", [202, 202.0, "202"])
    def test_a_status_is_a_number_however_it_is_spelt(self, site: Site, code: Any) -> None:
        device = managed(site)
        request = initiated(site, "device/reboot")
        answer(site, device, request, code)
        ask(site, device, "mgmt/manage", {})
        assert status(site, request) == (0, True)


class TestNotices:
    """A managed device hears what others change about it."""

    PLACE: ClassVar = {"latitude": 2.0, "longitude": 1.0, "measuredDateTime": "2016-01-01T00:00:00.000Z"}

    @pytest.mark.parametrize(
        ("path", "body", "field", "value"),
        [
            (f"{P1}/location", PLACE, "location", PLACE),
            (P1, {"metadata": {"room": 7}}, "metadata", {"room": 7}),
            (P1, {"deviceInfo": {"fwVersion": "2"}}, "deviceInfo", {"model": "P", "fwVersion": "2"}),
            (f"{V1}/devices/pump/p1", {"metadata": {"room": 7}}, "metadata", {"room": 7}),
        ],
    )
    def test_it_is_told_of_its_new_value(self, site: Site, path: str, body: Any, field: str, value: Any) -> None:
        device = managed(site, deviceInfo={"model": "P"})
        site.received(device)
        assert site.client.call("PUT", path, body).status == 200
        ((topic, told),) = site.received(device)
        assert (topic, told["d"]) == ("iotdm-1/device/update", {"fields": [{"field": field, "value": value}]})
        assert ("reqId" in told) is (field != "location")
        assert answer(site, device, told.get("reqId", "none"), 204) == []

    def test_it_is_told_once_and_of_changes_alone(self, site: Site) -> None:
        device = managed(site)
        site.received(device)
        for _ in range(2):
            site.client.call("PUT", P1, {"metadata": {"room": 7}, "extensions": {"x": 1}})
        assert len(site.received(device)) == 1

    def test_what_it_says_of_itself_it_is_not_told(self, site: Site) -> None:
        device = managed(site)
        site.received(device)
        assert [topic for topic, _ in ask(site, device, "device/update/location", self.PLACE)] == ["iotdm-1/response"]

    def test_who_is_not_managed_is_told_nothing(self, site: Site) -> None:
        device = site.device()
        site.client.call("PUT", f"{P1}/location", self.PLACE)
        assert site.received(device) == []
        asleep = managed_again(site, device)
        site.client.ports.clock.advance(seconds=3_600)
        site.client.call("PUT", f"{P1}/location", self.PLACE)
        assert site.received(asleep) == []


def managed_again(site: Site, device: str) -> str:
    ask(site, device, "mgmt/manage", {"lifetime": 3600, "supports": SUPPORTS})
    return device
