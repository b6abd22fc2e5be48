"""What devices say in the bodies of the REST API, by whatever other door: JSON over MQTT, and templates of their own.

Each is said in one message of a device, and said again it changes nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.cumulocity import (
    alarm_mapping,
    alarms,
    availability,
    device_events,
    device_groups,
    elsewhere,
    external_ids,
    fragments,
    keeping,
    measurements,
    naming,
    reach,
    times,
)
from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.keeping import Said, Source
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.fleet.data import alarms as raised
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.alarm_records import AlarmStatus
from chalicelib.fleet.data.records import DataMessage, clamped
from chalicelib.fleet.errors import AlarmNotFound, FleetError, Invalid, MessageNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ids import numbered_message
from chalicelib.fleet.inventory import objects, promoting, removing
from chalicelib.fleet.inventory.managed_objects import GROUP, ManagedObject
from chalicelib.fleet.tenancy.records import Way


@dataclass(frozen=True, slots=True)
class Subject:
    """What a body is of. `row` is its place in the message."""

    speaker: Speaker
    found: ManagedObject
    row: int = 0

    @property
    def source(self) -> Source:
        return Source(self.found.tenant, self.found.source, objects.device_of(self.speaker.ports, self.found))

    @property
    def sourced(self) -> dict[str, Any]:
        """Beside what a body says itself; its time is that of its arrival where it says none."""
        return {"source": {"id": self.found.id}, "time": times.render(self.speaker.uplink.at)}


def measurement(subject: Subject, body: Mapping[str, Any]) -> None:
    """Errors: Missing, Invalid."""
    whole = {**subject.sourced, **_said(body), "source": {"id": subject.found.id}}
    fragments.ensure(whole, *measurements.MANDATORY)
    read = measurements.read(whole)
    value = {fragment: dict(numbers) for fragment, numbers in read.numbers.items()}
    _keep(subject, Said(measurements.KIND, read.type, read.time, value, read.extra, subject.row))


def event(subject: Subject, body: Mapping[str, Any]) -> None:
    """Errors: Missing, Invalid."""
    whole = {**subject.sourced, **_said(body), "source": {"id": subject.found.id}}
    fragments.ensure(whole, *device_events.MANDATORY)
    type_ = fragments.text(whole, "type", device_events.LONGEST_TYPE)
    time = times.parse(whole["time"], "time")
    _keep(subject, Said(device_events.KIND, type_, time, device_events.read(whole), row=subject.row))


def _said(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "externalSource"}


def _keep(subject: Subject, said: Said) -> None:
    speaker, source = subject.speaker, subject.source
    at = speaker.uplink.at
    made = keeping.message(speaker.ports, source, replace(said, time=clamped(said.time, at)), speaker.uplink.event, at)
    keeping.store(speaker.ports, [made], speaker.mode, source.name)


def alarm(subject: Subject, body: Mapping[str, Any]) -> None:
    """Errors: Missing, Invalid."""
    speaker = subject.speaker
    whole = {**subject.sourced, **_said(body)}
    alarms.ensure(whole)
    told = alarms.report(whole, subject.found.source, speaker.owner)
    silent = availability.maintained(subject.found)
    report = None if silent else alarm_mapping.mapped(speaker.ports, speaker.tenant, told)
    if report is not None:
        raise_ = raised.raise_ if speaker.mode.stored else raised.tell
        raise_(speaker.ports, speaker.tenant, report, speaker.stamp(subject.row))


def change_alarm(speaker: Speaker, number: str, body: Mapping[str, Any]) -> None:
    """Errors: AlarmNotFound, Forbidden, Invalid, AlarmOpen."""
    present = raised.get(speaker.ports, speaker.tenant, number)
    found = _of_source(speaker, present.source)
    if found is None:
        raise AlarmNotFound(f"alarm {number[:64]} not found")
    raised.update(speaker.ports, speaker.tenant, number, alarms.changed(_said(body), found.id), speaker.owner)


def change_open_alarm(subject: Subject, type_: str, body: Mapping[str, Any]) -> None:
    """Of a type, whatever it is called. Errors: AlarmNotFound, Invalid.

    One that is cleared is as by 306: it was raised before, and whichever raise of then comes late is over.
    """
    speaker, stamp = subject.speaker, subject.speaker.stamp(subject.row)
    source = subject.found.source
    present = raised.open_one(speaker.ports, speaker.tenant, source, type_)
    if alarms.STATUSES.get(str(body.get("status"))) is AlarmStatus.CLEARED:
        left = {name: value for name, value in body.items() if name != "status"}
        if present is not None and present.raised <= stamp and left.keys() > {"type"}:
            change = alarms.changed(left, subject.found.id)
            raised.update(speaker.ports, speaker.tenant, present.id, change, speaker.owner)
        raised.clear(speaker.ports, speaker.tenant, source, type_, stamp, speaker.owner)
        return
    if present is None:
        raise AlarmNotFound(f"no alarm of the type {type_[:64]} is open")
    change = alarms.changed(body, subject.found.id)
    raised.update(speaker.ports, speaker.tenant, present.id, change, speaker.owner)


def change_event(speaker: Speaker, number: str, body: Mapping[str, Any]) -> None:
    """Errors: MessageNotFound, Forbidden, Invalid."""
    present, found = _message(speaker, number)
    change = device_events.changed(_said(body), found.id, speaker.ports.clock.now())
    messages.update(speaker.ports, speaker.tenant, present.stream, present.id, change)


def delete_message(speaker: Speaker, number: str) -> None:
    """Errors: MessageNotFound, Forbidden."""
    present, _ = _message(speaker, number)
    messages.remove(speaker.ports, speaker.tenant, present.stream, present.id)


def _message(speaker: Speaker, number: str) -> tuple[DataMessage, ManagedObject]:
    named = numbered_message(number)
    found = speaker.ports.objects.get(speaker.tenant, named[0]) if named is not None else None
    if named is None or found is None:
        raise MessageNotFound(f"message {number[:64]} not found")
    reach.ensure(speaker.ports, speaker.caller, found)
    device = objects.device_of(speaker.ports, found)
    stream = device.data_stream if device is not None else None
    return messages.of_source(speaker.ports, speaker.tenant, found.source, named[1], stream), found


def _of_source(speaker: Speaker, source: str) -> ManagedObject | None:
    number = naming.number_of(source) or source
    found = speaker.ports.objects.get(speaker.tenant, number) if number.isdecimal() else None
    return reach.ensure(speaker.ports, speaker.caller, found) if found is not None else None


def make_object(speaker: Speaker, body: Mapping[str, Any], row: int = 0) -> ManagedObject:
    """A device where it says so; the same message once more finds what it has made, and ends what it left undone.

    Errors: Invalid, TooLarge, LimitReached, ExternalIdDuplicate, QuotaReached.
    """
    wanted = objects.Draft(
        name=shapes.name_of(body),
        type=shapes.type_of(body),
        owner=speaker.owner,
        fragments={name: value for name, value in shapes.fragments_of(body).items() if value is not None},
        named=external_ids.inline(body),
        indexed=shapes.INDEXED,
        said=(speaker.uplink.at, speaker.stamp(row)),
    )
    made = objects.create(speaker.ports, speaker.tenant, wanted)
    try:
        if shapes.IS_DEVICE in made.fragments:
            promoting.promote(speaker.ports, made.tenant, made.id, naming.NAMESPACE, way=Way.MQTT, fresh=True)
            made = objects.get(speaker.ports, made.tenant, made.id)
    except FleetError:
        removing.delete(speaker.ports, made.tenant, made.id)
        raise
    device_groups.made(speaker.ports, [made])
    availability.settle(speaker.ports, None, made)
    return made


def change_object(speaker: Speaker, found: ManagedObject, body: Mapping[str, Any], row: int = 0) -> ManagedObject:
    """Fragments in the place of its own of these names, unless something later was said of them. Errors: Invalid."""
    sent, stamp = shapes.fragments_of(body), speaker.stamp(row)
    name, type_ = shapes.name_of(body), shapes.type_of(body)
    kept = {key: value for key, value in sent.items() if not found.origin or key not in elsewhere.COMPUTED}

    def changed(present: ManagedObject) -> ManagedObject:
        newer = {key: value for key, value in kept.items() if present.stamps.get(key, "") <= stamp}
        after = replace(
            objects.merged(present, newer), stamps={**present.stamps, **dict.fromkeys(newer, stamp)}, undescribed=False
        )
        if present.origin and present.origin != GROUP:
            return after
        return replace(after, name=name or present.name, type=type_ or present.type)

    if not kept and name is None and type_ is None:
        return found
    elsewhere.change(speaker.ports, found, {**sent, **({"name": name} if name else {})})
    before, after = objects.update(speaker.ports, found.tenant, found.id, changed, seen=found)
    if shapes.IS_DEVICE in after.fragments and after.device is None:
        promoting.promote(speaker.ports, after.tenant, after.id, naming.NAMESPACE, way=Way.MQTT)
        after = objects.get(speaker.ports, after.tenant, after.id)
    device_groups.changed(speaker.ports, before, after)
    availability.settle(speaker.ports, before, after)
    return after


def ensure_object(body: Any) -> dict[str, Any]:
    """Errors: Invalid."""
    if not isinstance(body, dict):
        raise Invalid("the payload is a JSON object", "payload")
    return body
