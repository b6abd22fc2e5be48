"""Groups of the fleet as managed objects: whoever changes either side, both end the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet import ids, sweeping
from chalicelib.fleet.access import tenants
from chalicelib.fleet.compare_and_set import AGAIN
from chalicelib.fleet.errors import GroupInUse
from chalicelib.fleet.inventory import devices, group_objects, grouping, groups, hierarchy, numbering, objects, removing
from chalicelib.fleet.inventory.managed_objects import GROUP, ChildKind, ManagedObject
from chalicelib.fleet.inventory.objects import Draft
from chalicelib.fleet.inventory.records import ROOT_GROUP, Device, Group
from tests.fakes import START, MemoryPorts
from tests.fakes.clock import SetClock

ASSET = ChildKind.ASSET


def is_group(found: ManagedObject) -> bool:
    return found.origin == GROUP or "group" in found.fragments


class Fleet:
    def __init__(self, ports: MemoryPorts, *, enabled: bool = True) -> None:
        self.ports = ports
        self.tenant = tenants.create(ports, "lab")[0].id
        if enabled:
            numbering.enable(ports, self.tenant)

    def group(self, name: str, parent: str = ROOT_GROUP) -> Group:
        self.ports.clock.advance(ms=1)
        made = groups.create(self.ports, self.tenant, name, parent, None)
        return self.ports.groups.tree(self.tenant).get(made.id)

    def device(self, name: str, group: str = ROOT_GROUP) -> Device:
        self.ports.clock.advance(ms=1)
        made = Device(self.tenant, ids.device_id("ns", name), START, START, name=name, group=group)
        return devices.register(self.ports, made)

    def put(self, device: Device, group: str) -> None:
        devices.update(self.ports, self.tenant, device.id, lambda one: replace(one, group=group))

    def change(self, group: Group, **values: Any) -> None:
        groups.update(self.ports, self.tenant, group.id, lambda one: replace(one, **values))

    def number(self, group: Group) -> str:
        return str(self.ports.groups.tree(self.tenant).get(group.id).number)

    def object(self, group: Group) -> ManagedObject:
        return objects.get(self.ports, self.tenant, self.number(group))

    def above(self, number: str | None) -> list[str | None]:
        return [one.name for one in hierarchy.parents(self.ports, self.tenant, str(number), ASSET)]

    def read(self, device: Device) -> Device:
        return devices.get(self.ports, self.tenant, device.id)

    def agrees(self) -> bool:
        """Whether objects stand as groups and devices do, each in one place."""
        tree = self.ports.groups.tree(self.tenant)
        wanted = {str(g.number): (g.name, _named(tree.groups.get(g.parent))) for g in tree.groups.values()}
        found = {n: (objects.get(self.ports, self.tenant, n).name, self.above(n)) for n in wanted}
        placed = {
            one.number: _named(tree.groups.get(one.group))
            for one in self.ports.devices.page(self.tenant, after=None, limit=99).items
        }
        gone = {number for _, number in self.ports.objects.hidden}
        made = {
            number for (_, number), one in self.ports.objects.rows.items() if one.origin == GROUP and number not in gone
        }
        return made == set(wanted) and wanted == found and placed == {number: self.above(number) for number in placed}


def _named(group: Group | None) -> list[str]:
    return [] if group is None else [group.name]


@pytest.fixture
def fleet(ports: MemoryPorts) -> Fleet:
    return Fleet(ports)


class TestFromTheFleet:
    def test_groups_are_objects_below_each_other(self, fleet: Fleet) -> None:
        site = fleet.group("Site")
        floor = fleet.group("Floor", site.id)
        assert (fleet.object(site).name, fleet.object(site).origin) == ("Site", GROUP)
        assert fleet.above(floor.number) == ["Site"]
        assert fleet.agrees()

    def test_they_are_renamed_moved_and_deleted_with_the_group(self, fleet: Fleet) -> None:
        site, other = fleet.group("Site"), fleet.group("Other")
        floor = fleet.group("Floor", site.id)
        number = fleet.number(floor)
        fleet.change(floor, name="Roof")
        assert fleet.object(floor).name == "Roof"
        fleet.change(floor, parent=other.id)
        assert fleet.above(number) == ["Other"]
        fleet.change(floor, parent=ROOT_GROUP)
        assert fleet.above(number) == []
        assert fleet.number(floor) == number
        groups.delete(fleet.ports, fleet.tenant, floor.id)
        assert fleet.ports.objects.get(fleet.tenant, number) is None
        assert fleet.agrees()

    def test_a_group_that_is_refused_to_go_stays_an_object(self, fleet: Fleet) -> None:
        site = fleet.group("Site")
        fleet.device("pump", site.id)
        with pytest.raises(GroupInUse):
            groups.delete(fleet.ports, fleet.tenant, site.id)
        fleet.ports.clock.advance(ms=group_objects.GRACE)
        sweeping.sweep(fleet.ports)
        assert fleet.agrees()
        assert fleet.ports.records.count(fleet.tenant, group_objects.KIND) == 0

    def test_devices_are_in_the_group_that_they_were_put_into(self, fleet: Fleet) -> None:
        site, other = fleet.group("Site"), fleet.group("Other")
        pump = fleet.device("pump", site.id)
        assert fleet.above(pump.number) == ["Site"]
        fleet.put(pump, other.id)
        assert fleet.above(pump.number) == ["Other"]
        fleet.put(pump, ROOT_GROUP)
        assert fleet.above(pump.number) == []

    def test_only_the_first_of_several_memberships_is_replaced(self, fleet: Fleet) -> None:
        first, second, third = (fleet.group(name) for name in ("A", "B", "C"))
        pump = fleet.device("pump", first.id)
        hierarchy.link(fleet.ports, fleet.tenant, fleet.number(second), str(pump.number), ASSET)
        fleet.put(pump, third.id)
        assert sorted(map(str, fleet.above(pump.number))) == ["B", "C"]
        grouping.place(fleet.ports, fleet.tenant, str(pump.number), is_group)
        assert fleet.read(pump).group == third.id
        fleet.put(pump, ROOT_GROUP)
        assert fleet.above(pump.number) == []

    def test_other_parents_of_a_device_stay(self, fleet: Fleet) -> None:
        site = fleet.group("Site")
        pump = fleet.device("pump", site.id)
        building = objects.create(fleet.ports, fleet.tenant, Draft("Building"))
        hierarchy.link(fleet.ports, fleet.tenant, building.id, str(pump.number), ASSET)
        fleet.put(pump, ROOT_GROUP)
        assert fleet.above(pump.number) == ["Building"]

    def test_a_name_that_an_object_keeps_longer_is_kept(self, fleet: Fleet) -> None:
        made = objects.create(fleet.ports, fleet.tenant, Draft("Site / " + 70 * "x", fragments={"group": {}}))
        grouping.settle(fleet.ports, fleet.tenant, made.id, is_group)
        group = fleet.ports.groups.tree(fleet.tenant).numbered(made.id)
        assert group is not None
        fleet.change(group, description="a long one")
        assert objects.get(fleet.ports, fleet.tenant, made.id).name == made.name

    def test_a_tenant_without_objects_has_none(self, ports: MemoryPorts) -> None:
        fleet = Fleet(ports, enabled=False)
        site = fleet.group("Site")
        fleet.device("pump", site.id)
        fleet.change(site, name="Other")
        assert (site.number, ports.objects.rows, ports.records.count(fleet.tenant, group_objects.KIND)) == (None, {}, 0)


class Slow(SetClock):
    """As much time as a request has goes by from one look to the next."""

    def now(self) -> int:
        return self.advance(ms=removing.WITHIN)


class TestFromTheObjects:
    def test_a_renamed_and_a_moved_object_take_the_group_along(self, fleet: Fleet) -> None:
        site, other = fleet.group("Site"), fleet.group("Other")
        objects.update(fleet.ports, fleet.tenant, fleet.number(other), lambda one: replace(one, name="Hall"))
        hierarchy.link(fleet.ports, fleet.tenant, fleet.number(site), fleet.number(other), ASSET)
        grouping.settle(fleet.ports, fleet.tenant, fleet.number(other), is_group)
        assert fleet.ports.groups.tree(fleet.tenant).path(other.id) == "/Site/Hall"
        assert fleet.agrees()

    def test_a_device_that_is_taken_out_leaves_its_group(self, fleet: Fleet) -> None:
        site = fleet.group("Site")
        pump = fleet.device("pump", site.id)
        hierarchy.unlink(fleet.ports, fleet.tenant, fleet.number(site), str(pump.number), ASSET)
        grouping.place(fleet.ports, fleet.tenant, str(pump.number), is_group)
        assert fleet.read(pump).group == ROOT_GROUP
        assert fleet.agrees()

    def test_a_deleted_object_takes_its_group_along_and_lets_devices_be(self, fleet: Fleet) -> None:
        site = fleet.group("Site")
        pump = fleet.device("pump", site.id)
        removing.delete(fleet.ports, fleet.tenant, fleet.number(site))
        assert fleet.ports.groups.tree(fleet.tenant).groups == {}
        assert fleet.read(pump).group == ROOT_GROUP

    def test_all_of_a_group_with_what_is_below_is_gone_when_the_sweep_is_through(self, fleet: Fleet) -> None:
        site = fleet.group("Site")
        floor = fleet.group("Floor", site.id)
        for n in range(5):
            fleet.device(f"pump{n}", floor.id)
        # Nothing can be cleared up within the request.
        fleet.ports.clock = Slow(fleet.ports.clock.now())
        removing.delete(fleet.ports, fleet.tenant, fleet.number(site), frozenset(ChildKind))
        fleet.ports.clock = SetClock(fleet.ports.clock.now())
        assert fleet.ports.objects.hidden != {}
        for _ in range(5):
            fleet.ports.clock.advance(ms=60_000)
            sweeping.sweep(fleet.ports)
        assert fleet.ports.groups.tree(fleet.tenant).groups == {}
        assert (fleet.ports.devices.rows, fleet.ports.objects.rows, fleet.ports.objects.hidden) == ({}, {}, {})


class Died(Exception):
    pass


def _dies(ports: MemoryPorts, after: int) -> Callable[[], None]:
    """Let the instance die before that write of objects, devices or the tree; returns how it comes back."""
    left, inside = [after], list[bool]()
    writes: tuple[tuple[Any, tuple[str, ...]], ...] = (
        (ports.objects, ("create", "replace", "join", "part", "leave")),
        (ports.devices, ("create", "replace")),
        (ports.groups, ("put", "remove")),
    )

    def dying(real: Callable[..., Any]) -> Callable[..., Any]:
        def write(*given: Any, **named: Any) -> Any:
            if inside:
                # Written in one transaction with the other.
                return real(*given, **named)
            left[0] -= 1
            if left[0] < 0:
                raise Died
            inside.append(True)
            try:
                return real(*given, **named)
            finally:
                inside.pop()

        return write

    for port, names in writes:
        for name in names:
            setattr(port, name, dying(getattr(port, name)))

    def back() -> None:
        for port, names in writes:
            for name in names:
                delattr(port, name)

    return back


CHANGES: dict[str, Callable[[Fleet, Group, Group, Device], object]] = {
    "create": lambda fleet, a, _b, _d: fleet.group("new", a.id),
    "rename": lambda fleet, a, _b, _d: fleet.change(a, name="other"),
    "move": lambda fleet, a, b, _d: fleet.change(b, parent=a.id),
    "delete": lambda fleet, _a, b, _d: groups.delete(fleet.ports, fleet.tenant, b.id),
    "put": lambda fleet, _a, b, d: fleet.put(d, b.id),
    "out": lambda fleet, _a, _b, d: fleet.put(d, ROOT_GROUP),
    "register": lambda fleet, a, _b, _d: fleet.device("valve", a.id),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("writes", range(6))
def test_whoever_dies_on_the_way_is_made_up_for(fleet: Fleet, change: str, writes: int) -> None:
    first, second = fleet.group("A"), fleet.group("B")
    pump = fleet.device("pump", first.id)
    back = _dies(fleet.ports, writes)
    try:
        CHANGES[change](fleet, first, second, pump)
    except Died:
        pass
    finally:
        back()
    fleet.ports.clock.advance(ms=group_objects.GRACE)
    sweeping.sweep(fleet.ports)
    assert fleet.agrees()
    assert fleet.ports.records.count(fleet.tenant, group_objects.KIND) == 0


@pytest.mark.parametrize("turn", range(4))
def test_of_two_who_rename_it_on_both_sides_at_once_one_holds(fleet: Fleet, turn: int) -> None:
    site = fleet.group("Site")
    put, left = fleet.ports.groups.put, [turn]

    def beaten(*given: Any, **named: Any) -> bool:
        left[0] -= 1
        if left[0] == -1:
            objects.update(fleet.ports, fleet.tenant, fleet.number(site), lambda one: replace(one, name="Theirs"))
            grouping.settle(fleet.ports, fleet.tenant, fleet.number(site), is_group)
        return put(*given, **named)

    fleet.ports.groups.put = beaten  # type: ignore[method-assign]
    fleet.change(site, name="Ours")
    fleet.change(site, description="x")
    assert fleet.agrees()


class TestTenantsThatAreEnabledLater:
    @pytest.fixture
    def fleet(self, ports: MemoryPorts) -> Fleet:
        fleet = Fleet(ports, enabled=False)
        site = fleet.group("Site")
        for n in range(5):
            fleet.device(f"d{n}", fleet.group(f"Floor {n}", site.id).id)
        return fleet

    def test_groups_are_objects_with_their_devices(self, fleet: Fleet) -> None:
        numbering.enable(fleet.ports, fleet.tenant)
        assert fleet.agrees()

    def test_a_job_that_is_stopped_goes_on_where_it_was(self, fleet: Fleet) -> None:
        path = group_objects.number_all(fleet.ports, fleet.tenant, None, fleet.ports.clock.now())
        assert path == "/Site"
        path = group_objects.number_all(fleet.ports, fleet.tenant, path, fleet.ports.clock.now())
        assert path == "/Site/Floor 0"
        assert group_objects.number_all(fleet.ports, fleet.tenant, path, fleet.ports.clock.now() + 1) is None
        made = [one.name for one in fleet.ports.objects.rows.values()]
        assert sorted(map(str, made)) == ["Floor 0", "Floor 1", "Floor 2", "Floor 3", "Floor 4", "Site"]

    def test_who_makes_one_where_that_is_not_known_yet_is_found_later(self, fleet: Fleet) -> None:
        numbering.enable(fleet.ports, fleet.tenant)
        tree = fleet.ports.groups.tree(fleet.tenant)
        # An instance whose settings are a minute old.
        fleet.ports.groups.put(tree, Group(fleet.tenant, "late00", "Late", ROOT_GROUP, START, START))
        fleet.ports.clock.advance(ms=numbering.SETTLED)
        sweeping.sweep(fleet.ports)
        assert fleet.agrees()
        assert fleet.ports.records.count("!", numbering.KIND) == 0


def test_a_number_that_somebody_drew_as_well_is_left_to_its_object(fleet: Fleet) -> None:
    """An object may be made in the millisecond in which a group drew the number that it has then."""
    site = fleet.group("Site")
    number = fleet.number(site)
    taken = replace(fleet.object(site), origin="ibm", name="Pump")
    tree = fleet.ports.groups.tree(fleet.tenant)
    fleet.ports.objects.rows[fleet.tenant, number] = taken
    # Nobody saw that object yet when the group was followed.
    assert group_objects._made(fleet.ports, tree, tree.get(site.id), number) is AGAIN
    assert fleet.number(site) != number
    assert fleet.ports.objects.get(fleet.tenant, number) == taken
