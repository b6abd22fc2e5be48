"""Templates that make devices, their children and services, and say what is below them: 100 to 105."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.dialects.cumulocity import appearing, elsewhere, naming
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.faults import NOT_MADE, Fault
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing, stamped
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Template
from chalicelib.dialects.cumulocity.speaking import child_draft
from chalicelib.fleet.inventory import hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject

_NAMED = "100"
"""Stands among an object's stamps for when it was named."""
_STATUS, _SERVICE = "status", "serviceType"
_MOST = 1_000
"""Children that are told of."""


def device(publishing: Publishing, row: Row, said: Arguments) -> None:
    """100: make the target; one that is there stays as it is."""
    publishing.write()
    speaker = publishing.speaker
    stamp = speaker.stamp(row.number)
    found = _described(publishing, speaker.target, stamp, said.text(0), said.text(1))
    if found.stamps.get(_NAMED) != stamp:
        raise Fault(NOT_MADE, "Device already existing")


def child(publishing: Publishing, row: Row, said: Arguments) -> None:
    """101: make a child device of the target; one that is there stays as it is."""
    publishing.write()
    speaker, serial, stamp = publishing.speaker, said.needed(0), publishing.speaker.stamp(row.number)
    name, type_, marker = said.text(1), said.text(2), said.text(3).lower() != "false"
    wanted = child_draft(serial, speaker.owner, name, type_, marker=marker)
    wanted = replace(wanted, stamps={_NAMED: stamp})
    found, made = appearing.child(speaker.ports, speaker.agent, speaker.target, serial, wanted, ChildKind.DEVICE)
    if not made and found.undescribed:
        _described(publishing, found, stamp, name, type_)


def service(publishing: Publishing, row: Row, said: Arguments) -> None:
    """102: make a service of the target, or say how it is."""
    publishing.write()
    speaker, xid, stamp = publishing.speaker, said.needed(0), publishing.speaker.stamp(row.number)
    told = {_SERVICE: said.needed(1), _STATUS: said.needed(3)}
    name = said.needed(2)
    draft = child_draft(xid, speaker.owner, name, appearing.SERVICE_TYPE, marker=False, more=told)
    wanted = replace(draft, stamps=dict.fromkeys((_SERVICE, _STATUS, _NAMED), stamp))
    found, made = appearing.child(speaker.ports, speaker.agent, speaker.target, xid, wanted, ChildKind.ADDITION)
    if made:
        return

    def changed(present: ManagedObject) -> ManagedObject:
        after = stamped(present, told, stamp)
        if present.stamps.get(_NAMED, "") > stamp:
            return after
        return replace(after, name=name, stamps={**after.stamps, _NAMED: stamp})

    objects.update(speaker.ports, found.tenant, found.id, changed, seen=found)


def status(publishing: Publishing, row: Row, said: Arguments) -> None:
    """104: how the service is that the topic names."""
    publishing.fragments(row.number, {_STATUS: said.needed(0)})


def children(publishing: Publishing, _row: Row, _said: Arguments) -> None:
    """105: answered by 106 with the serials of the child devices."""
    publishing.write()
    speaker, found, after = publishing.speaker, list[str](), None
    target = speaker.target
    while len(found) < _MOST:
        page = hierarchy.children(speaker.ports, target.tenant, target.id, ChildKind.DEVICE, after=after)
        found += [serial_of(publishing, one) for one in page.items]
        after = page.cursor
        if after is None:
            break
    publishing.reply("106", *found[:_MOST])


def serial_of(publishing: Publishing, found: ManagedObject) -> str:
    names = publishing.speaker.ports.objects.names(found.tenant, found.id)
    return next((name.value for name in names if name.type == naming.SERIAL), found.id)


def _described(publishing: Publishing, found: ManagedObject, stamp: str, name: str, type_: str) -> ManagedObject:
    """The object with a name and a type, where nobody has given it any yet."""
    speaker = publishing.speaker

    def described(present: ManagedObject) -> ManagedObject:
        if not present.undescribed:
            return present
        named = replace(present, name=name or present.name, type=type_ or present.type)
        return replace(named, undescribed=False, stamps={**present.stamps, _NAMED: stamp})

    if not found.undescribed:
        return found
    if name:
        elsewhere.change(speaker.ports, found, {"name": name})
    _, after = objects.update(speaker.ports, found.tenant, found.id, described, seen=found)
    if after.id == speaker.target.id:
        speaker.changed(after)
    return after


TEMPLATES: Mapping[str, Template] = {
    "100": Template(device, 2),
    "101": Template(child, 4, 1),
    "102": Template(service, 4, 4),
    "104": Template(status, 1, 1),
    "105": Template(children, 0),
}
