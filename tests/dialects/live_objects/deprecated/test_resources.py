"""Resources of an asset, and what they were called before: firmwares."""

import base64
import hashlib

import pytest

from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

URN = "urn:lo:nsid:sensor:temp001"
RM = "/api/v0/rm"
OF_ASSET = f"{RM}/asset/sensor/temp001"
TARGET = f"{OF_ASSET}/resource/fw/targetversion"
FIRMWARE = b"\x7fELF"
CHECKSUM = base64.b64encode(hashlib.md5(FIRMWARE, usedforsecurity=False).digest()).decode()


@pytest.fixture
def resource(client: Client, asset: str) -> str:
    """A resource with two versions, and the asset that may have it."""
    assert client.call("POST", RM, {"resourceId": "fw"}).status == 200
    for number in ("1.0", "1.1"):
        body = {
            "resourceVersionId": number,
            "checksum": CHECKSUM,
            "file": base64.b64encode(FIRMWARE).decode(),
        }
        assert client.call("POST", f"{RM}/fw/version", body).status == 200
    return asset


class TestResources:
    @pytest.mark.usefixtures("resource")
    def test_a_version_is_requested_of_an_asset(self, client: Client) -> None:
        made = client.call("PUT", TARGET, {"targetVersion": "1.0"})
        assert made.status == 200
        assert made.body == {
            "tenantId": client.tenant.id,
            "assetIdNamespace": "sensor",
            "assetId": "temp001",
            "resourceId": "fw",
            "targetVersion": "1.0",
            "targetVersionTs": START,
        }
        listed = client.get(OF_ASSET).body
        assert (listed["totalCount"], listed["data"]) == (1, [made.body])

    @pytest.mark.usefixtures("resource")
    @pytest.mark.parametrize(
        ("path", "version", "code"),
        [
            (TARGET, "9", "DM_RESOURCE_VERSION_NOT_FOUND"),
            (TARGET.replace("/fw/", "/none/"), "1.0", "DM_RESOURCE_NOT_FOUND"),
            (TARGET.replace("temp001", "none"), "1.0", "DM_DEVICE_NOT_FOUND"),
        ],
    )
    def test_what_is_not_there_is_not_found(self, client: Client, path: str, version: str, code: str) -> None:
        reply = client.call("PUT", path, {"targetVersion": version})
        assert (reply.status, reply.code) == (404, code)

    @pytest.mark.usefixtures("resource")
    def test_updates_are_told_newest_first(self, client: Client) -> None:
        assert client.get(f"{OF_ASSET}/update").status == 404
        for version in ("1.0", "1.1"):
            client.call("PUT", TARGET, {"targetVersion": version})
        history = client.get(f"{OF_ASSET}/update/history").body
        assert [update["requestedVersion"] for update in history["data"]] == ["1.1", "1.0"]
        assert [update["status"] for update in history["data"]] == ["PENDING", "CANCELED"]
        assert client.get(f"{OF_ASSET}/update", resourceId="fw").body == history["data"][0]
        assert "resourceId" not in history["data"][0]

    @pytest.mark.usefixtures("resource")
    def test_an_update_under_way_is_canceled(self, client: Client) -> None:
        assert client.call("POST", f"{OF_ASSET}/cancelUpdate").status == 409
        client.call("PUT", TARGET, {"targetVersion": "1.0"})
        assert client.call("POST", f"{OF_ASSET}/cancelUpdate").status == 200
        assert client.get(f"{OF_ASSET}/update").body["status"] == "CANCELED"


class TestFirmwares:
    FIRMWARES = f"{DEVICES}/{URN}/firmwares"

    @pytest.mark.usefixtures("resource")
    def test_a_firmware_is_a_resource(self, client: Client) -> None:
        made = client.call("POST", f"{self.FIRMWARES}/fw", {"version": "1.0", "notifyTo": "fifo/told"})
        assert made.status == 200
        assert client.get(f"{self.FIRMWARES}/fw").body == made.body
        assert client.get(self.FIRMWARES).body == client.get(f"{DEVICES}/{URN}/resources").body
        latest = client.get(f"{self.FIRMWARES}/fw/lastUpdate").body
        assert (latest["requestedVersion"], latest["notifyTo"]) == ("1.0", "fifo/told")

    @pytest.mark.usefixtures("resource")
    def test_its_updates_are_a_list_by_pages(self, client: Client) -> None:
        for version in ("1.0", "1.1"):
            client.call("POST", f"{self.FIRMWARES}/fw", {"version": version})
        reply = client.call(
            "GET", f"{DEVICES}/{URN}/firmwareUpdates", page=1, size=1, headers={"X-Total-Count": "true"}
        )
        assert [update["requestedVersion"] for update in reply.body] == ["1.0"]
        assert reply.headers["X-Total-Count"] == "2"

    @pytest.mark.usefixtures("resource")
    def test_one_that_is_not_there_is_not_found(self, client: Client) -> None:
        assert client.get(f"{self.FIRMWARES}/none").status == 404
        assert client.get(f"{self.FIRMWARES}/fw/lastUpdate").status == 404
