from dataclasses import replace

import pytest

from chalicelib.fleet.access.records import ApiKey, Tenant
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands.records import Command, Entry, Policy, Status
from chalicelib.fleet.configuration.records import Configuration, Parameter, ParameterType, SyncStatus, Value
from chalicelib.fleet.data.records import DataMessage, StreamUse, message_id
from chalicelib.fleet.errors import DeviceDuplicate, InterfaceDuplicate, TenantDuplicate
from chalicelib.fleet.ids import repeatable_id, timed_id
from chalicelib.fleet.inventory.records import Device, Interface, Location
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim, vacated
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability
from chalicelib.fleet.tenancy.records import AuditEntry, Cause, Way

DEVICE = "urn:lo:nsid:sensor:s1"


def device(tenant: str, name: str = DEVICE, *nodes: str) -> Device:
    interfaces = tuple(Interface("mqtt", node, "live_objects", 1, 2, definition={"clientId": node}) for node in nodes)
    return Device(tenant, name, 1, 2, name="n", tags=("a", "b"), properties={"k": "v"}, interfaces=interfaces)


def command(tenant: str, at: int = 1_000, name: str = DEVICE) -> Command:
    return Command(
        tenant=tenant,
        id=timed_id(at, at.to_bytes(7)),
        device=name,
        connector="mqtt",
        request={"req": "é", "arg": {"x": [1, None, 2.5]}},
        policy=Policy(attempts=3, expiration=60),
        created=at,
        updated=at,
        expires=at + 60_000,
        check_at=at + 60_000,
        history=(Entry(at, Status.PENDING),),
    )


