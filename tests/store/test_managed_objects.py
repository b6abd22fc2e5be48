"""What the table of managed objects promises, of the fake and of DynamoDB."""

from dataclasses import replace

import pytest

from chalicelib.fleet import ids
from chalicelib.fleet.errors import DeviceDuplicate, ExternalIdDuplicate, NumberTaken, TooLarge
from chalicelib.fleet.inventory import devices, hierarchy, objects, promoting, removing
from chalicelib.fleet.inventory.managed_objects import (
    MORE,
    MOST_FACETS,
    ChildKind,
    ExternalId,
    Leaving,
    Link,
    ManagedObject,
    ObjectFacet,
)
from chalicelib.fleet.inventory.records import MAX_INTERFACES, Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Change, Claim
from chalicelib.fleet.resources.records import Attachment
from chalicelib.fleet.tenancy.records import Share, Stored, Usage

NOW = 1_800_000_000_000
ASSET = ChildKind.ASSET
LARGE = {"list": [{"name": f"package {n}", "version": f"{n}.{n * 7919}"} for n in range(300)]}

LAST = 1 << 60
"""A moment (ms) that never comes."""


def new(tenant: str, n: int = 1, **fields: object) -> ManagedObject:
    made = ManagedObject(tenant, ids.number(NOW + n, b"\0\0"), NOW, NOW)
    return replace(made, **fields)  # type: ignore[arg-type]


def stored(ports: Ports, tenant: str, n: int = 1, **fields: object) -> ManagedObject:
    made = new(tenant, n, **fields)
    assert ports.objects.create(made)
    return made


def current(ports: Ports, found: ManagedObject) -> ManagedObject:
    now = ports.objects.get(found.tenant, found.id)
    assert now is not None
    return now


def under(ports: Ports, tenant: str, facet: ObjectFacet, value: str) -> list[str]:
    return [one.id for one in ports.objects.with_facet(tenant, facet, value, after=None, limit=10).items]


