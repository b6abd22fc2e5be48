"""The resource manager, resources of devices, and what goes over MQTT (manual 6.5.8)."""

import base64
import hashlib
import json
from typing import Any

import pytest

from chalicelib.dialects.live_objects import codec, mqtt
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.resources.updates import Offer
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

pytestmark = pytest.mark.row("D3")
RM = "/api/v0/rm"
URN = "urn:lo:nsid:sensor:1"
RESOURCES = f"{DEVICES}/{URN}/resources"
FIRMWARE = b"\x7fELF and so on"
CHECKSUM = base64.b64encode(hashlib.md5(FIRMWARE, usedforsecurity=False).digest()).decode()
ROUTE = Route("live_objects", URN, "mqtt", URN, "s1")


def version(number: str, **more: Any) -> dict[str, Any]:
    return {
        "resourceVersionId": number,
        "checksum": CHECKSUM,
        "file": base64.b64encode(FIRMWARE).decode(),
        **more,
    }


@pytest.fixture
def client() -> Client:
    client = Client()
    devices.register(client.ports, Device(client.tenant.id, URN, START, START))
    assert client.call("POST", RM, {"resourceId": "fw", "label": "Firmware"}).status == 200
    for number in ("1.0", "1.1"):
        assert client.call("POST", f"{RM}/fw/version", version(number)).status == 200
    return client


def say(client: Client, topic: str, body: Any) -> None:
    claim = Claim(URN, client.tenant.id, "live_objects", "device", "k", START, URN, "mqtt")
    mqtt.receive(client.ports, claim, Uplink(topic, json.dumps(body).encode(), START, "e"))


def latest(client: Client) -> dict[str, Any]:
    body: dict[str, Any] = client.get(f"{RESOURCES}/fw/updates/latest").body
    return body


def cid(client: Client) -> int:
    (update,) = client.ports.resources.rows[client.tenant.id, URN].updates[-1:]
    return update.correlation


