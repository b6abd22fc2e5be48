"""Templates of alarms: 301 to 307.

Raises and clearings have the stamp of when they were said, so that they may be taken in any order.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from chalicelib.dialects.cumulocity import alarm_mapping, availability
from chalicelib.dialects.cumulocity.alarms import LONGEST_TEXT, SEVERITIES
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.faults import ARGUMENTS, FAILED, Fault, wrong_value
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Handler, Template
from chalicelib.fleet.data import alarms
from chalicelib.fleet.data.alarm_records import Alarm, Severity
from chalicelib.fleet.data.alarms import LONGEST_TYPE, Report


def _raise(severity: Severity) -> Handler:
    def handler(publishing: Publishing, row: Row, said: Arguments) -> None:
        publishing.write()
        speaker, type_ = publishing.speaker, _type(said)
        text = said.text(1, f"Alarm of type {type_} raised")[:LONGEST_TEXT]
        time = said.time(2, speaker.uplink.at)
        told = Report(speaker.source.name, type_, severity, text, time, by=speaker.owner)
        # Nobody is alarmed while somebody works on it.
        silent = availability.maintained(speaker.target)
        report = None if silent else alarm_mapping.mapped(speaker.ports, speaker.tenant, told)
        if report is not None:
            raise_ = alarms.raise_ if speaker.mode.stored else alarms.tell
            raise_(speaker.ports, speaker.tenant, report, speaker.stamp(row.number))

    return handler


def _severity(publishing: Publishing, _row: Row, said: Arguments) -> None:
    """305: the open alarm of that type is of another severity from now on."""
    severity = SEVERITIES.get(said.needed(1).upper())
    if severity is None:
        raise wrong_value("Severity", said.text(1))
    _update(publishing, _type(said), lambda found: replace(found, severity=severity))


def _clear(publishing: Publishing, row: Row, said: Arguments) -> None:
    """306: nothing is said where none is open."""
    speaker = publishing.speaker
    alarms.clear(
        speaker.ports, speaker.tenant, speaker.source.name, _type(said), speaker.stamp(row.number), speaker.owner
    )


def _without(publishing: Publishing, _row: Row, said: Arguments) -> None:
    """307: the open alarm of that type loses fragments."""
    gone = set(said.every(1))

    def changed(found: Alarm) -> Alarm:
        return replace(found, details={name: value for name, value in found.details.items() if name not in gone})

    _update(publishing, _type(said), changed)


def _update(publishing: Publishing, type_: str, change: Callable[[Alarm], Alarm]) -> None:
    speaker = publishing.speaker
    found = alarms.open_one(speaker.ports, speaker.tenant, speaker.source.name, type_)
    if found is None:
        raise Fault(FAILED, f"no alarm of the type {type_} is open")
    alarms.update(speaker.ports, speaker.tenant, found.id, change, speaker.owner)


def _type(said: Arguments) -> str:
    found = said.needed(0)
    if len(found) > LONGEST_TYPE:
        raise Fault(ARGUMENTS, f"a type has at most {LONGEST_TYPE} characters")
    return found


TEMPLATES: Mapping[str, Template] = {
    "301": Template(_raise(Severity.CRITICAL), 3, 1),
    "302": Template(_raise(Severity.MAJOR), 3, 1),
    "303": Template(_raise(Severity.MINOR), 3, 1),
    "304": Template(_raise(Severity.WARNING), 3, 1),
    "305": Template(_severity, 2, 2),
    "306": Template(_clear, 1, 1),
    "307": Template(_without, None, 2),
}
