"""Finding managed objects: by facets, by looking at few, by words."""

import pytest

from chalicelib.fleet.errors import LimitReached
from chalicelib.fleet.inventory import finding, objects
from chalicelib.fleet.inventory.finding import Chosen
from chalicelib.fleet.inventory.managed_objects import MOST_FACETS, ManagedObject, ObjectFacet
from chalicelib.fleet.inventory.objects import Draft
from tests.fakes import MemoryPorts

TENANT = "t1"


class TestFinding:
    def fill(self, ports: MemoryPorts) -> list[ManagedObject]:
        made = []
        for n in range(30):
            ports.clock.advance(ms=1)
            fragments = {f"f{n % 3}": {"n": n}, "all": 1}
            draft = Draft(f"pump {n:02}", f"t{n % 2}", "ann" if n < 10 else "bob", fragments)
            made.append(objects.create(ports, TENANT, draft))
        return made

    @pytest.mark.parametrize("limit", [1, 4, 100])
    @pytest.mark.parametrize(
        "chosen",
        [
            [finding.ALL],
            [Chosen(ObjectFacet.TYPE, "t1")],
            [Chosen(ObjectFacet.OWNER, "ann")],
            [Chosen(ObjectFacet.FRAGMENT, "f2")],
            [Chosen(ObjectFacet.FRAGMENT, "f2"), Chosen(ObjectFacet.OWNER, "ann"), Chosen(ObjectFacet.TYPE, "t0")],
            [Chosen(ObjectFacet.NAME, "pump 07")],
            [Chosen(ObjectFacet.NAME, "pump")],
            [Chosen(ObjectFacet.ROOT)],
        ],
    )
    def test_pages_are_what_looking_at_each_would_find(
        self, ports: MemoryPorts, chosen: list[Chosen], limit: int
    ) -> None:
        made = self.fill(ports)
        filters: list[finding.Wanted] = [lambda _: True, lambda o: int(o.id) % 3 > 0]
        for wanted in filters:
            expected = [o.id for o in made if any(c.holds(o) for c in chosen) and wanted(o)]
            found: list[str] = []
            after: str | None = None
            while True:
                page = finding.page(ports, TENANT, chosen, wanted, after=after, limit=limit)
                found += [o.id for o in page.items]
                after = page.cursor
                if after is None:
                    break
            assert found == expected
            assert finding.count(ports, TENANT, chosen, wanted, most=100) == len(expected)
            assert [o.id for o in finding.every(ports, TENANT, chosen, wanted)] == expected

    def test_names_are_found_by_their_beginning_in_order(self, ports: MemoryPorts) -> None:
        self.fill(ports)
        first = finding.beginning(ports, TENANT, ObjectFacet.NAME, "pump 1", limit=7)
        rest = finding.beginning(ports, TENANT, ObjectFacet.NAME, "pump 1", after=first.cursor, limit=7)
        assert [o.name for o in (*first.items, *rest.items)] == [f"pump 1{n}" for n in range(10)]
        assert rest.cursor is None

    def test_no_more_is_looked_at_than_is_said(self, ports: MemoryPorts) -> None:
        self.fill(ports)
        with pytest.raises(LimitReached):
            finding.page(ports, TENANT, wanted=lambda _: False, most=10)
        assert finding.count(ports, TENANT, most=29) is None
        assert finding.count(ports, TENANT, most=30) == 30

    def test_an_object_with_many_fragments_is_found_by_each(self, ports: MemoryPorts) -> None:
        many = {f"m{n:02}": n for n in range(MOST_FACETS + 12)}
        made = objects.create(ports, TENANT, Draft(fragments=many))
        few = objects.create(ports, TENANT, Draft(fragments={"m29": 1}))
        for name in many:
            found = {o.id for o in finding.every(ports, TENANT, [Chosen(ObjectFacet.FRAGMENT, name)])}
            assert found == ({made.id, few.id} if name == "m29" else {made.id})
        assert finding.every(ports, TENANT, [Chosen(ObjectFacet.FRAGMENT, "other")]) == []

    def test_objects_are_found_by_when_they_were_made(self, ports: MemoryPorts) -> None:
        made = self.fill(ports)
        page = finding.page(ports, TENANT, after=finding.created_from(made[20].created), limit=100)
        assert [o.id for o in page.items] == [o.id for o in made[20:]]

    @pytest.mark.parametrize(
        ("text", "is_found"),
        [("PUMP", True), ("north", True), ("sn", True), ("42", True), ("pu", False), ("", False), ("x pump", True)],
    )
    def test_a_text_is_found_by_whole_words(self, text: str, *, is_found: bool) -> None:
        made = ManagedObject(TENANT, "4096000", 1, 1, name="Pump/North", type="a.b", owner="ann")
        assert finding.says(made, ["SN:42"], text) is is_found
