"""Managed objects: making, changing and naming them, and how devices are found among them.

A device that is an object has its number, and the object has its id. Devices that came in by other doors are objects
too where the tenant has them (`numbering`): then registering one makes its object in the same transaction.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field, replace
from itertools import count
from typing import Any

from chalicelib.fleet import ids
from chalicelib.fleet.compare_and_set import AGAIN, Again, change_record, insist
from chalicelib.fleet.errors import (
    ExternalIdDuplicate,
    ExternalIdNotFound,
    Invalid,
    LimitReached,
    ObjectNotFound,
)
from chalicelib.fleet.events import routing
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import leaving
from chalicelib.fleet.inventory.managed_objects import ExternalId, ManagedObject
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources.records import Attachment

DEEPEST = 50
"""Levels of arrays and objects in a fragment."""
LONGEST_FRAGMENT = 250
"""Characters of a fragment's name, with which it may be an item of its own."""
LONGEST_EXTERNAL = 256
MOST_NAMES = 20
"""External ids of an object."""
_MADE = ""
"""Stands among an object's stamps for the message that made it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """What an object is to be. `named` are its external ids, as (type, value).

    `attach` makes its file, by its number. One with a `namespace` is a device from the start, which has to be
    registered. `said` is the message that makes it, where that may come twice: its moment (ms), and what tells it from
    all others. The others are as in an object.
    """

    name: str | None = None
    type: str | None = None
    owner: str | None = None
    fragments: Mapping[str, Any] = field(default_factory=dict)
    named: Sequence[tuple[str, str]] = ()
    indexed: tuple[str, ...] = ()
    attach: Callable[[str], Attachment] | None = None
    undescribed: bool = False
    stamps: Mapping[str, str] = field(default_factory=dict)
    namespace: str = ""
    said: tuple[int, str] | None = None


def create(ports: Ports, tenant: str, draft: Draft) -> ManagedObject:
    """An object whose device, if it is to be one, is not registered yet.

    Where the same message has made it before, it is what is there by now.

    Errors: Invalid, TooLarge, ExternalIdDuplicate, LimitReached.
    """
    ensure_fragments(draft.fragments)
    if len(draft.named) > MOST_NAMES:
        raise LimitReached(f"an object has at most {MOST_NAMES} external ids")
    for type_, value in draft.named:
        _ensure_external(type_, value)

    drawn = count()

    def created() -> ManagedObject | Again:
        now, chance = (ports.clock.now(), ports.chance(2)) if draft.said is None else _drawn(*draft.said, next(drawn))
        number = ids.number(now, chance)
        made = ManagedObject(
            tenant,
            number,
            now,
            now,
            name=draft.name,
            type=draft.type,
            owner=draft.owner,
            device=ids.device_id(draft.namespace, number) if draft.namespace else None,
            fragments=dict(draft.fragments),
            indexed=draft.indexed,
            attachment=draft.attach(number) if draft.attach is not None else None,
            undescribed=draft.undescribed,
            stamps={**draft.stamps, **({_MADE: draft.said[1]} if draft.said is not None else {})},
        )
        named = [ExternalId(tenant, type_, value, number) for type_, value in dict.fromkeys(draft.named)]
        try:
            # Two objects of one number at the same time: the other one takes another number. Two functions with the
            # same message draw the same one: who comes second finds what the first has made.
            if not ports.objects.create(made, named):
                return _made_before(ports, made, ()) or AGAIN
        except ExternalIdDuplicate:
            same = _made_before(ports, made, draft.named)
            if same is not None:
                return same
            if not _freed(ports, named):
                raise
            return AGAIN
        routing.object_changed(ports, EventKind.OBJECT_CREATED, made)
        return made

    return insist(ports, "the number of an object", created)


def _drawn(at: int, message: str, attempt: int) -> tuple[int, bytes]:
    """Moment and chance of a number: the same for the same message, however often it comes."""
    return at, hashlib.sha256(f"{attempt} {message}".encode()).digest()[:2]


def _made_before(ports: Ports, wanted: ManagedObject, named: Iterable[tuple[str, str]]) -> ManagedObject | None:
    """What the message of a draft has made already, under the number that it has drawn or under its external ids."""
    if _MADE not in wanted.stamps:
        return None
    held = (ports.objects.named(wanted.tenant, type_, value) for type_, value in named)
    numbers = (wanted.id, *(one.object for one in held if one is not None))
    found = (ports.objects.get(wanted.tenant, number) for number in numbers)
    return next((one for one in found if one and one.stamps.get(_MADE) == wanted.stamps[_MADE]), None)


def get(ports: Ports, tenant: str, number: str) -> ManagedObject:
    """Errors: ObjectNotFound."""
    found = ports.objects.get(tenant, number) if ids.is_number(number) else None
    if found is None:
        raise ObjectNotFound(f"object {number[:64]} not found")
    return found


def update(
    ports: Ports,
    tenant: str,
    number: str,
    change: Callable[[ManagedObject], ManagedObject],
    seen: ManagedObject | None = None,
) -> tuple[ManagedObject, ManagedObject]:
    """The object before and after `change` of its name, type, owner or fragments.

    `seen` is how it was read just now, if it was.
    Errors: ObjectNotFound, Invalid, TooLarge, Contended.
    """
    before: list[ManagedObject] = []

    def changed(found: ManagedObject) -> ManagedObject:
        before[:] = [found]
        new = change(found)
        if new == found:
            return found
        ensure_fragments({name: v for name, v in new.fragments.items() if found.fragments.get(name) != v})
        return replace(new, updated=ports.clock.now())

    after, written = change_record(
        ports,
        f"object {number}",
        lambda: ports.objects.get(tenant, number) if ids.is_number(number) else None,
        ports.objects.replace,
        changed,
        seen=seen,
    )
    if after is None:
        raise ObjectNotFound(f"object {number[:64]} not found")
    if written:
        routing.object_changed(ports, EventKind.OBJECT_CHANGED, after)
    return before[0], after


def merged(found: ManagedObject, fragments: Mapping[str, Any]) -> ManagedObject:
    """The object with those fragments in the place of its own; None takes one away."""
    every = {**found.fragments, **fragments}
    return replace(found, fragments={name: value for name, value in every.items() if value is not None})


def of_device(ports: Ports, device: Device) -> ManagedObject | None:
    """The object that a device is; None where its tenant has none, or it has not been given one yet."""
    return ports.objects.get(device.tenant, device.number) if device.number else None


def device_of(ports: Ports, found: ManagedObject) -> Device | None:
    """The device that an object is; None for one that is none."""
    return ports.devices.get(found.tenant, found.device) if found.device else None


def named(ports: Ports, tenant: str, type_: str, value: str) -> ManagedObject:
    """The object with that external id. Errors: ExternalIdNotFound."""
    external = ports.objects.named(tenant, type_, value)
    found = ports.objects.get(tenant, external.object) if external else None
    if found is None:
        raise ExternalIdNotFound(f"there is no object with the external id {type_[:64]} {value[:64]}")
    return found


def names(ports: Ports, tenant: str, number: str) -> list[ExternalId]:
    """External ids of an object. Errors: ObjectNotFound."""
    return ports.objects.names(tenant, get(ports, tenant, number).id)


def name(ports: Ports, tenant: str, number: str, type_: str, value: str) -> ExternalId:
    """Give an object one external id more; again changes nothing.

    Errors: ObjectNotFound, Invalid, ExternalIdDuplicate (another object has it), LimitReached.
    """
    _ensure_external(type_, value)
    external = ExternalId(tenant, type_, value, number)

    def given() -> ExternalId | Again:
        if external in (present := names(ports, tenant, number)):
            return external
        if len(present) >= MOST_NAMES:
            raise LimitReached(f"an object has at most {MOST_NAMES} external ids")
        if ports.objects.name(external):
            return external
        if not _freed(ports, [external]):
            raise ExternalIdDuplicate(f"another object has the external id {type_} {value[:64]}")
        return AGAIN

    # Whose it is may change at the same time: then it is decided again.
    return insist(ports, "this external id", given)


def unname(ports: Ports, tenant: str, type_: str, value: str) -> None:
    """Take an external id away. Errors: ExternalIdNotFound."""
    ports.objects.unname(ExternalId(tenant, type_, value, named(ports, tenant, type_, value).id))


def ensure_fragments(fragments: Mapping[str, Any]) -> None:
    """Errors: Invalid (a name is too long, or a value has too many levels)."""
    for fragment, value in fragments.items():
        if not fragment or len(fragment) > LONGEST_FRAGMENT:
            raise Invalid(f"a fragment's name has 1 to {LONGEST_FRAGMENT} characters", fragment[:64])
        if _deeper([value], DEEPEST):
            raise Invalid(f"a fragment has at most {DEEPEST} levels", fragment)


def _deeper(values: Iterable[Any], levels: int) -> bool:
    """Level by level, as what comes from outside may be deeper than Python's own stack."""
    for _ in range(levels):
        below = [value for value in values if isinstance(value, Mapping | list | tuple)]
        if not below:
            return False
        values = [v for value in below for v in (value.values() if isinstance(value, Mapping) else value)]
    return any(isinstance(value, Mapping | list | tuple) for value in values)


def _ensure_external(type_: str, value: str) -> None:
    for field_, text in (("type", type_), ("externalId", value)):
        if not text or len(text) > LONGEST_EXTERNAL:
            raise Invalid(f"type and value of an external id have 1 to {LONGEST_EXTERNAL} characters", field_)


def _freed(ports: Ports, wanted: Sequence[ExternalId]) -> bool:
    """Whether nobody has these external ids by now: those of objects that are leaving are given back."""
    for external in wanted:
        held = ports.objects.named(external.tenant, external.type, external.value)
        if held is None:
            continue
        if ports.objects.get(held.tenant, held.object) is not None:
            return False
        leaving.unname(ports, held)
    return True
