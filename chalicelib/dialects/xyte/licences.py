"""Licences: what a device is to be given, to change or to take away, and what it says of that (Get License).

They are their owner's, and belong to one ownership: who has the device next finds none.
"""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any

from chalicelib.dialects.xyte.errors import Refused
from chalicelib.dialects.xyte.moments import render
from chalicelib.fleet.errors import DeviceNotFound, IllegalTransition, LimitReached, NotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import reminders
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords

MOST = 100
"""Of one device."""
LONGEST_ERROR = 2_000
OF = Capability.DOCUMENT


class Action(StrEnum):
    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"


class State(StrEnum):
    WAITING = "waiting"
    IN_USE = "inuse"
    REMOVED = "removed"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Licence(Extensible):
    """`data` and `signature` are its maker's. `error` is what the device said of it last. Times in ms."""

    id: str
    data: Any
    created: int
    updated: int
    signature: str | None = None
    action: Action = Action.ADD
    state: State = State.WAITING
    expires_at: str | None = None
    error: str | None = None

    @property
    def waits(self) -> bool:
        return self.state is State.WAITING


LICENCE = Kind(Licence)
LICENCES = TypedRecords("xyte.licence", LICENCE)
_ENDS = {State.IN_USE: frozenset({Action.ADD, Action.UPDATE}), State.REMOVED: frozenset({Action.REMOVE})}
"""After which actions a device may say so."""


def stated(text: str) -> State:
    """Errors: Refused."""
    states = {str(state): state for state in (State.IN_USE, State.REMOVED, State.ERROR)}
    if text not in states:
        raise Refused("Only allowed to set: inuse/removed/error")
    return states[text]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The licences of a device, under one ownership."""

    ports: Ports
    tenant: str
    device: str
    transfers: int

    @property
    def _kept(self) -> TypedRecords[Licence]:
        return LICENCES.of(f"{self.device}/{self.transfers}")

    def every(self) -> Iterator[Licence]:
        """In order of their making, but for those that were removed."""
        found = self._kept.every(self.ports, self.tenant)
        return (one for one in sorted(found, key=lambda one: (one.created, one.id)) if one.state is not State.REMOVED)

    def add(self, licence: Licence) -> Licence:
        """It waits for the device from now on. Errors: DeviceNotFound, LimitReached."""
        if sum(1 for _ in self.every()) >= MOST:
            raise LimitReached(f"a device has at most {MOST} licenses")
        self._kept.create(self.ports, self.tenant, licence.id, licence)
        self._remind()
        return licence

    def change(self, licence: str, action: Action, **told: Any) -> Licence:
        """The device is to have it another way, or not at all. Errors: NotFound, DeviceNotFound."""
        now = self.ports.clock.now()
        changes = {name: value for name, value in told.items() if value is not None}

        def changed(found: Licence) -> Licence:
            if found.state is State.REMOVED:
                raise NotFound("License not found")
            return replace(found, action=action, state=State.WAITING, error=None, updated=now, **changes)

        found = self._kept.change(self.ports, self.tenant, licence, changed)
        if found is None:
            raise NotFound("License not found")
        self._remind()
        return found

    def report(self, licence: str, state: State, error: str | None) -> Licence:
        """What the device says of it. Errors: NotFound, IllegalTransition."""
        now = self.ports.clock.now()

        def reported(found: Licence) -> Licence:
            if found.state is state and (state is not State.ERROR or found.error == error):
                return found
            if found.state is State.REMOVED or found.action not in _ENDS.get(state, frozenset(Action)):
                raise IllegalTransition(f"a license to {found.action}, which is {found.state}, cannot become {state}")
            return replace(found, state=state, error=error if state is State.ERROR else None, updated=now)

        # Its owner may change it at the same time: then it waits again, whatever the device said of it before.
        mailbox = self.ports.mailboxes.get(self.tenant, self.device)
        found = self._kept.change(self.ports, self.tenant, licence, reported)
        if found is None:
            raise NotFound("License not found")
        if mailbox is not None and not any(one.waits for one in self.every()):
            reminders.drop(self.ports, mailbox, OF)
        return found

    def forget(self) -> None:
        """Its owner gives the device away."""
        for licence, _ in list(self._kept.items(self.ports, self.tenant)):
            self._kept.delete(self.ports, self.tenant, licence)

    def _remind(self) -> None:
        mailbox = reminders.remind(self.ports, self.tenant, self.device, OF)
        if mailbox is None:
            raise DeviceNotFound("Device not found")
        reminders.wake(self.ports, mailbox, OF)


def wait(mailbox: Mailbox) -> bool:
    """Whether one may wait for the device."""
    return OF in mailbox.todo


def new_id(ports: Ports) -> str:
    return str(uuid.UUID(bytes=ports.chance(16), version=4))


def view(licence: Licence, device: str, now: int) -> dict[str, Any]:
    return {
        "id": licence.id,
        "device_id": device,
        "data": licence.data,
        "signature": licence.signature,
        "action": str(licence.action),
        "expires_at": licence.expires_at,
        "current_time": render(now),
    }


def flags(licence: Licence) -> dict[str, bool]:
    """What is to be done with it: nothing more where the device has said that it did."""
    return {str(action): licence.waits and licence.action is action for action in Action}