class TestObjects:
    def test_what_was_created_is_read(self, ports: Ports, tenant: str) -> None:
        made = new(tenant, name="é", type="t", owner="o", fragments={"a": {"x": [1, 2.5, None]}, "big": LARGE})
        assert ports.objects.create(made)
        assert ports.objects.get(tenant, made.id) == made
        assert ports.objects.some(tenant, [made.id, "7"]) == [made]
        assert ports.objects.page(tenant, after=None, limit=5).items == [made]
        assert ports.objects.get(tenant + "x", made.id) is None

    def test_a_number_is_given_once(self, ports: Ports, tenant: str) -> None:
        made = stored(ports, tenant, fragments={"a": 1})
        assert not ports.objects.create(replace(made, fragments={}))
        assert ports.objects.create(replace(made, tenant=tenant + "x"))
        assert current(ports, made) == made

    def test_only_who_read_the_newest_may_write(self, ports: Ports, tenant: str) -> None:
        made = stored(ports, tenant, fragments={"a": 1})
        assert ports.objects.replace(made, replace(made, fragments={"b": 1}))
        assert not ports.objects.replace(made, replace(made, fragments={"c": 1}))
        assert current(ports, made).fragments == {"b": 1}

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ({"big": LARGE, "a": 1}, {"big": LARGE, "a": 2}),
            ({"big": LARGE}, {"big": {"list": []}}),
            ({"big": 1}, {"big": LARGE}),
            ({"big": LARGE, "a": 1}, {"a": 1}),
            ({"big": LARGE}, {"big": {**LARGE, "more": 1}}),
            ({"big": LARGE}, {"other": LARGE}),
        ],
    )
    def test_large_fragments_come_change_and_go(
        self, ports: Ports, tenant: str, before: dict[str, object], after: dict[str, object]
    ) -> None:
        made = stored(ports, tenant, fragments=before)
        assert ports.objects.replace(made, replace(made, fragments=after))
        assert current(ports, made).fragments == after
        assert ports.objects.some(tenant, [made.id])[0].fragments == after

    def test_a_fragment_has_an_end(self, ports: Ports, tenant: str) -> None:
        if type(ports).__name__ == "MemoryPorts":
            pytest.skip("what an item holds is DynamoDB's limit")
        huge = {"x": [ports.chance(16).hex() for _ in range(30_000)]}
        with pytest.raises(TooLarge):
            ports.objects.create(new(tenant, fragments={"huge": huge}))

    def test_pages_go_by_number_both_ways(self, ports: Ports, tenant: str) -> None:
        made = [stored(ports, tenant, n).id for n in (3, 1, 2)]
        made.sort(key=int)
        first = ports.objects.page(tenant, after=None, limit=2)
        assert [o.id for o in first.items] == made[:2]
        assert first.cursor == made[1]
        assert [o.id for o in ports.objects.page(tenant, after=made[1], limit=2).items] == made[2:]
        back = ports.objects.page(tenant, after=made[2], limit=5, descending=True)
        assert [o.id for o in back.items] == [made[1], made[0]]

    def test_facets_move_with_the_object(self, ports: Ports, tenant: str) -> None:
        made = stored(ports, tenant, type="t#%1", name="n", owner="o", fragments={"f#1": 1, "g": 1})
        for facet, value in ((ObjectFacet.TYPE, "t#%1"), (ObjectFacet.FRAGMENT, "f#1"), (ObjectFacet.ROOT, "")):
            assert under(ports, tenant, facet, value) == [made.id]
        assert ports.objects.replace(made, replace(made, type="u", fragments={"g": 2, "h": 1}))
        assert under(ports, tenant, ObjectFacet.TYPE, "t#%1") == []
        assert under(ports, tenant, ObjectFacet.TYPE, "u") == [made.id]
        assert under(ports, tenant, ObjectFacet.FRAGMENT, "f#1") == []
        assert under(ports, tenant, ObjectFacet.FRAGMENT, "h") == [made.id]
        assert under(ports, tenant + "x", ObjectFacet.TYPE, "u") == []

    def test_beginnings_are_found_by_value(self, ports: Ports, tenant: str) -> None:
        for n, name in enumerate(("b1", "a2", "a1", "a", "A")):
            stored(ports, tenant, n, name=name)
        first = ports.objects.beginning(tenant, ObjectFacet.NAME, "a", after=None, limit=2)
        rest = ports.objects.beginning(tenant, ObjectFacet.NAME, "a", after=first.cursor, limit=2)
        assert [o.name for o in (*first.items, *rest.items)] == ["a", "a1", "a2"]
        assert rest.cursor is None

    def test_of_many_fragments_the_first_are_found_by_name(self, ports: Ports, tenant: str) -> None:
        many = {f"m{n:03}": n for n in range(MOST_FACETS * 3)}
        made = stored(ports, tenant, fragments=many, indexed=("m050", "gone"))
        assert under(ports, tenant, ObjectFacet.FRAGMENT, "m050") == [made.id]
        assert under(ports, tenant, ObjectFacet.FRAGMENT, "m040") == []
        assert under(ports, tenant, ObjectFacet.FRAGMENT, MORE) == [made.id]


class TestExternalIds:
    def test_they_come_with_the_object_or_not_at_all(self, ports: Ports, tenant: str) -> None:
        first = new(tenant)
        mine = [ExternalId(tenant, "t", v, first.id) for v in ("1", "2")]
        assert ports.objects.create(first, mine)
        second = new(tenant, 2)
        theirs = [ExternalId(tenant, "t", v, second.id) for v in ("3", "2")]
        with pytest.raises(ExternalIdDuplicate, match="t 2"):
            ports.objects.create(second, theirs)
        assert ports.objects.get(tenant, second.id) is None
        assert ports.objects.named(tenant, "t", "3") is None
        assert ports.objects.named(tenant, "t", "2") == mine[1]
        assert ports.objects.names(tenant, first.id) == mine

    def test_any_text_names_an_object(self, ports: Ports, tenant: str) -> None:
        made = stored(ports, tenant)
        texts = ["#", "a#b", "%23", " ", "é" * 256, "a/b?c", "\x00", "x" * 256]
        for type_ in texts:
            assert ports.objects.name(ExternalId(tenant, type_, "v#" + type_[:250], made.id))
        assert {e.type for e in ports.objects.names(tenant, made.id)} == set(texts)
        for type_ in texts:
            assert ports.objects.named(tenant, type_, "v#" + type_[:250]) is not None

    def test_one_is_given_once_and_to_what_is_there(self, ports: Ports, tenant: str) -> None:
        one, other = stored(ports, tenant, 1), stored(ports, tenant, 2)
        mine, theirs = (ExternalId(tenant, "t", "v", o.id) for o in (one, other))
        assert ports.objects.name(mine)
        assert not ports.objects.name(theirs)
        ports.objects.unname(theirs)
        assert ports.objects.named(tenant, "t", "v") == mine
        ports.objects.unname(mine)
        ports.objects.unname(mine)
        assert ports.objects.names(tenant, one.id) == []
        assert ports.objects.name(theirs)
        assert not ports.objects.name(ExternalId(tenant, "t", "w", "77"))


