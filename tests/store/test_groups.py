"""What the tables of groups and facets promise, of the fake and of DynamoDB."""

from dataclasses import replace

import pytest

from chalicelib.fleet.errors import DeviceDuplicate, GroupInUse, GroupNotFound, InterfaceDuplicate
from chalicelib.fleet.inventory import group_paths, groups
from chalicelib.fleet.inventory.facets import Facet
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Presence


def device(tenant: str, name: str, group: str = "root", tags: tuple[str, ...] = (), *nodes: str) -> Device:
    interfaces = tuple(Interface("mqtt", node, "live_objects", 1, 2) for node in nodes)
    return Device(tenant, name, 1, 2, group=group, tags=tags, interfaces=interfaces)


def found(ports: Ports, tenant: str, facet: Facet, value: str) -> list[str]:
    return [d.id for d in ports.devices.with_facet(tenant, facet, value, after=None, limit=10).items]


def grown(ports: Ports, tenant: str) -> str:
    return groups.create(ports, tenant, "france", "root", "f").id


class TestGroups:
    def test_what_was_created_is_read(self, ports: Ports, tenant: str) -> None:
        made = groups.create(ports, tenant, "france", "root", "été")
        tree = ports.groups.tree(tenant)
        assert tree.groups == {made.id: made}
        assert tree.path(made.id) == "/france"

    def test_a_writer_who_saw_an_older_tree_writes_nothing(self, ports: Ports, tenant: str) -> None:
        old = ports.groups.tree(tenant)
        made = groups.create(ports, tenant, "france", "root", None)
        assert not ports.groups.put(old, replace(made, id="zzzzzz"))
        assert not ports.groups.remove(old, made.id)
        assert set(ports.groups.tree(tenant).groups) == {made.id}

    def test_a_group_that_was_made_since_is_known(self, ports: Ports, tenant: str) -> None:
        assert ports.groups.known(tenant, "root").path("root") == "/"
        assert group_paths.path_of(ports, tenant, grown(ports, tenant)) == "/france"

    def test_a_device_is_not_put_into_a_group_that_is_not_there(self, ports: Ports, tenant: str) -> None:
        with pytest.raises(GroupNotFound):
            ports.devices.create(device(tenant, "a", "abcdef"))
        assert ports.devices.get(tenant, "a") is None
        ports.devices.create(device(tenant, "a"))
        with pytest.raises(GroupNotFound):
            ports.devices.replace(device(tenant, "a"), device(tenant, "a", "abcdef"))

    def test_a_group_that_is_being_deleted_takes_no_devices(self, ports: Ports, tenant: str) -> None:
        group = grown(ports, tenant)
        tree = ports.groups.tree(tenant)
        assert ports.groups.put(tree, replace(tree.groups[group], closing=True))
        with pytest.raises(GroupNotFound):
            ports.devices.create(device(tenant, "a", group))
        groups.update(ports, tenant, group, lambda g: g)
        ports.devices.create(device(tenant, "a", group))

    def test_a_group_is_deleted_when_its_last_device_left(self, ports: Ports, tenant: str) -> None:
        group = grown(ports, tenant)
        ports.devices.create(device(tenant, "a", group))
        with pytest.raises(GroupInUse):
            groups.delete(ports, tenant, group)
        assert ports.devices.replace(device(tenant, "a", group), device(tenant, "a"))
        groups.delete(ports, tenant, group)
        assert group not in ports.groups.tree(tenant)

    def test_what_is_wrong_with_a_device_in_a_group_is_told_apart(self, ports: Ports, tenant: str) -> None:
        group = grown(ports, tenant)
        ports.devices.create(device(tenant, "a", group, (), "n"))
        with pytest.raises(DeviceDuplicate):
            ports.devices.create(device(tenant, "a", group))
        with pytest.raises(InterfaceDuplicate):
            ports.devices.create(device(tenant, "b", group, (), "n"))
        assert not ports.devices.replace(replace(device(tenant, "a"), revision=5), device(tenant, "a", group))


