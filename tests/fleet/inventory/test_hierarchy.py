"""Children of three kinds: no circle, whatever comes at once; nothing of a deleted object stays."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.fleet import sweeping
from chalicelib.fleet.errors import Circular, ExternalIdDuplicate, FleetError, LimitReached, ObjectNotFound
from chalicelib.fleet.inventory import heights, hierarchy, objects, removing
from chalicelib.fleet.inventory.managed_objects import ChildKind, Link, ManagedObject
from chalicelib.fleet.inventory.objects import Draft
from tests.fakes import MemoryPorts

TENANT = "t1"
DEVICE, ASSET = ChildKind.DEVICE, ChildKind.ASSET


def made(ports: MemoryPorts, count: int) -> list[str]:
    return [objects.create(ports, TENANT, Draft(name=f"o{n}")).id for n in range(count)]


def below(ports: MemoryPorts, number: str) -> set[str]:
    return {found.id for found in hierarchy.descendants(ports, TENANT, number)}


def linked(ports: MemoryPorts, parent: str, child: str, kind: ChildKind = ASSET) -> bool:
    return hierarchy.link(ports, TENANT, parent, child, kind)


class TestLinks:
    def test_children_are_in_the_order_in_which_they_joined(self, ports: MemoryPorts) -> None:
        parent, *others = made(ports, 4)
        for child in reversed(others):
            ports.clock.advance(ms=1)
            assert linked(ports, parent, child)
        found = hierarchy.children(ports, TENANT, parent, ASSET).items
        assert [one.id for one in found] == list(reversed(others))
        first = hierarchy.children(ports, TENANT, parent, ASSET, limit=2)
        rest = hierarchy.children(ports, TENANT, parent, ASSET, after=first.cursor, limit=2)
        assert [one.id for one in (*first.items, *rest.items)] == list(reversed(others))
        assert rest.cursor is None

    def test_a_second_time_changes_nothing(self, ports: MemoryPorts) -> None:
        parent, child = made(ports, 2)
        assert linked(ports, parent, child)
        assert not linked(ports, parent, child)
        assert hierarchy.unlink(ports, TENANT, parent, child, ASSET)
        assert not hierarchy.unlink(ports, TENANT, parent, child, ASSET)
        assert objects.get(ports, TENANT, child).parents == 0

    def test_kinds_are_told_apart_and_an_object_may_have_several_parents(self, ports: MemoryPorts) -> None:
        group, gateway, child = made(ports, 3)
        linked(ports, group, child)
        linked(ports, gateway, child, DEVICE)
        assert [p.id for p in hierarchy.parents(ports, TENANT, child, DEVICE)] == [gateway]
        assert {p.id for p in hierarchy.parents(ports, TENANT, child)} == {group, gateway}
        assert hierarchy.children(ports, TENANT, group, DEVICE).items == []
        assert hierarchy.child(ports, TENANT, group, child, DEVICE) is None
        assert hierarchy.ensure_child(ports, TENANT, group, child, ASSET).id == child

    @pytest.mark.parametrize("length", [1, 2, 3, 8])
    def test_a_circle_is_refused_however_long(self, ports: MemoryPorts, length: int) -> None:
        ring = made(ports, length)
        for parent, child in pairwise(ring):
            linked(ports, parent, child)
        with pytest.raises(Circular):
            linked(ports, ring[-1], ring[0], DEVICE)

    def test_there_are_ten_levels_and_ten_parents(self, ports: MemoryPorts) -> None:
        chain = made(ports, heights.DEEPEST + 2)
        for parent, child in pairwise(chain[:-1]):
            linked(ports, parent, child)
        with pytest.raises(LimitReached):
            linked(ports, chain[-2], chain[-1])
        child, *parents = made(ports, hierarchy.MOST_PARENTS + 2)
        for parent in parents[:-1]:
            linked(ports, parent, child)
        with pytest.raises(LimitReached):
            linked(ports, parents[-1], child)

    def test_levels_are_counted_on_both_sides_of_a_link(self, ports: MemoryPorts) -> None:
        upper, lower = made(ports, 6), made(ports, 6)
        for chain in (upper, lower):
            for parent, child in pairwise(chain):
                linked(ports, parent, child)
        with pytest.raises(LimitReached):
            linked(ports, upper[-1], lower[0])
        assert linked(ports, upper[-2], lower[0])

    def test_nothing_joins_what_is_not_there(self, ports: MemoryPorts) -> None:
        (one,) = made(ports, 1)
        for parent, child in ((one, "1234567890123"), ("1234567890123", one), (one, "x"), ("", one)):
            with pytest.raises(ObjectNotFound):
                linked(ports, parent, child)

    def test_another_tenants_object_is_not_there(self, ports: MemoryPorts) -> None:
        (one,) = made(ports, 1)
        other = objects.create(ports, "t2", Draft()).id
        with pytest.raises(ObjectNotFound):
            linked(ports, one, other)
        with pytest.raises(ObjectNotFound):
            hierarchy.link(ports, "t2", other, one, ASSET)

    def test_ancestors_come_nearest_first(self, ports: MemoryPorts) -> None:
        top, middle, low, aside = made(ports, 4)
        linked(ports, top, middle)
        linked(ports, middle, low)
        linked(ports, aside, low)
        found = [one.id for one in hierarchy.ancestors(ports, objects.get(ports, TENANT, low))]
        assert set(found[:2]) == {middle, aside}
        assert found[2:] == [top]


def test_levels_that_are_gone_count_no_more(ports: MemoryPorts) -> None:
    one, other, aside = made(ports, 3)
    linked(ports, aside, one)
    for parent, child in [(one, other), (other, one)] * 10:
        linked(ports, parent, child)
        hierarchy.unlink(ports, TENANT, parent, child, ASSET)
    assert {objects.get(ports, TENANT, number).height for number in (one, other)} == {0}
    assert objects.get(ports, TENANT, aside).height == 1


class Interrupted(MemoryPorts):
    """Lets something happen between what a writer reads and what it writes, once."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.meanwhile: list[Callable[[], object]] = []
        joined = self.objects.join

        def join(link: Link, child: ManagedObject, above: dict[str, tuple[ManagedObject, int]]) -> bool:
            while self.meanwhile:
                self.meanwhile.pop()()
            return joined(link, child, above)

        self.objects.join = join  # type: ignore[method-assign,assignment]