class TestResourceManager:
    def test_a_resource_is_shown_as_it_was_added(self, client: Client) -> None:
        assert client.get(f"{RM}/fw").body == {
            "tenantId": client.tenant.id,
            "resourceId": "fw",
            "label": "Firmware",
            "connector": "http-updater",
            "metadata": {},
            "versionAliases": {},
            "creationTs": START,
            "updateTs": START,
        }
        assert client.get(RM).body["totalCount"] == 1

    def test_a_resource_is_changed_and_deleted(self, client: Client) -> None:
        changed = client.call("PUT", f"{RM}/fw", {"description": "d", "versionAliases": {"prod": "1.1"}})
        assert (changed.body["label"], changed.body["versionAliases"]) == ("Firmware", {"prod": "1.1"})
        assert client.call("DELETE", f"{RM}/fw").status == 200
        for path in (f"{RM}/fw", f"{RM}/fw/version"):
            assert (client.get(path).status, client.get(path).code) == (404, "DM_RESOURCE_NOT_FOUND")

    def test_a_version_is_shown_without_its_file(self, client: Client) -> None:
        shown = client.get(f"{RM}/fw/version/1.0").body
        assert (shown["checksum"], shown["size"], shown["ready"]) == (CHECKSUM, len(FIRMWARE), True)
        assert "file" not in shown
        assert [v["resourceVersionId"] for v in client.get(f"{RM}/fw/version").body["data"]] == ["1.0", "1.1"]

    def test_a_version_is_changed_and_deleted(self, client: Client) -> None:
        path = f"{RM}/fw/version/1.1"
        assert client.call("PUT", path, {"compatibleVersions": ["1.0"]}).body["compatibleVersions"] == ["1.0"]
        assert client.get(f"{RM}/fw/compatibleVersion/1.0").body == ["1.1"]
        assert client.get(f"{RM}/fw/compatibleVersion/0.9").body == ["1.0"]
        assert client.call("DELETE", path).status == 200
        assert (client.get(path).status, client.get(path).code) == (404, "DM_RESOURCE_VERSION_NOT_FOUND")

    def test_a_second_one_of_the_name_is_a_conflict(self, client: Client) -> None:
        assert client.call("POST", RM, {"resourceId": "fw"}).status == 409
        assert client.call("POST", f"{RM}/fw/version", version("1.0")).status == 409

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (version("2", checksum=base64.b64encode(bytes(16)).decode()), "checksum"),
            (version("2", checksum="AAAA"), "checksum"),
            (version("2", checksum="%%%"), "checksum"),
            (version("2", file="%%%"), "file"),
            (version("2", size=3), "file"),
            ({"resourceVersionId": "2", "checksum": CHECKSUM}, "file"),
            (version(""), "resourceVersionId"),
            (version("a/b"), "resourceVersionId"),
        ],
    )
    def test_a_version_that_is_wrong_is_refused(self, client: Client, body: dict[str, Any], field: str) -> None:
        reply = client.call("POST", f"{RM}/fw/version", body)
        assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
        assert field in reply.body["message"]

    def test_a_big_file_is_uploaded_by_itself(self, client: Client) -> None:
        body = {"resourceVersionId": "2", "checksum": CHECKSUM, "size": len(FIRMWARE)}
        announced = client.call("POST", f"{RM}/fw/version", body).body
        assert announced["ready"] is False
        assert announced["uploadExpires"] == "2027-01-15T09:00:00.000Z"
        name = announced["uploadUrl"].removeprefix("https://files.test/").split("?")[0]
        assert client.call("POST", f"{RESOURCES}/fw", {"version": "2"}).status == 409
        client.ports.files.put(name, FIRMWARE)
        assert client.get(f"{RM}/fw/version/2").body["ready"] is True
        assert client.call("POST", f"{RESOURCES}/fw", {"version": "2"}).status == 200

    def test_the_connector_of_resources_is_http(self, client: Client) -> None:
        assert client.get(f"{RM}/connectors").body == ["http-updater"]
        assert client.get(f"{RM}/connectors/http-updater/metadata").body == {"mandatory": [], "optional": ["secured"]}
        assert client.get(f"{RM}/connectors/pigeon/metadata").status == 404

    def test_reading_and_writing_need_their_roles(self, client: Client) -> None:
        reader = client.key(Role.DEVICE_R)
        assert client.call("GET", RM, key=reader).status == 200
        assert client.call("POST", RM, {"resourceId": "x"}, key=reader).status == 403


