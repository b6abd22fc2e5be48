"""Spaces are groups of the fleet. The vendor numbers them: each is given the next number when it is first shown."""

from collections.abc import Mapping
from dataclasses import field, replace

from chalicelib.fleet.errors import GroupNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import ROOT_GROUP, GroupTree
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords

_ONE = "one"
ROOT = 1


@dataclass(frozen=True, slots=True)
class Numbers(Extensible):
    """By the ids of groups; a number is never given again."""

    numbers: Mapping[str, int] = field(default_factory=lambda: {ROOT_GROUP: ROOT})
    last: int = ROOT

    def with_all(self, groups: list[str]) -> "Numbers":
        new = [group for group in groups if group not in self.numbers]
        if not new:
            return self
        given = {group: self.last + 1 + place for place, group in enumerate(new)}
        return replace(self, numbers={**self.numbers, **given}, last=self.last + len(new))


NUMBERS = Kind(Numbers)
_KEPT = TypedRecords("xyte.spaces", NUMBERS)


@dataclass(frozen=True, slots=True)
class Spaces:
    """The groups of a tenant with their numbers, as they were read."""

    tree: GroupTree
    numbers: Mapping[str, int]

    def number(self, group: str) -> int:
        return self.numbers.get(group, ROOT)

    def group(self, number: int) -> str:
        """Errors: GroupNotFound."""
        found = next((group for group, known in self.numbers.items() if known == number), None)
        if found is None or found not in self.tree:
            raise GroupNotFound("Space not found")
        return found

    def path(self, group: str) -> str:
        return self.tree.path(group)


def read(ports: Ports, tenant: str) -> Spaces:
    """Those that have no number yet are given one."""
    tree = ports.groups.tree(tenant)
    # By age, so that two who number them at once give the same.
    wanted = [group.id for group in sorted(tree.groups.values(), key=lambda each: (each.created, each.id))]
    known = _KEPT.get(ports, tenant, _ONE) or Numbers()
    if known.with_all(wanted) is not known:
        # Somebody else may number new ones at the same time.
        known = _KEPT.change(ports, tenant, _ONE, lambda numbers: numbers.with_all(wanted), Numbers) or known
    return Spaces(tree, known.numbers)
