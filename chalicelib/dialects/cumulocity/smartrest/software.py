"""The list of installed software, which is an addition of its device: 140 to 142.

Long lists come as several messages, which functions take side by side: each name keeps for a while when it was said
last, so that what comes late changes nothing else. The number of it follows from its device, as two may make it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.fleet import ids
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports

LIST = "c8y_InstalledSoftwareList"
_FULL, _NAMED = 4, 2
_NAMES = ("name", "version", "softwareType", "url")
_LATEST = 600_000
"""How late (ms) a row may be that still knows what was said after it."""
_ROW = f"{LIST} "
"""Stands among an object's stamps before that of a row of 141 or 142, with what it named."""
_GONE = "\t"
"""Between a name and the version that is not installed any more."""
Software = list[dict[str, Any]]
Group = Sequence[str]


def put(publishing: Publishing, row: Row, said: Arguments) -> None:
    """140: this is installed, and nothing else."""
    _change(publishing, Said(publishing.speaker.stamp(row.number), said.groups(0, _FULL), (), whole=True))


def add(publishing: Publishing, row: Row, said: Arguments) -> None:
    """141: this, too; what has the same name is replaced."""
    _change(publishing, Said(publishing.speaker.stamp(row.number), said.groups(0, _FULL), ()))


def remove(publishing: Publishing, row: Row, said: Arguments) -> None:
    """142: this is not installed any more."""
    _change(publishing, Said(publishing.speaker.stamp(row.number), (), said.groups(0, _NAMED)))


@dataclass(frozen=True, slots=True)
class Said:
    """A row: what is installed, and nothing else if it is `whole`; and what is gone."""

    stamp: str
    installed: Sequence[Group]
    gone: Sequence[Group]
    whole: bool = False

    def of(self, present: ManagedObject) -> ManagedObject:
        """The object with what the row says, but for what was said later of the same."""
        if present.stamps.get(LIST, "") >= self.stamp:
            # All of it was said later.
            return present
        later, there = _later(present.stamps, self.stamp), _by_name(present.fragments.get(LIST))
        if self.whole:
            there = {name: every for name, every in there.items() if name in later}
        for name, every in _by_name([dict(zip(_NAMES, group, strict=True)) for group in self.installed]).items():
            still = [one for one in every if not later & {name, name + _GONE, f"{name}{_GONE}{one['version']}"}]
            there |= {name: still} if still else {}
        for name, version in self.gone:
            if name not in later and name in there:
                there[name] = [one for one in there[name] if version not in ("", one.get("version"))]
        left = [one for every in there.values() for one in every]
        return replace(objects.merged(present, {LIST: left}), stamps=self._stamps(present.stamps))

    def _stamps(self, known: Mapping[str, str]) -> dict[str, str]:
        names = [group[0] for group in self.installed] + [_GONE.join(group) for group in self.gone]
        own = {LIST: self.stamp} if self.whole else {_ROW + self.stamp: "\n".join(names)}
        newest = max(self.stamp, *(name.removeprefix(_ROW) for name in known if name.startswith(_ROW)), "")
        oldest = ids.moment(newest) - _LATEST
        return {name: said for name, said in known.items() if self._counts(name, oldest)} | own

    def _counts(self, name: str, oldest: int) -> bool:
        """Whether a stamp is still to be known."""
        if not name.startswith(_ROW):
            return True
        stamp = name.removeprefix(_ROW)
        return ids.moment(stamp) >= oldest and not (self.whole and stamp < self.stamp)


def _by_name(held: Any) -> dict[str, Software]:
    """Some are there in several versions, or of several types, at once."""
    found: dict[str, Software] = {}
    for one in held if isinstance(held, list) else ():
        if isinstance(one, dict):
            found.setdefault(str(one.get("name")), []).append(one)
    return found


def _later(stamps: Mapping[str, str], stamp: str) -> set[str]:
    """What rows have named that were said after that moment."""
    rows = (said for name, said in stamps.items() if name.startswith(_ROW) and name > _ROW + stamp)
    return {name for said in rows for name in said.split("\n")}


def _change(publishing: Publishing, said: Said) -> None:
    publishing.write()
    speaker = publishing.speaker
    target = speaker.target
    found = _found(speaker.ports, target)
    if found is None:
        blank = ManagedObject(target.tenant, target.id, target.created, target.created)
        first = said.of(blank)
        wanted = objects.Draft(
            type=LIST,
            owner=speaker.owner,
            fragments=first.fragments,
            indexed=shapes.INDEXED,
            stamps=first.stamps,
            # Two functions with the first two rows draw the same number: who comes second changes what is there.
            said=(target.created, f"{LIST} of {target.id}"),
        )
        found = objects.create(speaker.ports, target.tenant, wanted)
        hierarchy.link(speaker.ports, target.tenant, target.id, found.id, ChildKind.ADDITION)
        if first.stamps.items() <= found.stamps.items():
            return
    objects.update(speaker.ports, found.tenant, found.id, said.of, seen=found)


def _found(ports: Ports, target: ManagedObject) -> ManagedObject | None:
    after = None
    while True:
        page = hierarchy.children(ports, target.tenant, target.id, ChildKind.ADDITION, after=after)
        found = next((one for one in page.items if LIST in one.fragments), None)
        after = page.cursor
        if found is not None or after is None:
            return found