class TestDeviceResources:
    def test_a_target_is_requested_reported_and_done(self, client: Client) -> None:
        say(client, "dev/rsc", {"rsc": {"fw": {"v": "1.0", "m": {"size": 3}}}})
        reply = client.call("POST", f"{RESOURCES}/fw", {"version": "1.1", "metadata": {"why": "bug"}})
        assert (reply.status, reply.body["requested"]["version"]) == (200, "1.1")
        assert reply.body["metadata"] == {"size": "3", "why": "bug"}
        update = latest(client)
        assert (update["initialVersion"], update["requestedVersion"], update["status"]) == ("1.0", "1.1", "PENDING")
        say(client, "dev/rsc", {"rsc": {"fw": {"v": "1.1"}}})
        assert (latest(client)["status"], latest(client)["progress"]) == ("DONE", 100.0)
        assert client.get(f"{RESOURCES}/fw").body["reported"]["version"] == "1.1"
        assert set(client.get(RESOURCES).body) == {"fw"}

    def test_what_the_device_has_is_answered_with_204(self, client: Client) -> None:
        say(client, "dev/rsc", {"rsc": {"fw": {"v": "1.1"}}})
        assert client.call("POST", f"{RESOURCES}/fw", {"version": "1.1"}).status == 204
        assert client.call("POST", f"{RESOURCES}/fw/updates", {"requestedVersion": "1.1"}).status == 204

    def test_an_update_is_started_listed_and_canceled(self, client: Client) -> None:
        started = client.call("POST", f"{RESOURCES}/fw/updates", {"requestedVersion": "1.1"})
        assert (started.status, started.body["status"]) == (201, "PENDING")
        client.call("POST", f"{RESOURCES}/fw/updates", {"requestedVersion": "1.0"})
        listed = client.call("GET", f"{RESOURCES}/updates", headers={"X-Total-Count": "true"})
        assert [u["requestedVersion"] for u in listed.body] == ["1.0", "1.1"]
        assert listed.headers["X-Total-Count"] == "2"
        assert [u["requestedVersion"] for u in client.get(f"{RESOURCES}/updates", latest="true").body] == ["1.0"]
        canceled = client.call("POST", f"{RESOURCES}/updates/fw/status", "CANCELED")
        assert (canceled.status, canceled.body["status"]) == (200, "CANCELED")
        assert client.call("POST", f"{RESOURCES}/updates/fw/status", "CANCELED").status == 409

    def test_a_request_is_withdrawn(self, client: Client) -> None:
        client.call("POST", f"{RESOURCES}/fw", {"version": "1.1"})
        assert client.call("DELETE", f"{RESOURCES}/fw/requested").status == 204
        assert "requested" not in client.get(f"{RESOURCES}/fw").body

    @pytest.mark.parametrize(
        ("path", "body", "status", "code"),
        [
            (f"{RESOURCES}/fw", {"version": "9"}, 404, "DM_RESOURCE_VERSION_NOT_FOUND"),
            (f"{RESOURCES}/nothing", {"version": "1.0"}, 404, "DM_RESOURCE_NOT_FOUND"),
            (f"{DEVICES}/urn:lo:nsid:no:no/resources/fw", {"version": "1.0"}, 404, "DM_DEVICE_NOT_FOUND"),
            (f"{RESOURCES}/fw", {}, 400, "GENERIC_INVALID_PARAMETER_ERROR"),
            (f"{RESOURCES}/fw", {"version": "1.0", "metadata": {"a": 1}}, 400, "GENERIC_INVALID_PARAMETER_ERROR"),
        ],
    )
    def test_what_cannot_be_is_refused(self, client: Client, path: str, body: Any, status: int, code: str) -> None:
        reply = client.call("POST", path, body)
        assert (reply.status, reply.code) == (status, code)

    def test_a_version_that_is_not_compatible_is_a_conflict(self, client: Client) -> None:
        client.call("PUT", f"{RM}/fw/version/1.1", {"compatibleVersions": ["1.0"]})
        say(client, "dev/rsc", {"rsc": {"fw": {"v": "0.9"}}})
        assert client.call("POST", f"{RESOURCES}/fw", {"version": "1.1"}).status == 409

    def test_a_device_without_the_resource_has_none(self, client: Client) -> None:
        assert client.get(RESOURCES).body == {}
        assert client.get(f"{RESOURCES}/fw").status == 404
        assert client.get(f"{RESOURCES}/fw/updates/latest").status == 404


