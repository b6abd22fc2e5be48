"""Managed objects, their external ids, devices among them, and finding them."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet import ids, sweeping
from chalicelib.fleet.access import tenants
from chalicelib.fleet.data import alarms, messages
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.data.records import DataMessage, message_id
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import (
    DeviceNotFound,
    ExternalIdDuplicate,
    ExternalIdNotFound,
    Invalid,
    LimitReached,
    ObjectNotFound,
)
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter
from chalicelib.fleet.inventory import devices, finding, hierarchy, numbering, objects, promoting, removing
from chalicelib.fleet.inventory.finding import Chosen
from chalicelib.fleet.inventory.managed_objects import (
    ChildKind,
    ObjectFacet,
)
from chalicelib.fleet.inventory.objects import Draft
from chalicelib.fleet.inventory.records import Device, Interface
from tests.fakes import START, MemoryPorts

TENANT = "t1"


def device(name: str, *nodes: str, dialect: str = "d1") -> Device:
    interfaces = tuple(Interface("mqtt", node, dialect, START, START) for node in nodes)
    return Device(TENANT, ids.device_id("ns", name), START, START, interfaces=interfaces)


class TestObjects:
    def test_what_is_made_has_a_number_below_2_to_53(self, ports: MemoryPorts) -> None:
        made = objects.create(ports, TENANT, Draft("n", "group", "ann", {"a": {"b": [1, 2.5, "é"]}}))
        assert ids.is_number(made.id)
        assert int(made.id) < 1 << 53
        assert objects.get(ports, TENANT, made.id) == made
        assert made.source == made.id

    def test_two_of_one_millisecond_have_two_numbers(self, ports: MemoryPorts) -> None:
        """Chance repeats itself here: whoever meets a number that is taken draws another."""
        made = {objects.create(ports, TENANT, Draft()).id for _ in range(500)}
        assert len(made) == 500

    def test_one_message_makes_one_object(self, ports: MemoryPorts) -> None:
        """Of two that draw the same number at one moment, too."""
        said = [Draft(said=(START, f"m{n}")) for n in range(500)]
        made = [objects.create(ports, TENANT, one).id for one in said]
        assert len({ids.number_moment(number) for number in made}) == 1
        assert len(set(made)) == 500
        assert [objects.create(ports, TENANT, one).id for one in said] == made
        named = Draft(named=[("t", "1")], said=(START, "named"))
        first = objects.create(ports, TENANT, named)
        objects.update(ports, TENANT, first.id, lambda o: objects.merged(o, {"a": 1}))
        assert objects.create(ports, TENANT, named).fragments == {"a": 1}
        with pytest.raises(ExternalIdDuplicate):
            objects.create(ports, TENANT, replace(named, said=(START, "other")))

    def test_changes_go_beside_each_other(self, ports: MemoryPorts) -> None:
        made = objects.create(ports, TENANT, Draft(fragments={"a": 1, "b": 2}))
        before, after = objects.update(ports, TENANT, made.id, lambda o: objects.merged(o, {"b": None, "c": {"x": 1}}))
        assert before.fragments == {"a": 1, "b": 2}
        assert after.fragments == {"a": 1, "c": {"x": 1}}
        assert objects.get(ports, TENANT, made.id).fragments == after.fragments

    def test_what_changes_nothing_writes_nothing(self, ports: MemoryPorts) -> None:
        made = objects.create(ports, TENANT, Draft(fragments={"a": 1}))
        objects.update(ports, TENANT, made.id, lambda o: objects.merged(o, {"a": 1}))
        assert objects.get(ports, TENANT, made.id).revision == made.revision

    @pytest.mark.parametrize("value", [[[]] * 2, {"a": {"b": []}}, 1, None, "x"])
    def test_a_fragment_may_be_deep_but_not_deeper(self, ports: MemoryPorts, value: Any) -> None:
        deep = value
        for _ in range(60):
            deep = [deep]
        with pytest.raises(Invalid):
            objects.create(ports, TENANT, Draft(fragments={"f": deep}))
        objects.create(ports, TENANT, Draft(fragments={"f": value}))

    @pytest.mark.parametrize("name", ["", "x" * 251])
    def test_a_fragments_name_fits_into_a_key(self, ports: MemoryPorts, name: str) -> None:
        with pytest.raises(Invalid):
            objects.create(ports, TENANT, Draft(fragments={name: 1}))

    def test_who_is_not_there_is_not_found(self, ports: MemoryPorts) -> None:
        made = objects.create(ports, TENANT, Draft())
        for tenant, number in (
            ("t2", made.id),
            (TENANT, "0"),
            (TENANT, ""),
            (TENANT, made.id + "#"),
            (TENANT, "9" * 20),
        ):
            with pytest.raises(ObjectNotFound):
                objects.get(ports, tenant, number)
            with pytest.raises(ObjectNotFound):
                objects.update(ports, tenant, number, lambda o: replace(o, name="x"))


class TestExternalIds:
    def test_one_leads_to_one_object_of_a_tenant(self, ports: MemoryPorts) -> None:
        one = objects.create(ports, TENANT, Draft(named=[("serial", "a/b %2F"), ("mac", "é")]))
        assert objects.named(ports, TENANT, "serial", "a/b %2F").id == one.id
        assert [(n.type, n.value) for n in objects.names(ports, TENANT, one.id)] == [
            ("mac", "é"),
            ("serial", "a/b %2F"),
        ]
        other = objects.create(ports, TENANT, Draft())
        with pytest.raises(ExternalIdDuplicate):
            objects.name(ports, TENANT, other.id, "mac", "é")
        assert objects.create(ports, "t2", Draft(named=[("mac", "é")]))
        with pytest.raises(ExternalIdNotFound):
            objects.named(ports, TENANT, "mac", "e")

    def test_giving_it_again_changes_nothing_and_taking_it_frees_it(self, ports: MemoryPorts) -> None:
        one, other = objects.create(ports, TENANT, Draft()), objects.create(ports, TENANT, Draft())
        assert objects.name(ports, TENANT, one.id, "t", "v") == objects.name(ports, TENANT, one.id, "t", "v")
        objects.unname(ports, TENANT, "t", "v")
        with pytest.raises(ExternalIdNotFound):
            objects.unname(ports, TENANT, "t", "v")
        assert objects.name(ports, TENANT, other.id, "t", "v").object == other.id

    def test_there_are_limits(self, ports: MemoryPorts) -> None:
        many = [("t", str(n)) for n in range(objects.MOST_NAMES)]
        one = objects.create(ports, TENANT, Draft(named=many))
        with pytest.raises(LimitReached):
            objects.name(ports, TENANT, one.id, "t", "more")
        with pytest.raises(LimitReached):
            objects.create(ports, TENANT, Draft(named=[*many, ("t", "more")]))
        for type_, value in (("", "v"), ("t", ""), ("t", "x" * 257), ("x" * 257, "v")):
            with pytest.raises(Invalid):
                objects.name(ports, TENANT, one.id, type_, value)


class TestDevices:
    def enabled(self, ports: MemoryPorts) -> str:
        tenant = tenants.create(ports, "lab")[0].id
        numbering.enable(ports, tenant)
        return tenant

    def test_a_tenant_without_objects_gets_none(self, ports: MemoryPorts) -> None:
        made = devices.register(ports, device("a", "n1"))
        assert made.number is None
        assert ports.objects.rows == {}
        assert objects.of_device(ports, made) is None

    def test_registering_a_device_makes_its_object(self, ports: MemoryPorts) -> None:
        tenant = self.enabled(ports)
        made = devices.register(ports, replace(device("a", "n1"), tenant=tenant))
        found = objects.of_device(ports, made)
        assert found is not None
        assert (found.device, found.origin, found.source) == (made.id, "d1", made.id)
        assert objects.device_of(ports, found) == made

    def test_devices_that_were_there_get_theirs(self, ports: MemoryPorts) -> None:
        tenant = tenants.create(ports, "lab")[0].id
        for n in range(250):
            devices.register(ports, replace(device(f"d{n}"), tenant=tenant))
        numbering.enable(ports, tenant)
        every = ports.devices.page(tenant, after=None, limit=500).items
        assert len({one.number for one in every} - {None}) == 250
        assert {objects.get(ports, tenant, one.number or "").device for one in every} == {one.id for one in every}

    def test_who_registers_where_that_is_not_known_yet_is_found_later(self, ports: MemoryPorts) -> None:
        tenant = self.enabled(ports)
        # An instance whose settings are a minute old.
        late = replace(device("late"), tenant=tenant)
        ports.devices.create(late)
        sweeping.sweep(ports)
        assert ports.devices.get(tenant, late.id) == late
        ports.clock.advance(ms=numbering.SETTLED)
        sweeping.sweep(ports)
        numbered = ports.devices.get(tenant, late.id)
        assert numbered is not None
        assert numbered.number is not None
        sweeping.sweep(ports)
        assert ports.records.count("!", numbering.KIND) == 0

    def test_between_its_two_looks_at_a_tenant_nothing_is_due(self, ports: MemoryPorts) -> None:
        tenant = self.enabled(ports)
        ports.clock.advance(ms=numbering.SETTLED - 1)
        assert sweeping.sweep(ports) == 0
        ports.clock.advance(ms=1)
        assert sweeping.sweep(ports) == 1
        assert ports.records.count("!", numbering.KIND) == 0
        assert ports.tenants.settings(tenant).objects == START

    def test_a_look_that_was_stopped_goes_on_with_the_next_sweep(self, ports: MemoryPorts) -> None:
        tenant = tenants.create(ports, "lab")[0].id
        made = [devices.register(ports, replace(device(f"d{n}"), tenant=tenant)).id for n in range(4)]
        written = ports.devices.replace

        def slowly(*given: Any, **named: Any) -> bool:
            ports.clock.advance(ms=numbering.WITHIN)
            return written(*given, **named)

        ports.devices.replace = slowly  # type: ignore[method-assign]
        numbering.enable(ports, tenant)
        while ports.clock.now() < START + numbering.SETTLED and sweeping.sweep(ports):
            ports.clock.advance(seconds=1)
        assert all((found := ports.devices.get(tenant, one)) is not None and found.number for one in made)

    def test_what_a_tenant_keeps_under_the_name_of_the_job_begins_none(self, ports: MemoryPorts) -> None:
        tenant = self.enabled(ports)
        late = replace(device("late"), tenant=tenant)
        ports.devices.create(late)
        ports.clock.advance(ms=numbering.SETTLED)
        now = ports.clock.now()
        numbering.on_due(ports, Matter(numbering.KIND, tenant, tenant, tenant), now + 1_000)
        assert ports.devices.get(tenant, late.id) == late
        numbering.on_due(ports, Matter(numbering.KIND, "!", tenant, tenant), now + 1_000)
        assert ports.devices.get(tenant, late.id) != late

    def test_a_job_that_is_stopped_goes_on_where_it_was(self, ports: MemoryPorts) -> None:
        tenant = tenants.create(ports, "lab")[0].id
        for n in range(20):
            devices.register(ports, replace(device(f"d{n:02}"), tenant=tenant))
        after = numbering.number_all(ports, tenant, None, ports.clock.now())
        assert after == ids.device_id("ns", "d00")
        assert numbering.number_all(ports, tenant, after, ports.clock.now() + 1) is None
        first = ports.devices.get(tenant, ids.device_id("ns", "d00"))
        assert numbering.number(ports, tenant, ids.device_id("ns", "d00")) == first

    def test_deleting_the_device_deletes_the_object_and_the_other_way_round(self, ports: MemoryPorts) -> None:
        tenant = self.enabled(ports)
        first, second = (devices.register(ports, replace(device(n, n), tenant=tenant)) for n in ("a", "b"))
        devices.delete(ports, tenant, first.id)
        removing.delete(ports, tenant, second.number or "")
        assert ports.objects.rows == {}
        assert ports.objects.hidden == {}
        assert ports.devices.rows == {}
        for one in (first, second):
            with pytest.raises(ObjectNotFound):
                objects.get(ports, tenant, one.number or "")
            with pytest.raises(DeviceNotFound):
                devices.get(ports, tenant, one.id)

    def test_a_device_that_came_back_is_not_taken_for_the_one_that_is_being_deleted(self, ports: MemoryPorts) -> None:
        tenant = self.enabled(ports)
        first = devices.register(ports, replace(device("a", "n1"), tenant=tenant))
        read = ports.devices.get(tenant, first.id)
        assert read is not None
        # Whoever deleted it died before its object was cleared up.
        ports.devices.delete(read)
        ports.clock.advance(ms=5)
        again = devices.register(ports, replace(device("a"), tenant=tenant))
        assert again.number != first.number
        sweeping.sweep(ports)
        assert devices.get(ports, tenant, first.id) == again
        assert objects.of_device(ports, again) is not None
        assert ports.objects.hidden == {}

    def test_what_a_device_sent_goes_with_it_where_that_is_asked_for(self, ports: MemoryPorts) -> None:
        made = objects.create(ports, TENANT, Draft())
        other = objects.create(ports, TENANT, Draft())
        source = promoting.promote(ports, TENANT, made.id, "ns").id
        for n, (stream, sender) in enumerate([(source, source), ("s", source), ("s", "other")]):
            at = ports.clock.now()
            sent = DataMessage(TENANT, message_id(at, at, str(n)), stream, at, at, n, metadata={"source": sender})
            messages.store(ports, sent, device=sender)
        for name in (source, other.source):
            report = alarms.Report(name, "t", Severity.MAJOR, "", 1)
            alarms.raise_(ports, TENANT, report, alarms.stamp(ports))
        removing.delete(ports, TENANT, made.id, data=True)
        assert messages.read(ports, TENANT, source) == []
        assert [one.value for one in messages.read(ports, TENANT, "s")] == [2]
        assert [one.source for one in ports.alarms.rows.values()] == [other.id]
        removing.delete(ports, TENANT, other.id)
        assert len(ports.alarms.rows) == 1

    def test_an_object_becomes_a_device_once(self, ports: MemoryPorts) -> None:
        made = objects.create(ports, TENANT, Draft("pump", fragments={"a": 1}))
        interfaces = [Interface("mqtt", "node", "d2", START, START)]
        first = promoting.promote(ports, TENANT, made.id, "ns2", interfaces)
        again = promoting.promote(ports, TENANT, made.id, "ns2")
        assert first.id == again.id == ids.device_id("ns2", made.id)
        assert ids.device_name(first.id) == ("ns2", made.id)
        assert (first.name, first.number) == ("pump", made.id)
        assert objects.get(ports, TENANT, made.id).source == first.id
        removing.delete(ports, TENANT, made.id)
        assert ports.devices.rows == {}

    def test_an_object_whose_registration_died_is_registered_by_the_next_one(self, ports: MemoryPorts) -> None:
        made = objects.create(ports, TENANT, Draft())
        objects.update(ports, TENANT, made.id, lambda o: replace(o, device=ids.device_id("ns2", o.id)))
        assert promoting.promote(ports, TENANT, made.id, "ns2").number == made.id

    def test_children_of_a_deleted_gateway_stay_and_are_roots(self, ports: MemoryPorts) -> None:
        tenant = self.enabled(ports)
        gateway, child = (devices.register(ports, replace(device(n), tenant=tenant)) for n in ("g", "c"))
        hierarchy.link(ports, tenant, gateway.number or "", child.number or "", ChildKind.DEVICE)
        devices.delete(ports, tenant, gateway.id)
        roots = finding.every(ports, tenant, [Chosen(ObjectFacet.ROOT)])
        assert [one.id for one in roots] == [child.number]


class TestTelling:
    def test_what_happens_to_objects_and_devices_can_be_heard(self, ports: MemoryPorts) -> None:
        kinds = (
            EventKind.OBJECT_CREATED,
            EventKind.OBJECT_CHANGED,
            EventKind.OBJECT_DELETED,
            EventKind.DEVICE_CHANGED,
        )
        heard: list[Event] = []

        class Ears:
            def hear(self, dialect: str, event: Event) -> None:
                assert dialect == "d9"
                heard.append(event)

            def fenced(self, *_: object) -> None: ...

        ports.listeners = Ears()  # type: ignore[assignment]
        triggers = {str(kind): Filter() for kind in kinds}
        ports.policies.create(ActionPolicy(TENANT, "p", "d9", "p", START, triggers=triggers, listens=True))
        made = objects.create(ports, TENANT, Draft())
        objects.update(ports, TENANT, made.id, lambda o: replace(o, name="x"))
        objects.update(ports, TENANT, made.id, lambda o: o)
        removing.delete(ports, TENANT, made.id)
        one = devices.register(ports, device("a"))
        devices.update(ports, TENANT, one.id, lambda d: replace(d, name="x"))
        assert [event.kind for event in heard] == list(kinds)
        assert len({event.id for event in heard}) == 4