class TestHierarchy:
    def join(
        self, ports: Ports, parent: ManagedObject, child: ManagedObject, order: str = "1", height: int = 1
    ) -> bool:
        link = Link(parent.tenant, parent.id, ASSET, child.id, order)
        return ports.objects.join(link, child, {parent.id: (parent, height)})

    def test_a_link_is_seen_from_both_ends(self, ports: Ports, tenant: str) -> None:
        parent, child = stored(ports, tenant, 1), stored(ports, tenant, 2)
        assert self.join(ports, parent, child)
        link = Link(tenant, parent.id, ASSET, child.id, "1")
        assert ports.objects.children(tenant, parent.id, ASSET, after=None, limit=5).items == [link]
        assert ports.objects.parents(tenant, child.id) == [link]
        assert ports.objects.link(tenant, parent.id, ASSET, child.id) == link
        assert ports.objects.link(tenant, parent.id, ChildKind.DEVICE, child.id) is None
        assert ports.objects.count_children(tenant, parent.id, ASSET, 10) == 1
        assert under(ports, tenant, ObjectFacet.ROOT, "") == [parent.id]
        now = current(ports, child)
        assert (now.parents, now.lineage, now.revision) == (1, 1, 0)
        assert (current(ports, parent).height, current(ports, parent).joined) == (1, 1)

    def test_nothing_is_linked_that_has_changed_since_it_was_read(self, ports: Ports, tenant: str) -> None:
        parent, child, third = (stored(ports, tenant, n) for n in (1, 2, 3))
        assert self.join(ports, third, parent)
        assert not self.join(ports, parent, child)
        parent = current(ports, parent)
        assert self.join(ports, parent, child)
        # The child has a parent by now, and the parent another height.
        assert not self.join(ports, third, child)
        assert not self.join(ports, parent, stored(ports, tenant, 4))
        assert self.join(ports, current(ports, parent), stored(ports, tenant, 5), "2")

    def test_the_same_link_is_made_once(self, ports: Ports, tenant: str) -> None:
        parent, child = stored(ports, tenant, 1), stored(ports, tenant, 2)
        assert self.join(ports, parent, child)
        assert not self.join(ports, current(ports, parent), current(ports, child), "2")
        assert ports.objects.count_children(tenant, parent.id, ASSET, 10) == 1

    def test_children_come_page_by_page(self, ports: Ports, tenant: str) -> None:
        parent = stored(ports, tenant, 1)
        for n in range(5):
            assert self.join(ports, current(ports, parent), stored(ports, tenant, 10 + n), str(n))
        first = ports.objects.children(tenant, parent.id, ASSET, after=None, limit=3)
        rest = ports.objects.children(tenant, parent.id, ASSET, after=first.cursor, limit=3)
        assert [link.order for link in (*first.items, *rest.items)] == ["0", "1", "2", "3", "4"]
        assert rest.cursor is None
        assert ports.objects.count_children(tenant, parent.id, ASSET, 3) == 3

    def test_what_is_written_keeps_its_place(self, ports: Ports, tenant: str) -> None:
        parent, child = stored(ports, tenant, 1), stored(ports, tenant, 2)
        assert self.join(ports, parent, child)
        assert ports.objects.replace(child, replace(child, name="x"))
        now = current(ports, child)
        assert (now.name, now.parents, now.lineage) == ("x", 1, 1)

    def test_a_link_is_taken_away_once(self, ports: Ports, tenant: str) -> None:
        parent, child = stored(ports, tenant, 1), stored(ports, tenant, 2)
        assert self.join(ports, parent, child)
        link = Link(tenant, parent.id, ASSET, child.id, "1")
        assert not ports.objects.part(link, child)
        now = current(ports, child)
        assert ports.objects.part(link, now)
        assert not ports.objects.part(link, now)
        assert not ports.objects.part(link, current(ports, child))
        assert current(ports, child).parents == 0
        assert under(ports, tenant, ObjectFacet.ROOT, "") == [parent.id, child.id]
        assert ports.objects.part(link, None)

    def test_alarms_are_counted_beside_what_else_is_written(self, ports: Ports, tenant: str) -> None:
        read = stored(ports, tenant, 1)
        assert ports.objects.replace(read, replace(read, name="another"))
        assert ports.objects.count_alarms(read, {"major": 2})
        assert not ports.objects.count_alarms(read, {"major": 1})
        counted = current(ports, read)
        assert (counted.name, counted.alarms, counted.alarms_counted) == ("another", {"major": 2}, 1)
        assert ports.objects.some(tenant, [read.id]) == [counted]
        assert ports.objects.replace(counted, replace(counted, name="a third", alarms={}))
        assert ports.objects.count_alarms(counted, {})
        assert (current(ports, read).name, current(ports, read).alarms) == ("a third", {})
        assert ports.objects.leave(current(ports, read))
        assert not ports.objects.count_alarms(replace(counted, alarms_counted=2), {"major": 3})
        ports.objects.erase(tenant, read.id)
        assert not ports.objects.count_alarms(replace(counted, alarms_counted=0), {"major": 3})

    def test_a_height_sinks_unless_somebody_joined(self, ports: Ports, tenant: str) -> None:
        parent, child = stored(ports, tenant, 1), stored(ports, tenant, 2)
        assert self.join(ports, parent, child, height=4)
        read = current(ports, parent)
        assert self.join(ports, read, stored(ports, tenant, 3), "2", height=4)
        assert not ports.objects.lower(read, 0)
        assert ports.objects.lower(current(ports, parent), 1)
        assert current(ports, parent).height == 1


