"""Files that a device finds, the newest firmware, and commands that bring one (Get Files, Check for Updates)."""

import hashlib
from typing import Any

import pytest

from chalicelib.dialects.xyte import files, identities
from chalicelib.fleet.resources import catalog
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from tests.dialects.xyte.claimed import Owned, owning
from tests.fakes import MemoryPorts

CONTENT = b"firmware"


@pytest.fixture
def owned() -> Owned:
    return owning(name="acme")


def add(ports: MemoryPorts, tenant: str, *versions: str, name: str = "fw", **metadata: str) -> None:
    now = ports.clock.now()
    catalog.create(ports, Resource(tenant, name, now, now, label="Firmware", metadata=metadata))
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    for version in versions:
        ports.clock.advance(ms=1)
        made = ResourceVersion(tenant, name, version, ports.clock.now(), now, md5, 0, f"files/{name}/{version}")
        catalog.add_version(ports, made, CONTENT)


def listed(owned: Owned) -> list[Any]:
    reply = owned.device.call("GET", "/files")
    assert reply.status == 200
    return list(reply.body)


def newest(owned: Owned) -> str | None:
    found = identities.find(owned.ports, owned.device.id)
    assert found is not None
    file = files.newest_firmware(owned.ports, found)
    return file.version.id if file else None


@pytest.mark.row("I5")
def test_a_device_finds_the_files_of_its_model(owned: Owned) -> None:
    add(owned.ports, owned.tenant, "2.0.0", "2.1.0", models=f"other, {owned.model.upper()}", public_notes="Faster.")
    add(owned.ports, owned.tenant, "1", name="elsewhere", models="other")
    first, second = listed(owned)
    assert (first["version"], second["version"]) == ("2.0.0", "2.1.0")
    assert first == {
        "id": first["id"],
        "name": "Firmware",
        "url": "https://files.test/files/fw/2.0.0?for=3600",
        "desc": None,
        "file_type": "firmware",
        "version": "2.0.0",
        "checksum": hashlib.md5(CONTENT, usedforsecurity=False).hexdigest(),
        "signature": None,
        "created_at": first["created_at"],
        "public_notes": "Faster.",
    }
    assert owned.device.call("GET", f"/files/{second['id']}").body == second
    assert owned.device.call("GET", "/files/none").status == 404


def test_files_may_be_for_one_device_alone(owned: Owned) -> None:
    add(owned.ports, owned.tenant, "1", devices=owned.device.id)
    other = owned.another(mac="00:00:00:00:00:02", sn="SN-2")
    assert (len(listed(owned)), listed(other)) == (1, [])
    assert other.device.call("GET", f"/files/{listed(owned)[0]['id']}").status == 404


def test_nobody_but_maker_and_owner_has_files_for_a_device(owned: Owned) -> None:
    stranger = owning(ports=owned.ports, name="strangers", mac="00:00:00:00:00:03", sn="SN-3")
    add(owned.ports, stranger.tenant, "9.0.0", models=owned.model, devices=owned.device.id)
    assert (listed(owned), newest(owned)) == ([], None)


@pytest.mark.parametrize(
    ("versions", "found"),
    [
        (["1.2.3"], None),
        (["1.2.4"], "1.2.4"),
        (["1.10.0", "1.9.0"], "1.10.0"),
        (["1.2.4-rc.1", "1.2.4-rc.2"], "1.2.4-rc.2"),
        (["1.2.4", "1.2.4-rc.2"], "1.2.4"),
        (["1.2.4-rc.10", "1.2.4-rc.9", "1.2.4-1"], "1.2.4-rc.10"),
        (["newest", "2"], None),
        ([], None),
    ],
)
def test_the_highest_version_above_the_present_one_is_the_newest(
    owned: Owned, versions: list[str], found: str | None
) -> None:
    add(owned.ports, owned.tenant, *versions, models="Pump")
    assert newest(owned) == found


def test_what_is_no_firmware_is_never_the_newest(owned: Owned) -> None:
    add(owned.ports, owned.tenant, "9.9.9", models="Pump", file_type="manual")
    assert newest(owned) is None
    assert listed(owned)[0]["file_type"] == "manual"


def test_a_device_that_has_reported_no_version_is_told_of_any() -> None:
    owned = owning(api_version="1.0.0")
    bare = owned.another(mac="00:00:00:00:00:02", sn="SN-2", firmware_version=None)
    add(owned.ports, owned.tenant, "0.0.1", models="Pump")
    assert newest(bare) == "0.0.1"


def test_a_command_brings_the_file_with_a_url_of_its_own_each_time(owned: Owned) -> None:
    add(owned.ports, owned.tenant, "2.0.0", models="Pump", signature="abc")
    file = listed(owned)[0]
    path = f"/core/v1/organization/devices/{owned.device.id}/commands"
    owned.organization.made(path, {"name": "update_firmware", "file_id": file["id"], "extra_params": {"when": "now"}})
    shown = owned.device.call("GET", "/command").body
    assert shown["parameters"] == {
        "when": "now",
        "url": file["url"],
        "version": "2.0.0",
        "checksum": file["checksum"],
        "file_id": file["id"],
        "signature": "abc",
    }
    catalog.delete(owned.ports, owned.tenant, "fw")
    assert owned.device.call("GET", "/command").body["parameters"] == {"when": "now"}


def test_a_version_whose_file_is_not_there_yet_is_shown_when_it_is(owned: Owned) -> None:
    now, ports = owned.ports.clock.now(), owned.ports
    catalog.create(ports, Resource(owned.tenant, "fw", now, now, metadata={"models": "Pump"}))
    md5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    catalog.announce_version(ports, ResourceVersion(owned.tenant, "fw", "2.0.0", now, now, md5, len(CONTENT), "f"))
    assert (listed(owned), newest(owned)) == ([], None)
    ports.files.put("f", CONTENT)
    assert [one["version"] for one in listed(owned)] == ["2.0.0"]
    assert newest(owned) == "2.0.0"