@pytest.mark.parametrize("length", [2, 3, 5])
def test_links_that_would_close_a_circle_together_do_not(length: int) -> None:
    """Each was decided on before any of the others was written."""
    ports = Interrupted()
    ring = made(ports, length)
    pairs = list(zip(ring, [*ring[1:], ring[0]], strict=True))
    ports.meanwhile = [lambda pair=pair: linked(ports, *pair) for pair in pairs[1:]]  # type: ignore[misc]
    with pytest.raises(Circular):
        linked(ports, *pairs[0])
    assert all(one not in below(ports, one) for one in ring)


def test_a_child_that_is_deleted_meanwhile_is_not_linked() -> None:
    ports = Interrupted()
    parent, child = made(ports, 2)
    ports.meanwhile = [lambda: removing.delete(ports, TENANT, child)]
    with pytest.raises(ObjectNotFound):
        linked(ports, parent, child)
    assert hierarchy.children(ports, TENANT, parent, ASSET).items == []


def test_a_parent_that_is_deleted_meanwhile_gets_no_child() -> None:
    ports = Interrupted()
    parent, child = made(ports, 2)
    ports.meanwhile = [lambda: removing.delete(ports, TENANT, parent)]
    with pytest.raises(ObjectNotFound):
        linked(ports, parent, child)
    assert objects.get(ports, TENANT, child).parents == 0


Step = tuple[str, int, int, ChildKind]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["link", "link", "unlink", "delete"]),
        st.integers(0, 7),
        st.integers(0, 7),
        st.sampled_from(ChildKind),
    ),
    max_size=30,
)
EVERY = frozenset(ChildKind)


