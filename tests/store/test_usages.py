"""What is stored is counted in the same write, by the tables as by their fakes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from chalicelib.fleet.access.records import ApiKey, User
from chalicelib.fleet.errors import DeviceDuplicate, GroupNotFound, InterfaceDuplicate, QuotaReached, UserDuplicate
from chalicelib.fleet.events.records import ActionPolicy
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues.records import Queue
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.tenancy.records import Share, Stored, Usage

AT = 1_000


def share(tenant: str, stored: Stored, most: int, amount: int = 1, since: int = AT) -> Share:
    return Share(tenant, stored, most, since, amount)


def counted(ports: Ports, tenant: str, stored: Stored, used: int = 0) -> None:
    assert ports.usages.replace(ports.usages.get(tenant, stored), Usage(tenant, stored, used, AT))


def used(ports: Ports, tenant: str, stored: Stored) -> int:
    usage = ports.usages.get(tenant, stored)
    assert usage is not None
    return usage.used


def device(tenant: str, number: int) -> Device:
    interface = Interface("mqtt", f"n{number}", "d", 1, 1)
    return Device(tenant, f"d{number}", 1, 1, interfaces=(interface,), tags=("a", "b"))


def user(tenant: str, number: int) -> User:
    return User(tenant, f"u{number}", f"u{number}-{tenant}", f"u{number}-{tenant}@example.com", frozenset(), 1)


def version(tenant: str, number: int) -> ResourceVersion:
    return ResourceVersion(tenant, "r", f"v{number}", 1, 1, "", 7, "f")


MAKING: dict[Stored, Callable[[Ports, str, int, Share | None], object]] = {
    Stored.DEVICES: lambda p, t, n, s: p.devices.create(device(t, n), s),
    Stored.KEYS: lambda p, t, n, s: p.keys.put(ApiKey(t, f"{n:024}", frozenset(), 1), s),
    Stored.USERS: lambda p, t, n, s: p.users.create(user(t, n), s),
    Stored.RESOURCES: lambda p, t, n, s: p.catalog.create(Resource(t, f"r{n}", 1, 1), s),
    Stored.RESOURCE_BYTES: lambda p, t, n, s: p.catalog.add_version(version(t, n), s),
    Stored.POLICIES: lambda p, t, n, s: p.policies.create(ActionPolicy(t, f"p{n}", "d", "n", 1), s),
    Stored.QUEUES: lambda p, t, n, s: p.queues.create(Queue(t, f"q{n}", "i", 1), s),
}
REMOVING: dict[Stored, Callable[[Ports, str, int, Share | None], object]] = {
    Stored.DEVICES: lambda p, t, n, s: p.devices.delete(device(t, n), s),
    Stored.KEYS: lambda p, t, n, s: p.keys.delete(t, f"{n:024}", s),
    Stored.USERS: lambda p, t, n, s: p.users.delete(user(t, n), s),
    Stored.RESOURCES: lambda p, t, n, s: p.catalog.delete(t, f"r{n}", s),
    Stored.RESOURCE_BYTES: lambda p, t, n, s: p.catalog.delete_version(version(t, n), s),
    Stored.POLICIES: lambda p, t, n, s: p.policies.delete(t, f"p{n}", s),
    Stored.QUEUES: lambda p, t, n, s: p.queues.delete(Queue(t, f"q{n}", "i", 1), s),
}
KINDS = pytest.mark.parametrize("stored", MAKING)


@pytest.fixture(autouse=True)
def with_a_resource(ports: Ports, tenant: str) -> None:
    ports.catalog.create(Resource(tenant, "r", 1, 1))


@KINDS
def test_there_is_room_up_to_the_limit(ports: Ports, tenant: str, stored: Stored) -> None:
    counted(ports, tenant, stored)
    for number in (1, 2):
        MAKING[stored](ports, tenant, number, share(tenant, stored, 2))
    with pytest.raises(QuotaReached):
        MAKING[stored](ports, tenant, 3, share(tenant, stored, 2))
    assert used(ports, tenant, stored) == 2


@KINDS
def test_what_does_not_fit_is_not_stored_at_all(ports: Ports, tenant: str, stored: Stored) -> None:
    counted(ports, tenant, stored)
    with pytest.raises(QuotaReached):
        MAKING[stored](ports, tenant, 1, share(tenant, stored, 0))
    MAKING[stored](ports, tenant, 1, share(tenant, stored, 1))
    assert used(ports, tenant, stored) == 1


@KINDS
def test_a_removal_gives_back_once(ports: Ports, tenant: str, stored: Stored) -> None:
    counted(ports, tenant, stored)
    wanted = share(tenant, stored, 9)
    MAKING[stored](ports, tenant, 1, wanted)
    for _ in range(2):
        REMOVING[stored](ports, tenant, 1, wanted)
        assert used(ports, tenant, stored) == 0


@KINDS
def test_without_a_count_that_tells_nothing_is_stored(ports: Ports, tenant: str, stored: Stored) -> None:
    with pytest.raises(QuotaReached):
        MAKING[stored](ports, tenant, 1, share(tenant, stored, 9))
    counted(ports, tenant, stored)
    with pytest.raises(QuotaReached):
        MAKING[stored](ports, tenant, 1, share(tenant, stored, 9, since=AT + 1))
    MAKING[stored](ports, tenant, 1, share(tenant, stored, 9))


def test_a_removal_without_a_count_makes_none_that_tells(ports: Ports, tenant: str) -> None:
    MAKING[Stored.USERS](ports, tenant, 1, None)
    REMOVING[Stored.USERS](ports, tenant, 1, share(tenant, Stored.USERS, 9))
    usage = ports.usages.get(tenant, Stored.USERS)
    assert usage is not None
    assert not usage.tells(share(tenant, Stored.USERS, 9))
    assert ports.usages.replace(usage, Usage(tenant, Stored.USERS, 0, AT))


def test_larger_things_take_more(ports: Ports, tenant: str) -> None:
    counted(ports, tenant, Stored.RESOURCE_BYTES, 10)
    ports.catalog.add_version(version(tenant, 1), share(tenant, Stored.RESOURCE_BYTES, 20, amount=7))
    with pytest.raises(QuotaReached):
        ports.catalog.add_version(version(tenant, 2), share(tenant, Stored.RESOURCE_BYTES, 20, amount=7))
    ports.catalog.delete_version(version(tenant, 1), share(tenant, Stored.RESOURCE_BYTES, 20, amount=7))
    assert used(ports, tenant, Stored.RESOURCE_BYTES) == 10


def test_what_is_there_already_is_told_before_the_limit(ports: Ports, tenant: str) -> None:
    ports.devices.create(device(tenant, 1))
    ports.users.create(user(tenant, 1))
    for stored in (Stored.DEVICES, Stored.USERS, Stored.QUEUES, Stored.RESOURCES):
        counted(ports, tenant, stored, 1)
    full = {stored: share(tenant, stored, 1) for stored in Stored}
    with pytest.raises(DeviceDuplicate):
        ports.devices.create(device(tenant, 1), full[Stored.DEVICES])
    with pytest.raises(InterfaceDuplicate):
        ports.devices.create(replace(device(tenant, 1), id="other"), full[Stored.DEVICES])
    with pytest.raises(GroupNotFound):
        ports.devices.create(replace(device(tenant, 2), group="abcdef"), full[Stored.DEVICES])
    with pytest.raises(UserDuplicate):
        ports.users.create(replace(user(tenant, 2), login=user(tenant, 1).login), full[Stored.USERS])
    assert not ports.catalog.create(Resource(tenant, "r", 1, 1), full[Stored.RESOURCES])


def test_a_count_is_not_written_over_one_that_moved_on(ports: Ports, tenant: str) -> None:
    counted(ports, tenant, Stored.KEYS)
    seen = ports.usages.get(tenant, Stored.KEYS)
    wanted = share(tenant, Stored.KEYS, 9)
    MAKING[Stored.KEYS](ports, tenant, 1, wanted)
    REMOVING[Stored.KEYS](ports, tenant, 1, wanted)
    assert not ports.usages.replace(seen, Usage(tenant, Stored.KEYS, 5, AT))
    assert not ports.usages.replace(None, Usage(tenant, Stored.KEYS, 5, AT))
    assert used(ports, tenant, Stored.KEYS) == 0


def test_a_census_counts_every_device_of_the_tenant_once(ports: Ports, tenant: str) -> None:
    for number in range(5):
        ports.devices.create(device(tenant, number))
    ports.devices.create(device(tenant + "x", 9))
    assert ports.devices.census(tenant) == 5