class TestFacets:
    def test_a_device_is_found_by_group_tag_and_connector(self, ports: Ports, tenant: str) -> None:
        group = grown(ports, tenant)
        ports.devices.create(device(tenant, "a", group, ("x", "x#1", "x%23")))
        ports.devices.create(device(tenant, "b", "root", ("x",), "n"))
        assert found(ports, tenant, Facet.GROUP, group) == ["a"]
        assert found(ports, tenant, Facet.GROUP, "root") == ["b"]
        assert found(ports, tenant, Facet.TAG, "x") == ["a", "b"]
        assert found(ports, tenant, Facet.TAG, "x#1") == ["a"]
        assert found(ports, tenant, Facet.CONNECTOR, "mqtt") == ["b"]
        assert ports.devices.values(tenant, Facet.TAG, 10) == ["x", "x#1", "x%23"]
        assert ports.devices.values(tenant, Facet.TAG, 2) == ["x", "x#1"]

    def test_a_device_that_changes_is_found_by_what_it_is_now(self, ports: Ports, tenant: str) -> None:
        old, new = device(tenant, "a", "root", ("x", "y"), "n"), device(tenant, "a", "root", ("y", "z"))
        ports.devices.create(old)
        assert ports.devices.replace(old, new)
        assert ports.devices.values(tenant, Facet.TAG, 10) == ["y", "z"]
        assert ports.devices.values(tenant, Facet.CONNECTOR, 10) == []
        assert ports.devices.delete(replace(new, revision=1))
        assert ports.devices.values(tenant, Facet.GROUP, 10) == []

    def test_a_moved_interface_is_found_at_its_new_device(self, ports: Ports, tenant: str) -> None:
        source, target = device(tenant, "a", "root", (), "n"), device(tenant, "b")
        ports.devices.create(source)
        ports.devices.create(target)
        assert ports.devices.move_interface(source, target, source.interfaces[0])
        assert found(ports, tenant, Facet.CONNECTOR, "mqtt") == ["b"]

    def test_pages_follow_one_another_in_both_directions(self, ports: Ports, tenant: str) -> None:
        for name in "abcde":
            ports.devices.create(device(tenant, name, "root", ("t",)))
            ports.devices.create(device(tenant, f"{name}:other", "root", ("t2", "s")))
        for descending, order in ((False, "abcde"), (True, "edcba")):
            seen, cursor = [], None
            for _ in range(3):
                page = ports.devices.with_facet(tenant, Facet.TAG, "t", after=cursor, limit=2, descending=descending)
                seen += [d.id for d in page.items]
                cursor = page.cursor
            assert ("".join(seen), cursor) == (order, None)

    def test_the_device_with_a_number_is_found_by_keys(self, ports: Ports, tenant: str) -> None:
        for name in "abcde":
            ports.devices.create(device(tenant, name, "root", ("t",) if name != "c" else ()))
        nth, tagged = ports.devices.nth, (Facet.TAG, "t")
        assert [nth(tenant, number, after=None) for number in (1, 5, 6)] == ["a", "e", None]
        assert [nth(tenant, 2, after=after) for after in ("b", "d")] == ["d", None]
        assert nth(tenant, 2, after="d", descending=True) == "b"
        assert [nth(tenant, number, tagged, after=None) for number in (1, 3, 5)] == ["a", "d", None]
        assert [nth(tenant, 2, tagged, after="b"), nth(tenant, 2, tagged, after="d", descending=True)] == ["e", "a"]

    def test_texts_are_looked_for_page_by_page(self, ports: Ports, tenant: str) -> None:
        names = {"a": "Pump 7", "b": 'Pump "7"\\\n', "c": None, "d": "Größe 7 🙂", "e": "pump"}
        for place, name in names.items():
            one = device(tenant, f"urn:{place}", "root", ("Pump",) if place == "e" else ())
            ports.devices.create(replace(one, name=name))

        def said(*texts: str, parts: tuple[str, ...] = (), limit: int = 9, descending: bool = False) -> str:
            found, after = "", None
            for _ in range(9):
                page = ports.devices.saying(tenant, texts, parts, after=after, limit=limit, descending=descending)
                found, after = found + "".join(d.id[-1] for d in page.items), page.cursor
                if after is None:
                    return found
            pytest.fail("it does not end")

        assert said("Pump 7") == "a"
        assert said('"7"\\\n') == "b"
        assert said("Größe", "🙂") == said("Größe", parts=("rn:d",)) == "d"
        assert said("Pump") == "abe", "also where it is a tag: who asks compares"
        assert said("Größe", parts=("rn:a",)) == ""
        for limit in (1, 2, 5):
            assert said(parts=("urn:",), limit=limit) == "abcde"
            assert said("Größe", limit=limit) == "d"
            assert said("Pump", limit=limit, descending=True) == "eba"

    def test_devices_are_counted_no_further_than_asked(self, ports: Ports, tenant: str) -> None:
        for number in range(5):
            ports.devices.create(device(tenant, f"d{number}", "root", ("even",) if number % 2 == 0 else ()))
        assert ports.devices.count(tenant) == 5
        assert ports.devices.count(tenant, most=3) == 3
        assert ports.devices.count(tenant, Facet.TAG, "even") == 3
        assert ports.devices.count(tenant, Facet.TAG, "odd") == 0

    def test_some_devices_and_mailboxes_are_read_at_once(self, ports: Ports, tenant: str) -> None:
        for name in "abc":
            ports.devices.create(device(tenant, name))
        assert [d.id for d in ports.devices.some(tenant, ["c", "x", "a"])] == ["c", "a"]
        assert set(ports.mailboxes.some(tenant, ["c", "x", "a"])) == {"a", "c"}
        assert ports.devices.some(tenant, []) == []

    def test_connected_devices_are_listed_and_counted(self, ports: Ports, tenant: str) -> None:
        for name in "abcd":
            ports.devices.create(device(tenant, name))
            box: Mailbox | None = ports.mailboxes.get(tenant, name)
            assert box is not None
            presence = Presence("live_objects", name, session=None if name == "b" else "s")
            assert ports.mailboxes.replace(box, box.with_presence(f"mqtt:{name}", presence))
        first = ports.mailboxes.online(tenant, after=None, limit=2)
        assert (list(first.items), first.cursor) == (["a", "c"], "c")
        assert list(ports.mailboxes.online(tenant, after="c", limit=2).items) == ["d"]
        assert list(ports.mailboxes.online(tenant, after="d", limit=1, descending=True).items) == ["c"]
        assert ports.mailboxes.count_online(tenant, 10) == 3
