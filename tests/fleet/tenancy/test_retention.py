"""How long what is written is kept; `tests/store/test_retention.py` sees it in the tables."""

import pytest

from chalicelib.fleet.access import tenants
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Policy
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.queues import lifecycle
from chalicelib.fleet.tenancy import audit, settings
from chalicelib.fleet.tenancy.records import DAY, AuditEntry, Kept
from tests.fakes import START, MemoryPorts


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def tenant(ports: MemoryPorts) -> str:
    return tenants.create(ports, "acme")[0].id


def message(tenant: str, event: str) -> DataMessage:
    return DataMessage(tenant, message_id(START, START, event), "s", START, START, {"n": 1})


def complain(ports: MemoryPorts, tenant: str) -> None:
    now = ports.clock.now()
    audit.refuse(ports, tenant, at=now, event=ports.new_id(now), reason="bad", source={})


def log(ports: MemoryPorts, tenant: str) -> list[AuditEntry]:
    return list(audit.read(ports, tenant, start=None, end=None))


def test_messages_are_kept_as_long_as_the_tenant_is_to_keep_them(ports: MemoryPorts, tenant: str) -> None:
    before, after = message(tenant, "before"), message(tenant, "after")
    messages.store(ports, before)
    settings.set_retention(ports, tenant, {Kept.MESSAGES: 7 * DAY})
    messages.store(ports, after)
    assert ports.messages.kept == {before.id: 365 * DAY, after.id: 7 * DAY}


def test_a_command_keeps_what_held_when_it_was_made(ports: MemoryPorts, tenant: str) -> None:
    ports.devices.create(Device(tenant, "d", START, START))
    order = Order("mqtt", {}, Policy())
    assert creating.create(ports, tenant, "d", order).kept is None
    settings.set_retention(ports, tenant, {Kept.COMMANDS: 2 * DAY})
    assert creating.create(ports, tenant, "d", order).kept == 2 * DAY


def test_the_audit_log_reaches_back_as_far_as_it_is_kept(ports: MemoryPorts, tenant: str) -> None:
    complain(ports, tenant)
    assert list(ports.audit.kept.values()) == [14 * DAY]
    ports.clock.advance(seconds=2 * DAY)
    assert len(log(ports, tenant)) == 1
    settings.set_retention(ports, tenant, {Kept.AUDIT: DAY})
    assert log(ports, tenant) == []
    complain(ports, tenant)
    assert list(ports.audit.kept.values())[1:] == [DAY]
    assert len(log(ports, tenant)) == 1


@pytest.mark.parametrize(("asked", "given"), [(None, 2 * DAY), (3600, 3600), (3 * DAY, 2 * DAY)])
def test_a_new_queue_keeps_no_message_longer(
    ports: MemoryPorts, tenant: str, asked: int | None, given: int | None
) -> None:
    settings.set_retention(ports, tenant, {Kept.QUEUED: 2 * DAY})
    assert lifecycle.create(ports, tenant, "q", ttl=asked).ttl == given


def test_without_a_setting_a_queue_keeps_messages_as_long_as_it_says(ports: MemoryPorts, tenant: str) -> None:
    assert lifecycle.create(ports, tenant, "q").ttl is None