class TestDevices:
    def test_what_was_created_is_read(self, ports: Ports, tenant: str) -> None:
        made = replace(device(tenant, DEVICE, "n1"), location=Location(1.5, -2), attributes={"x": {"y": 1}})
        ports.devices.create(made)
        assert ports.devices.get(tenant, DEVICE) == made

    def test_a_device_comes_with_an_empty_mailbox(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        found = ports.mailboxes.get(tenant, DEVICE)
        assert found is not None
        assert found == Mailbox(tenant, DEVICE, revision=found.revision)

    def test_a_mailbox_of_an_earlier_device_cannot_be_written_over_the_new_one(self, ports: Ports, tenant: str) -> None:
        first = device(tenant)
        ports.devices.create(first)
        kept = ports.mailboxes.get(tenant, DEVICE)
        assert kept is not None
        ports.devices.delete(first)
        ports.devices.create(replace(first, created=first.created + 1))
        assert not ports.mailboxes.replace(kept, kept.enqueue("c1"))

    def test_a_second_device_of_the_same_id_is_a_duplicate(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        with pytest.raises(DeviceDuplicate):
            ports.devices.create(device(tenant))

    def test_a_node_belongs_to_one_device_of_the_tenant(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant, "a", "n1"))
        with pytest.raises(InterfaceDuplicate):
            ports.devices.create(device(tenant, "b", "n1"))
        assert ports.devices.get(tenant, "b") is None

    def test_tenants_do_not_meet(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant, DEVICE, "n1"))
        ports.devices.create(device(tenant + "x", DEVICE, "n1"))
        assert ports.devices.owner("other", "mqtt", "n1") is None
        assert ports.devices.get("other", DEVICE) is None

    def test_only_who_read_the_newest_may_write(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        read = ports.devices.get(tenant, DEVICE)
        assert read is not None
        assert ports.devices.replace(read, replace(read, name="first"))
        assert not ports.devices.replace(read, replace(read, name="second"))

    def test_interfaces_change_with_their_entries(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant, DEVICE, "n1"))
        read = ports.devices.get(tenant, DEVICE)
        assert read is not None
        assert ports.devices.replace(read, replace(read, interfaces=device(tenant, DEVICE, "n2").interfaces))
        assert ports.devices.owner(tenant, "mqtt", "n1") is None
        assert ports.devices.owner(tenant, "mqtt", "n2") == DEVICE

    def test_taking_the_node_of_another_device_is_a_duplicate(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant, "a", "n1"))
        ports.devices.create(device(tenant, "b"))
        read = ports.devices.get(tenant, "b")
        assert read is not None
        with pytest.raises(InterfaceDuplicate):
            ports.devices.replace(read, replace(read, interfaces=device(tenant, "b", "n1").interfaces))

    def test_an_interface_moves_whole(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant, "a", "n1"))
        ports.devices.create(device(tenant, "b"))
        a, b = ports.devices.get(tenant, "a"), ports.devices.get(tenant, "b")
        assert a is not None
        assert b is not None
        assert ports.devices.move_interface(a, b, a.interfaces[0])
        assert not ports.devices.move_interface(a, b, a.interfaces[0])
        assert ports.devices.owner(tenant, "mqtt", "n1") == "b"

    def test_a_deleted_device_leaves_nothing(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant, DEVICE, "n1"))
        ports.configurations.replace(Configuration(tenant, DEVICE), Configuration(tenant, DEVICE, notify_to="x"))
        read = ports.devices.get(tenant, DEVICE)
        assert read is not None
        assert ports.devices.delete(read)
        assert ports.devices.get(tenant, DEVICE) is None
        assert ports.mailboxes.get(tenant, DEVICE) is None
        assert ports.configurations.get(tenant, DEVICE) is None
        assert ports.devices.owner(tenant, "mqtt", "n1") is None

    def test_a_device_changed_since_it_was_read_is_not_deleted(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        read = ports.devices.get(tenant, DEVICE)
        assert read is not None
        ports.devices.replace(read, replace(read, name="new"))
        assert not ports.devices.delete(read)

    def test_one_that_was_foreseen_is_there_when_it_is_asked_for(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        ports.devices.foresee([(tenant, DEVICE), (tenant, "gone"), ("other", DEVICE)])
        assert ports.devices.get(tenant, DEVICE) == device(tenant)
        assert ports.devices.get(tenant, "gone") is None
        assert ports.devices.get("other", DEVICE) is None


class TestMailboxes:
    def test_the_newest_reader_wins(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        read = ports.mailboxes.get(tenant, DEVICE)
        assert read is not None
        changed = read.enqueue("c1").claim("c1", 5).with_todo(add=Capability.CONFIGURATION)
        assert ports.mailboxes.replace(read, changed)
        assert not ports.mailboxes.replace(read, changed)
        assert ports.mailboxes.get(tenant, DEVICE) == replace(changed, revision=read.revision + 1)

    def test_what_was_foreseen_is_given_once_and_read_again_then(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        read = ports.mailboxes.get(tenant, DEVICE)
        assert read is not None
        with ports.mailboxes.foreseen([(tenant, DEVICE), (tenant, "gone")]):
            assert ports.mailboxes.glance(tenant, DEVICE) == read
            assert ports.mailboxes.glance(tenant, "gone") is None
            changed = read.enqueue("c1")
            assert ports.mailboxes.replace(read, changed)
            assert ports.mailboxes.glance(tenant, DEVICE) == replace(changed, revision=read.revision + 1)
        assert ports.mailboxes.glance("other", DEVICE) is None

    def test_a_mailbox_of_a_deleted_device_cannot_be_written_back(self, ports: Ports, tenant: str) -> None:
        ports.devices.create(device(tenant))
        mailbox, read = ports.mailboxes.get(tenant, DEVICE), ports.devices.get(tenant, DEVICE)
        assert mailbox is not None
        assert read is not None
        ports.devices.delete(read)
        assert not ports.mailboxes.replace(mailbox, mailbox.enqueue("c1"))


class TestCommands:
    def test_what_was_created_is_read(self, ports: Ports, tenant: str) -> None:
        made = command(tenant)
        ports.commands.create(made)
        assert ports.commands.get(tenant, made.id) == made
        assert ports.commands.get("other", made.id) is None

    def test_the_newest_reader_wins(self, ports: Ports, tenant: str) -> None:
        made = command(tenant)
        ports.commands.create(made)
        assert ports.commands.replace(made, replace(made, error="x"))
        assert not ports.commands.replace(made, replace(made, error="y"))

    def test_a_deleted_command_cannot_be_written_back(self, ports: Ports, tenant: str) -> None:
        made = command(tenant)
        ports.commands.create(made)
        ports.commands.delete(tenant, made.id)
        assert not ports.commands.replace(made, replace(made, error="x"))

    def test_a_device_lists_its_own_in_order_of_creation(self, ports: Ports, tenant: str) -> None:
        made = [command(tenant, at) for at in (3_000, 1_000, 2_000)]
        for one in (*made, command(tenant, 1_500, "other")):
            ports.commands.create(one)
        found = ports.commands.of_device(tenant, DEVICE, start=None, end=None, descending=False)
        assert [c.created for c in found] == [1_000, 2_000, 3_000]
        window = ports.commands.of_device(tenant, DEVICE, start=2_000, end=3_000, descending=True)
        assert [c.created for c in window] == [2_000]
        assert ports.commands.count(tenant, DEVICE, start=2_000, end=None) == 2

    def test_more_than_one_batch_is_listed_completely(self, ports: Ports, tenant: str) -> None:
        for at in range(60):
            ports.commands.create(command(tenant, 1_000 + at))
        found = ports.commands.of_device(tenant, DEVICE, start=None, end=None, descending=True)
        assert [c.created for c in found] == list(range(1_059, 999, -1))

    def test_only_what_is_not_final_is_due(self, ports: Ports, tenant: str) -> None:
        waiting, done = command(tenant, 1_000), command(tenant, 2_000)
        ports.commands.create(waiting)
        ports.commands.create(done)
        ports.commands.replace(done, replace(done, status=Status.CANCELED, check_at=None))
        found = [c for t, _, c in ports.commands.due(after=0, until=100_000) if t == tenant]
        assert found == [waiting.id]


class TestConfigurations:
    def test_the_first_write_is_conditional_too(self, ports: Ports, tenant: str) -> None:
        empty = Configuration(tenant, DEVICE)
        value = Value(ParameterType.FLOAT, 1.5, 9)
        filled = replace(empty, parameters={"p": Parameter(None, value, SyncStatus.PENDING)}, sent_to="s")
        assert ports.configurations.replace(empty, filled)
        assert not ports.configurations.replace(empty, filled)
        assert ports.configurations.get(tenant, DEVICE) == replace(filled, revision=1)


class TestClaims:
    def test_the_first_to_claim_an_id_has_it(self, ports: Ports, tenant: str) -> None:
        client = f"client-{tenant}"
        assert ports.claims.put_new(Claim(client, tenant, "live_objects", "device", "k", 1, DEVICE, "mqtt"))
        assert not ports.claims.put_new(Claim(client, "other", "live_objects", "device", "k", 1))
        held = ports.claims.current(client)
        assert held is not None
        assert held.tenant == tenant

    def test_a_released_claim_is_not_written_back(self, ports: Ports, tenant: str) -> None:
        claim = Claim(f"client-{tenant}", tenant, "live_objects", "device", "k", 1)
        ports.claims.put_new(claim)
        vacant = vacated(claim, 5)
        assert ports.claims.replace(claim, vacant)
        assert not ports.claims.replace(claim, replace(claim, key="k2"))
        assert ports.claims.get(claim.client) == vacant

    def test_only_who_read_the_newest_claim_may_write(self, ports: Ports, tenant: str) -> None:
        claim = Claim(f"client-{tenant}", tenant, "live_objects", "device", "k", 1)
        ports.claims.put_new(claim)
        assert ports.claims.replace(claim, replace(claim, enabled=False))
        assert not ports.claims.replace(claim, replace(claim, key="k2"))
        held = ports.claims.get(claim.client)
        assert held == replace(claim, enabled=False)

    def test_one_that_came_in_without_a_key_can_be_changed(self, ports: Ports, tenant: str) -> None:
        claim = Claim(f"client-{tenant}", tenant, "ibm", "device", None, 1)
        assert ports.claims.put_new(claim)
        held = ports.claims.current(claim.client)
        assert held == claim
        assert ports.claims.replace(held, replace(held, enabled=False))


class TestMessages:
    def test_newest_first_in_a_range_of_time_page_by_page(self, ports: Ports, tenant: str) -> None:
        for at in range(0, 100, 10):
            ports.messages.put(DataMessage(tenant, message_id(at, at, f"e{at}"), "s", at, at, {"n": at}), 60)
        first = ports.messages.page(tenant, "s", start=20, end=80, before=None, limit=4)
        assert [m.timestamp for m in first] == [70, 60, 50, 40]
        second = ports.messages.page(tenant, "s", start=20, end=80, before=first[-1].id, limit=4)
        assert [m.timestamp for m in second] == [30, 20]
        oldest = ports.messages.page(tenant, "s", start=20, end=80, before=None, limit=4, ascending=True)
        then = ports.messages.page(tenant, "s", start=20, end=80, before=oldest[-1].id, limit=4, ascending=True)
        assert [*oldest, *then] == [*first, *second][::-1]

    def test_an_empty_range_is_empty(self, ports: Ports, tenant: str) -> None:
        assert ports.messages.page(tenant, "s", start=50, end=50, before=None, limit=4, ascending=True) == []
        assert ports.messages.page(tenant, "s", start=50, end=50, before=None, limit=4) == []
        assert ports.messages.page(tenant, "s", start=None, end=0, before=None, limit=4) == []

    @pytest.mark.parametrize("length", [10, 599, 5_000])
    def test_a_value_comes_back_as_it_went_in_whatever_its_size(self, ports: Ports, tenant: str, length: int) -> None:
        value = {"text": "é" * length, "list": [1, 2.5, None, True, {"a": "b"}]}
        ports.messages.put(
            DataMessage(tenant, message_id(1, 1, "e"), "s", 1, 1, value, tags=("t",), metadata={"a": "b"}), 60
        )
        (message,) = ports.messages.page(tenant, "s", start=None, end=None, before=None, limit=1)
        assert message.value == value

    def test_the_same_message_is_kept_once(self, ports: Ports, tenant: str) -> None:
        message = DataMessage(tenant, message_id(1, 1, "e"), "s", 1, 1, {"n": 1})
        assert [ports.messages.put(message, 60), ports.messages.put(message, 60)] == [True, False]
        assert len(ports.messages.page(tenant, "s", start=None, end=None, before=None, limit=9)) == 1

    def test_a_devices_messages_are_counted_by_stream(self, ports: Ports, tenant: str) -> None:
        for stream, at in (("a", 5), ("b", 6), ("a", 7)):
            ports.messages.count(tenant, "device", stream, at, kept=60)
        uses = sorted(ports.messages.streams(tenant, "device"), key=lambda use: use.stream)
        assert uses == [StreamUse("a", 2, 7), StreamUse("b", 1, 6)]
        assert ports.messages.streams(tenant, "another") == []


class TestKeysAndTenants:
    def test_a_key_is_read_with_all_it_holds(self, ports: Ports, tenant: str) -> None:
        key = ApiKey(
            tenant, "1" * 24, frozenset({Role.DATA_R, Role.DEVICE_W}), 5, b"\x00salt", b"\xffdigest", valid_to=9
        )
        ports.keys.put(key)
        assert ports.keys.get(tenant, key.id) == key
        assert ports.keys.all(tenant) == [key]
        ports.keys.delete(tenant, key.id)
        assert ports.keys.get(tenant, key.id) is None

    def test_a_tenants_name_is_unique_whatever_its_case(self, ports: Ports, tenant: str) -> None:
        assert ports.tenants.create(Tenant(tenant, f"Acme {tenant}", 1))
        assert not ports.tenants.create(Tenant(tenant, f"Other {tenant}", 1))
        with pytest.raises(TenantDuplicate):
            ports.tenants.create(Tenant(tenant + "2", f"ACME {tenant}", 1))


class TestAudit:
    def test_a_slot_is_filled_once(self, ports: Ports, tenant: str) -> None:
        at = 1_700_000_123_456
        entry = AuditEntry(
            tenant, repeatable_id(at - at % 60_000, "slot"), at, "error", Cause.REFUSED, Way.MQTT, "first"
        )
        assert ports.audit.put(entry, 60)
        assert not ports.audit.put(replace(entry, reason="second"), 60)
        found = list(ports.audit.page(tenant, start=at - 1, end=at + 1, descending=True))
        assert [e.reason for e in found] == ["first"]

    def test_slots_that_follow_each_other_are_found_together(self, ports: Ports, tenant: str) -> None:
        at = 1_700_000_123_456
        common = repeatable_id(at - at % 60_000, "slot")[:-1]
        for digit in "0379a":
            ports.audit.put(
                AuditEntry(tenant, common + digit, at, "error", Cause.REFUSED, None, digit, event=digit), 60
            )
        found = ports.audit.within(tenant, at, f"{common}0", f"{common}9")
        assert sorted(e.event for e in found) == ["0", "3", "7", "9"]
        assert ports.audit.within(tenant + "2", at, f"{common}0", f"{common}9") == []