class TestFamily:
    def test_all_children_are_read_at_once_where_they_are_few(self, ports: Ports, tenant: str) -> None:
        parent, *others = (stored(ports, tenant, n) for n in range(4))
        wanted = [(ASSET, others[1], "2"), (ASSET, others[0], "1"), (ChildKind.ADDITION, others[2], "0")]
        for kind, child, order in wanted:
            over = current(ports, parent)
            assert ports.objects.join(Link(tenant, parent.id, kind, child.id, order), child, {parent.id: (over, 1)})
        found = ports.objects.family(tenant, parent.id, 3)
        assert found is not None
        assert [(link.kind, link.child) for link in found] == [
            (ChildKind.ADDITION, others[2].id),
            (ASSET, others[0].id),
            (ASSET, others[1].id),
        ]
        assert all(ports.objects.link(tenant, parent.id, link.kind, link.child) == link for link in found)
        assert ports.objects.family(tenant, parent.id, 2) is None
        assert ports.objects.family(tenant, others[0].id, 1) == []


class TestLeaving:
    def test_it_is_hidden_at_once_and_found_by_who_clears_up(self, ports: Ports, tenant: str) -> None:
        made = stored(ports, tenant, name="n", fragments={"f": 1, "big": LARGE}, device="d")
        assert ports.objects.leaving(tenant, made.id) is None
        assert ports.objects.leave(made, frozenset({ASSET}))
        assert not ports.objects.leave(made)
        assert ports.objects.get(tenant, made.id) is None
        assert ports.objects.some(tenant, [made.id]) == []
        assert ports.objects.page(tenant, after=None, limit=5).items == []
        assert under(ports, tenant, ObjectFacet.FRAGMENT, "f") == []
        assert not ports.objects.replace(made, replace(made, name="x"))
        assert not ports.objects.name(ExternalId(tenant, "t", "v", made.id))
        leaving = Leaving(tenant, made.id, "d", frozenset({ASSET}))
        assert ports.objects.leaving(tenant, made.id) == leaving
        assert (tenant, made.id) in ports.objects.left()

    def test_its_file_is_found_by_who_clears_up(self, ports: Ports, tenant: str) -> None:
        file = Attachment(f"attachments/{tenant}/1", "a.txt", "text/plain", 1)
        made = stored(ports, tenant, attachment=file)
        assert current(ports, made).attachment == file
        assert ports.objects.leave(made)
        assert ports.objects.leaving(tenant, made.id) == Leaving(tenant, made.id, file=file.file)

    def test_nothing_of_it_stays_when_it_is_erased(self, ports: Ports, tenant: str) -> None:
        made = stored(ports, tenant, name="n", fragments={"f": 1, "big": LARGE})
        ports.objects.leave(made)
        ports.objects.erase(tenant, made.id)
        ports.objects.erase(tenant, made.id)
        assert ports.objects.leaving(tenant, made.id) is None
        again = stored(ports, tenant)
        assert current(ports, again).fragments == {}
        assert under(ports, tenant, ObjectFacet.FRAGMENT, "big") == []
        assert under(ports, tenant, ObjectFacet.NAME, "n") == []

    def test_who_was_read_before_is_no_child_or_parent_any_more(self, ports: Ports, tenant: str) -> None:
        one, other = stored(ports, tenant, 1), stored(ports, tenant, 2)
        assert ports.objects.leave(one)
        assert not ports.objects.join(Link(tenant, one.id, ASSET, other.id, "1"), other, {one.id: (one, 1)})
        assert not ports.objects.join(Link(tenant, other.id, ASSET, one.id, "1"), one, {other.id: (other, 1)})