class Graph:
    """What the hierarchy is compared with: a set of edges."""

    def __init__(self, numbers: list[str]) -> None:
        self.there = set(numbers)
        self.edges = set[tuple[str, str, ChildKind]]()

    def under(self, number: str, kinds: frozenset[ChildKind] = EVERY) -> set[str]:
        found, waiting = set[str](), [number]
        while waiting:
            one = waiting.pop()
            fresh = {c for p, c, k in self.edges if p == one and k in kinds} - found
            found |= fresh
            waiting.extend(fresh)
        return found

    def height(self, number: str) -> int:
        return max((self.height(c) + 1 for p, c, _ in self.edges if p == number), default=0)

    def allows(self, parent: str, child: str) -> bool:
        return parent != child and parent not in self.under(child)

    def delete(self, number: str, cascade: frozenset[ChildKind]) -> None:
        gone = {number} | self.under(number, cascade)
        self.there -= gone
        self.edges = {edge for edge in self.edges if not gone & {edge[0], edge[1]}}


def take(
    ports: MemoryPorts, graph: Graph, step: str, edge: tuple[str, str, ChildKind], cascade: frozenset[ChildKind]
) -> None:
    parent, child, _ = edge
    if step == "link":
        hierarchy.link(ports, TENANT, *edge)
        assert {parent, child} <= graph.there
        assert graph.allows(parent, child)
        graph.edges.add(edge)
    elif step == "unlink":
        assert hierarchy.unlink(ports, TENANT, *edge) is (edge in graph.edges)
        graph.edges.discard(edge)
    else:
        removing.delete(ports, TENANT, parent, cascade)
        graph.delete(parent, cascade)


@settings(max_examples=150, deadline=None)
@given(STEPS, st.frozensets(st.sampled_from(ChildKind)))
def test_the_hierarchy_is_what_a_plain_graph_would_be(steps: list[Step], cascade: frozenset[ChildKind]) -> None:
    """Links, children, parents, heights, circles, and what a deletion takes along."""
    ports = MemoryPorts()
    numbers = made(ports, 8)
    graph = Graph(numbers)
    for step, a, b, kind in steps:
        parent, child = numbers[a], numbers[b]
        try:
            take(ports, graph, step, (parent, child, kind), cascade)
        except Circular:
            assert not graph.allows(parent, child)
        except ObjectNotFound:
            assert not {parent, child} <= graph.there
    for number in graph.there:
        found = objects.get(ports, TENANT, number)
        assert found.parents == sum(child == number for _, child, _ in graph.edges)
        assert found.height == graph.height(number)
        assert below(ports, number) == graph.under(number)
        for kind in ChildKind:
            children = {one.id for one in hierarchy.children(ports, TENANT, number, kind).items}
            assert children == {c for p, c, k in graph.edges if (p, k) == (number, kind)}
    assert {number for _, number in ports.objects.rows} == graph.there
    assert not ports.objects.hidden


