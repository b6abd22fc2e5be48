"""Children: devices that a parent registers and speaks for (Register Child Device)."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from chalicelib.dialects.xyte import identities, models, owning, proofs, registering
from chalicelib.dialects.xyte.errors import DeviceUnknown
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.models import Model
from chalicelib.dialects.xyte.registering import Registered
from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.errors import FleetError, Invalid, Unauthenticated
from chalicelib.fleet.ports import Ports

MOST = 100


def register(ports: Ports, parent: Identity, body: Mapping[str, Any]) -> Registered:
    """Its owner is the parent's, at once. Errors: DeviceUnknown (the model), Invalid, Conflict, Unauthenticated."""
    if parent.parent is not None:
        raise Invalid("A child has no children", "id")
    _ensure_room(parent.entry)
    model = _model(ports, parent, body)
    about = registering.described(model, body)
    sent = proofs.shown(dict(body))
    known = replace(about, mac=sent.mac, sn=sent.sn, cloud_id=sent.cloud_id)
    made = registering.create(ports, model, known, proofs.child(sent, parent.id), parent=parent.id)
    try:
        entry = _join(ports, parent.id, made.identity.id)
    except FleetError:
        # Others were there before: nobody is told its key.
        owning.erase(ports, made.identity)
        raise
    if entry is None:
        owning.erase(ports, made.identity)
        raise Unauthenticated("the parent is gone")
    if entry.owner is not None:
        # It is told its key this once: where it cannot follow now, it does when it is heard.
        with suppress(FleetError):
            followed = owning.try_to_follow(ports, made.identity.id, entry.owner)
            return replace(made, identity=followed or made.identity)
    return made


def of(ports: Ports, parent: Identity) -> Iterator[Identity]:
    """Those that are still there."""
    present = ports.directory.current(parent.id)
    for uuid in present.children if present is not None else ():
        found = identities.find(ports, uuid)
        if found is not None and found.parent == parent.id:
            yield found


def part(ports: Ports, child: Identity) -> None:
    """It is its parent's no more."""
    if child.parent is None:
        return

    def without(entry: Entry) -> Entry:
        return replace(entry, children=tuple(uuid for uuid in entry.children if uuid != child.id))

    _change(ports, child.parent, without)


def _join(ports: Ports, parent: str, child: str) -> Entry | None:
    def joined(entry: Entry) -> Entry:
        if child in entry.children:
            return entry
        _ensure_room(entry)
        return replace(entry, children=(*entry.children, child))

    return _change(ports, parent, joined)


def _ensure_room(parent: Entry) -> None:
    """Errors: Invalid."""
    if len(parent.children) >= MOST:
        raise Invalid(f"A device has at most {MOST} children", "id")


def _change(ports: Ports, parent: str, change: Callable[[Entry], Entry]) -> Entry | None:
    # Another child is registered at the same time, or somebody claims or deletes the parent: each sees the other.
    entry, _ = change_record(
        ports, f"the device {parent}", lambda: ports.directory.current(parent), ports.directory.replace, change
    )
    return entry


def _model(ports: Ports, parent: Identity, body: Mapping[str, Any]) -> Model:
    """By its hardware key, or by its id among those of the parent's maker; the parent's own where none is named."""
    wanted = next((body[name] for name in ("hardware_key", "model_id", "nano_id") if body.get(name)), None)
    if wanted is None or wanted in (parent.model.model_id, parent.model.hardware_key):
        return parent.model
    found = models.find(ports, wanted) or models.named(ports, parent.model.tenant, wanted)
    if found is None or found.closed or found.tenant != parent.model.tenant:
        raise DeviceUnknown("Model not found")
    return found