def worst(tenant: str) -> Device:
    interfaces = tuple(Interface(f"c{n}", f"n{n}", "d", 1, 1) for n in range(MAX_INTERFACES))
    return Device(tenant, "d1", 1, 1, tags=tuple(f"t{n}" for n in range(40)), interfaces=interfaces)


class TestDevices:
    def test_the_greatest_device_fits_into_a_transaction_with_its_object(self, ports: Ports, tenant: str) -> None:
        device = worst(tenant)
        share = Share(tenant, Stored.DEVICES, 10, 0)
        ports.usages.replace(None, Usage(tenant, Stored.DEVICES, 0, 1))
        many = {f"m{n:03}": n for n in range(MOST_FACETS + 1)}
        made = new(tenant, device=device.id, origin="d", name="n", type="t", owner="o", fragments=many)
        claims = [
            Change(None, Claim(f"{tenant}{n}", tenant, "d", "", "", 1, device=device.id)) for n in range(MAX_INTERFACES)
        ]
        ports.devices.create(replace(device, number=made.id), share, claims, made)
        assert ports.objects.get(tenant, made.id) == made
        found = ports.devices.get(tenant, device.id)
        assert found is not None
        assert found.number == made.id
        assert ports.devices.delete(found, share)
        assert ports.objects.get(tenant, made.id) is None
        assert ports.objects.leaving(tenant, made.id) is not None

    def test_a_number_that_is_taken_is_told_from_a_device_that_is_there(self, ports: Ports, tenant: str) -> None:
        made = stored(ports, tenant)
        device = replace(worst(tenant), number=made.id)
        with pytest.raises(NumberTaken):
            ports.devices.create(device, None, (), made)
        assert ports.devices.get(tenant, device.id) is None
        other = new(tenant, 2, device=device.id)
        ports.devices.create(replace(device, number=other.id), None, (), other)
        with pytest.raises(DeviceDuplicate):
            ports.devices.create(device, None, (), new(tenant, 3))
        read = ports.devices.get(tenant, device.id)
        assert read is not None
        with pytest.raises(NumberTaken):
            ports.devices.replace(read, replace(read, name="x", group="root", tags=("z",)), (), made)
        assert ports.devices.replace(read, replace(read, tags=("z",)), (), new(tenant, 4))
        assert not ports.devices.replace(read, replace(read, tags=("y",)), (), new(tenant, 5))
        assert ports.objects.get(tenant, new(tenant, 5).id) is None

    def test_a_whole_life(self, ports: Ports, tenant: str) -> None:
        gateway = objects.create(ports, tenant, objects.Draft("g", fragments={"big": LARGE}, named=[("t", "1")]))
        child = objects.create(ports, tenant, objects.Draft("c"))
        node = Interface("mqtt", f"{tenant}-node", "d", 1, 1)
        device = promoting.promote(ports, tenant, gateway.id, "ns", [node])
        hierarchy.link(ports, tenant, gateway.id, child.id, ChildKind.DEVICE)
        assert [o.id for o in hierarchy.descendants(ports, tenant, gateway.id)] == [child.id]
        assert promoting.promote(ports, tenant, gateway.id, "ns").id == device.id
        removing.delete(ports, tenant, gateway.id, frozenset({ChildKind.DEVICE}))
        assert ports.objects.page(tenant, after=None, limit=5).items == []
        # Where the machine is slow, the request leaves something to the sweep.
        assert removing.finish(ports, tenant, gateway.id, LAST)
        assert ports.objects.named(tenant, "t", "1") is None
        assert ports.devices.get(tenant, device.id) is None
        assert ports.devices.owner(tenant, "mqtt", f"{tenant}-node") is None
        assert [one for one in ports.objects.left() if one[0] == tenant] == []

    def test_deleting_the_device_takes_the_object_along(self, ports: Ports, tenant: str) -> None:
        made = objects.create(ports, tenant, objects.Draft("g", named=[("t", "1")]))
        device = promoting.promote(ports, tenant, made.id, "ns")
        devices.delete(ports, tenant, device.id)
        assert removing.finish(ports, tenant, made.id, LAST)
        assert ports.objects.named(tenant, "t", "1") is None
        assert ports.objects.leaving(tenant, made.id) is None