class TestDeleting:
    @pytest.mark.parametrize("dies_after", range(12))
    def test_whoever_dies_on_the_way_leaves_it_to_the_sweep(self, ports: MemoryPorts, dies_after: int) -> None:
        top, *children = made(ports, 4)
        for child in children:
            linked(ports, top, child, DEVICE)
        objects.name(ports, TENANT, top, "serial", "1")
        steps = dies_after
        parted, unnamed, erased = ports.objects.part, ports.objects.unname, ports.objects.erase

        def dying(do: Callable[..., object]) -> Callable[..., object]:
            def step(*args: object) -> object:
                nonlocal steps
                steps -= 1
                if steps == 0:
                    raise ConnectionError
                return do(*args)

            return step

        ports.objects.part = dying(parted)  # type: ignore[method-assign,assignment]
        ports.objects.unname = dying(unnamed)  # type: ignore[method-assign,assignment]
        ports.objects.erase = dying(erased)  # type: ignore[method-assign,assignment]
        try:
            removing.delete(ports, TENANT, top, frozenset({DEVICE}))
        except ConnectionError:
            with pytest.raises(ObjectNotFound):
                objects.get(ports, TENANT, top)
        steps = 1 << 30
        while ports.objects.hidden:
            sweeping.sweep(ports)
        assert ports.objects.rows == {}
        assert ports.objects.externals == {}
        assert not any(ports.objects.up.values())

    def test_no_link_to_a_child_that_is_gone_stays(self, ports: MemoryPorts) -> None:
        *parents, child = made(ports, 4)
        for parent, kind in zip(parents, ChildKind, strict=True):
            linked(ports, parent, child, kind)
        removing.delete(ports, TENANT, child)
        assert not any(ports.objects.up.values())
        assert not any(ports.objects.down.values())

    def test_an_external_id_is_free_at_once(self, ports: MemoryPorts) -> None:
        named = [("serial", "1")]
        first = objects.create(ports, TENANT, Draft(named=named))
        with pytest.raises(ExternalIdDuplicate):
            objects.create(ports, TENANT, Draft(named=named))
        assert ports.objects.leave(first)
        # Whoever deleted it died here: nothing is cleared up yet.
        second = objects.create(ports, TENANT, Draft(named=named))
        assert objects.named(ports, TENANT, "serial", "1") == second
        sweeping.sweep(ports)
        assert objects.named(ports, TENANT, "serial", "1") == second

    def test_a_clock_that_runs_out_stops_it_and_it_goes_on(self, ports: MemoryPorts) -> None:
        top, *children = made(ports, 6)
        for child in children:
            linked(ports, top, child, DEVICE)
        found = objects.get(ports, TENANT, top)
        ports.objects.leave(found, frozenset({DEVICE}))
        sweeps = 0
        while ports.objects.hidden:
            removing.finish(ports, TENANT, top, ports.clock.now())
            sweeps += 1
        assert ports.objects.rows == {}
        assert sweeps > 1

    def test_what_is_deleted_twice_was_not_there(self, ports: MemoryPorts) -> None:
        (one,) = made(ports, 1)
        removing.delete(ports, TENANT, one)
        with pytest.raises(FleetError):
            removing.delete(ports, TENANT, one)


def test_a_deletion_whose_answer_is_lost_is_one(ports: MemoryPorts) -> None:
    (one,) = made(ports, 1)
    leave = ports.objects.leave

    def forgetful(old: ManagedObject, cascade: frozenset[ChildKind] = frozenset(), *, data: bool = False) -> bool:
        leave(old, cascade, data=data)
        return False

    ports.objects.leave = forgetful  # type: ignore[method-assign]
    assert removing.delete(ports, TENANT, one).id == one
    assert ports.objects.rows == {}


@pytest.mark.parametrize("by_the_sweep", [True, False])
@pytest.mark.parametrize("depth", [1, 2])
def test_a_child_that_somebody_else_deletes_meanwhile_stops_no_deletion(
    ports: MemoryPorts, depth: int, *, by_the_sweep: bool
) -> None:
    """The sweep goes on with a deletion that is still under way, or a client deletes the child itself."""
    numbers = made(ports, depth + 1)
    for above, child in pairwise(numbers):
        linked(ports, above, child, DEVICE)
    top, last = numbers[0], numbers[-1]
    other = made(ports, 1)[0]
    linked(ports, top, other, DEVICE)
    leave, others = ports.objects.leave, [last]

    def slow(old: ManagedObject, cascade: frozenset[ChildKind] = frozenset(), *, data: bool = False) -> bool:
        if old.id in others:
            others.remove(old.id)
            if by_the_sweep:
                removing.finish(ports, TENANT, top, ports.clock.now() + removing.WITHIN)
            else:
                removing.delete(ports, TENANT, old.id, data=True)
        return leave(old, cascade, data=data)

    ports.objects.leave = slow  # type: ignore[method-assign]
    assert removing.delete(ports, TENANT, top, frozenset({DEVICE})).id == top
    assert (others, ports.objects.rows, ports.objects.hidden) == ([], {}, {})