class TestWire:
    def test_the_c_sdk_can_read_it(self) -> None:
        metadata = {"secured": "true", "board": "X11", "size": "wrong"}
        offer = Offer("u1", 7, "fw", None, "1.1", "https://x/y", "098f6bcd4621d373cade4e832627b4f6", 4, metadata)
        downlink = codec.resource(offer, ROUTE)
        assert downlink.topic == "dev/rsc/upd"
        assert list(json.loads(downlink.payload)) == ["id", "old", "new", "m", "cid"]
        assert json.loads(downlink.payload) == {
            "id": "fw",
            "old": "",
            "new": "1.1",
            "m": {"uri": "https://x/y", "size": "4", "md5": offer.md5, "board": "X11"},
            "cid": 7,
        }

    @pytest.mark.parametrize(
        ("said", "status", "code"),
        [
            ("OK", "ACCEPTED", None),
            ("BUSY", "PENDING", None),
            ("UNKNOWN_RESOURCE", "FAILED", "UNKNOWN_RESOURCE"),
            ("WRONG_SOURCE_VERSION", "FAILED", "WRONG_SOURCE_VERSION"),
            ("WRONG_TARGET_VERSION", "FAILED", "WRONG_TARGET_VERSION"),
            ("INVALID_RESOURCE", "FAILED", "INVALID_RESOURCE"),
            ("NOT_AUTHORIZED", "FAILED", "NOT_AUTHORIZED"),
            ("INTERNAL_ERROR", "FAILED", "INTERNAL_ERROR"),
        ],
    )
    def test_every_answer_of_a_device_is_understood(
        self, client: Client, said: str, status: str, code: str | None
    ) -> None:
        client.call("POST", f"{RESOURCES}/fw", {"version": "1.1"})
        say(client, "dev/rsc/upd/res", {"res": said, "cid": cid(client)})
        assert latest(client)["status"] == status
        assert latest(client).get("errorCode") == code
        assert latest(client).get("errorOrigin") == ("DEVICE" if code else None)

    def test_details_that_follow_a_refusal_belong_to_it(self, client: Client) -> None:
        client.call("POST", f"{RESOURCES}/fw", {"version": "1.1"})
        say(client, "dev/rsc/upd/res", {"res": "INVALID_RESOURCE", "cid": cid(client)})
        for _ in range(2):
            # The same event may come twice.
            say(client, "dev/rsc/upd/err", {"errorCode": "E7", "errorDetails": "bad CRC"})
        shown = latest(client)
        assert (shown["status"], shown["errorCode"]) == ("FAILED", "INVALID_RESOURCE")
        assert (shown["deviceErrorCode"], shown["errorDetails"]) == ("E7", "bad CRC")
        with pytest.raises(Malformed):
            say(client, "dev/rsc/upd/err", {"errorDetails": "another"})

    def test_details_long_after_a_refusal_belong_to_nothing(self, client: Client) -> None:
        client.call("POST", f"{RESOURCES}/fw", {"version": "1.1"})
        say(client, "dev/rsc/upd/res", {"res": "INVALID_RESOURCE", "cid": cid(client)})
        client.ports.clock.advance(seconds=3_600)
        with pytest.raises(Malformed):
            say(client, "dev/rsc/upd/err", {"errorDetails": "bad CRC"})

    @pytest.mark.parametrize("secured", [True, "true"])
    def test_metadata_may_be_true_or_false(self, client: Client, secured: Any) -> None:
        reply = client.call("POST", f"{RESOURCES}/fw", {"version": "1.1", "metadata": {"secured": secured}})
        assert reply.body["metadata"]["secured"] == "true"

    def test_a_custom_error_is_cut_where_the_manual_cuts_it(self, client: Client) -> None:
        client.call("POST", f"{RESOURCES}/fw", {"version": "1.1"})
        say(client, "dev/rsc/upd/err", {"errorCode": "C" * 300, "errorDetails": "bad CRC"})
        assert (latest(client)["status"], latest(client)["errorDetails"]) == ("FAILED", "bad CRC")
        assert latest(client)["deviceErrorCode"] == "C" * 256

    @pytest.mark.parametrize(
        ("topic", "body"),
        [
            ("dev/rsc", {}),
            ("dev/rsc", {"rsc": {"fw": {"v": 1}}}),
            ("dev/rsc", {"rsc": {str(n): {"v": "1"} for n in range(51)}}),
            ("dev/rsc/upd/res", {"res": "OK", "cid": 1}),
            ("dev/rsc/upd/res", {"res": "MAYBE", "cid": 1}),
            ("dev/rsc/upd/res", {"res": ["OK"], "cid": 1}),
            ("dev/rsc/upd/err", {"errorDetails": "nothing was asked for"}),
        ],
    )
    def test_what_makes_no_sense_is_refused_with_a_reason(self, client: Client, topic: str, body: Any) -> None:
        with pytest.raises(Malformed):
            say(client, topic, body)

    def test_the_good_part_of_a_report_counts(self, client: Client) -> None:
        with pytest.raises(Malformed):
            say(client, "dev/rsc", {"rsc": {"fw": {"v": "1.0"}, "modem": {"v": 4}}})
        assert set(client.get(RESOURCES).body) == {"fw"}
