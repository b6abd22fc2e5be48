"""One publish while its rows are taken: what they say of an object is gathered, and written once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.dialects.cumulocity import availability, device_groups, elsewhere, keeping, replying, topics
from chalicelib.dialects.cumulocity.keeping import Said
from chalicelib.dialects.cumulocity.smartrest import rows
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.fleet.data.records import DataMessage, clamped
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject

Change = Callable[[ManagedObject], ManagedObject]


@dataclass(slots=True)
class Publishing:
    speaker: Speaker
    _changes: list[Change] = field(default_factory=list)
    _told: dict[str, Any] = field(default_factory=dict)
    _messages: list[DataMessage] = field(default_factory=list)
    _replies: list[str] = field(default_factory=list)

    def fragments(self, row: int, said: Mapping[str, Any]) -> None:
        """Fragments of the target, in the place of its own of these names; None takes one away."""
        stamp = self.speaker.stamp(row)
        self.change(lambda found: stamped(found, said, stamp))
        self._told.update({name: said[name] for name in (elsewhere.POSITION,) if name in said})

    def change(self, change: Change) -> None:
        """Of the target, with all the others of this publish."""
        self._changes.append(change)

    def message(
        self, row: int, kind: str, type_: str, time: int, value: Any, extra: Any = None, *, part: str = ""
    ) -> None:
        """A measurement or an event of the target; `time` in ms, `part` tells several of one row apart."""
        said = Said(kind, type_, clamped(time, self.speaker.uplink.at), value, extra, row)
        event, at = self.speaker.uplink.event + part, self.speaker.uplink.at
        self._messages.append(keeping.message(self.speaker.ports, self.speaker.source, said, event, at))

    def reply(self, *values: str) -> None:
        self._replies.append(rows.render(values))

    def end(self) -> None:
        """Write and answer what was gathered. Errors: TooLarge, Invalid."""
        self.write()
        speaker = self.speaker
        if self._messages:
            keeping.store(speaker.ports, self._messages, speaker.mode, speaker.source.name)
        if self._replies:
            text, event = "\n".join(self._replies), speaker.uplink.event
            replying.reply(speaker.ports, speaker.claim, topics.OPERATIONS, text, event)

    def write(self) -> None:
        """What was said of the target so far."""
        changes, self._changes, told, self._told = self._changes, [], self._told, {}
        if not changes:
            return
        found = self.speaker.target

        def changed(present: ManagedObject) -> ManagedObject:
            for change in changes:
                present = change(present)
            return present

        if told:
            elsewhere.change(self.speaker.ports, found, told)
        before, after = objects.update(self.speaker.ports, found.tenant, found.id, changed, seen=found)
        device_groups.changed(self.speaker.ports, before, after)
        availability.settle(self.speaker.ports, before, after)
        self.speaker.changed(after)


def stamped(found: ManagedObject, said: Mapping[str, Any], stamp: str) -> ManagedObject:
    """The object with what was said of it at that moment, but for what was said later of the same."""
    newer = {name: value for name, value in said.items() if found.stamps.get(name, "") <= stamp}
    kept = {**found.stamps, **dict.fromkeys(newer, stamp)}
    return replace(objects.merged(found, newer), stamps=kept)
