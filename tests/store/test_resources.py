from dataclasses import replace

import pytest

from chalicelib.fleet.errors import TooLarge
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.resources.updates import (
    DeviceResource,
    DeviceResources,
    Failure,
    Origin,
    ResourceUpdate,
    UpdateStatus,
    VersionAt,
)

URN = "urn:lo:nsid:a:b"


def resource(tenant: str) -> Resource:
    return Resource(tenant, "fw#1", 1, 2, label="l", metadata={"a": "b"}, aliases={"prod": "1"})


def version(tenant: str, name: str = "1.0") -> ResourceVersion:
    return ResourceVersion(tenant, "fw#1", name, 1, 2, "ab" * 16, 7, "f", compatible=("0.9",), ready=False)


def test_a_resource_is_read_as_it_was_written(ports: Ports, tenant: str) -> None:
    assert ports.catalog.create(resource(tenant))
    assert not ports.catalog.create(resource(tenant))
    assert ports.catalog.get(tenant, "fw#1") == resource(tenant)
    assert ports.catalog.all(tenant) == [resource(tenant)]


def test_of_two_changes_one_comes_through(ports: Ports, tenant: str) -> None:
    ports.catalog.create(resource(tenant))
    assert ports.catalog.replace(resource(tenant), replace(resource(tenant), label="first"))
    assert not ports.catalog.replace(resource(tenant), replace(resource(tenant), label="second"))


def test_a_version_needs_its_resource(ports: Ports, tenant: str) -> None:
    assert not ports.catalog.add_version(version(tenant))
    ports.catalog.create(resource(tenant))
    assert ports.catalog.add_version(version(tenant))
    assert not ports.catalog.add_version(version(tenant))
    assert ports.catalog.version(tenant, "fw#1", "1.0") == version(tenant)


def test_versions_are_listed_changed_and_deleted(ports: Ports, tenant: str) -> None:
    ports.catalog.create(resource(tenant))
    for name in ("1.0", "1.1"):
        ports.catalog.add_version(version(tenant, name))
    ports.catalog.delete_version(version(tenant))
    (left,) = ports.catalog.versions(tenant, "fw#1")
    assert ports.catalog.replace_version(left, replace(left, ready=True))
    assert not ports.catalog.replace_version(left, left)
    changed = ports.catalog.version(tenant, "fw#1", "1.1")
    assert changed is not None
    assert changed.ready


def test_a_deleted_version_is_not_written_back(ports: Ports, tenant: str) -> None:
    ports.catalog.create(resource(tenant))
    ports.catalog.add_version(version(tenant))
    ports.catalog.delete_version(version(tenant))
    assert not ports.catalog.replace_version(version(tenant), version(tenant))


def test_what_a_device_has_is_read_as_it_was_written(ports: Ports, tenant: str) -> None:
    update = ResourceUpdate(
        "u1",
        "fw",
        "2",
        1,
        2,
        status=UpdateStatus.FAILED,
        metadata={"a": "b"},
        sent_to="s",
        failure=Failure(Origin.DEVICE, "E", "D", "d"),
    )
    known = DeviceResource(VersionAt("1", 1), VersionAt("2", 2), {"m": "v"})
    written = DeviceResources(tenant, URN, 0, {"fw": known}, (update,))
    empty = DeviceResources(tenant, URN)
    assert ports.resources.replace(empty, written)
    assert not ports.resources.replace(empty, written)
    assert ports.resources.get(tenant, URN) == replace(written, revision=1)


def test_a_deleted_device_leaves_none(ports: Ports, tenant: str) -> None:
    devices.register(ports, Device(tenant, URN, 1, 1))
    ports.resources.replace(DeviceResources(tenant, URN), DeviceResources(tenant, URN, 0, {"fw": DeviceResource()}))
    devices.delete(ports, tenant, URN)
    assert ports.resources.get(tenant, URN) is None


def test_more_than_an_item_holds_is_refused(dynamodb: Ports) -> None:
    tenant = dynamodb.chance(3).hex()
    huge = {f"fw{n}": DeviceResource(metadata={"m": "x" * 20_000}) for n in range(20)}
    with pytest.raises(TooLarge):
        dynamodb.resources.replace(DeviceResources(tenant, URN), DeviceResources(tenant, URN, 0, huge))


def test_resources_that_say_for_which_devices_they_are_are_found_with_their_versions(ports: Ports, tenant: str) -> None:
    assert ports.catalog.targeted(tenant) == ()
    ports.catalog.create(resource(tenant))
    assert ports.catalog.targeted(tenant) == ()
    named = replace(resource(tenant), id="named", metadata={"models": "Pump-1, pump-2", "devices": "x"})
    ports.catalog.create(named)
    second = replace(version(tenant, "0.9"), resource="named", created=5)
    for each in (second, replace(second, id="1.0", created=4)):
        ports.catalog.add_version(each)
    (found,) = ports.catalog.targeted(tenant)
    assert (found.resource, [v.id for v in found.versions]) == (named, ["1.0", "0.9"])
    ports.catalog.delete_version(second)
    assert [len(one.versions) for one in ports.catalog.targeted(tenant)] == [1]
    assert found.reaches(models=["PUMP-2"], devices=[])
    assert found.reaches(models=[], devices=["X"])
    assert not found.reaches(models=["pump-3", ""], devices=["pump-1"])
