"""Alarms as Cumulocity shows them, and what a client says of one (reference, "Alarms")."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeVar

from chalicelib.dialects.cumulocity import fragments, times
from chalicelib.fleet.data.alarm_records import Alarm, AlarmStatus, Severity
from chalicelib.fleet.data.alarms import LONGEST_TYPE, Report
from chalicelib.fleet.errors import Invalid

MANDATORY = ("severity", "source", "text", "time", "type")
COMPUTED = ("id", "self", "creationTime", "lastUpdated", "firstOccurrenceTime", "count", "history")
OWN = frozenset({*MANDATORY, *COMPUTED, "status"})
LONGEST_TEXT = 10_000
STATUSES: Mapping[str, AlarmStatus] = {status.name: status for status in AlarmStatus}
SEVERITIES: Mapping[str, Severity] = {severity.name: severity for severity in Severity}
Choice = TypeVar("Choice", bound=StrEnum)


def view(alarm: Alarm, source: Mapping[str, Any], itself: str) -> dict[str, Any]:
    shown = {
        **alarm.details,
        "id": alarm.id,
        "self": itself,
        "source": source,
        "type": alarm.type,
        "text": alarm.text,
        "severity": alarm.severity.upper(),
        "status": alarm.status.upper(),
        "time": times.render(alarm.time),
        "creationTime": times.render(alarm.created),
        "lastUpdated": times.render(alarm.updated),
        "count": alarm.count,
    }
    return {**shown, "firstOccurrenceTime": times.render(alarm.first)} if alarm.count > 1 else shown


def ensure(body: Mapping[str, Any]) -> None:
    """Errors: Missing."""
    fragments.ensure(body, *MANDATORY)


def report(body: Mapping[str, Any], source: str, by: str) -> Report:
    """Of a body that has what is mandatory. Errors: Invalid."""
    return Report(
        source,
        fragments.text(body, "type", LONGEST_TYPE),
        chosen(SEVERITIES, body["severity"], "severity"),
        fragments.text(body, "text", LONGEST_TEXT),
        times.parse(body["time"], "time"),
        _given(fragments.of(body, OWN)),
        chosen(STATUSES, body.get("status") or AlarmStatus.ACTIVE.name, "status"),
        by,
    )


def changed(body: Mapping[str, Any], source: str) -> Callable[[Alarm], Alarm]:
    """What a body makes of the alarm of that source: status, severity, text and fragments, null takes one away.

    The change raises Invalid where another property is not as it is.
    """
    given: dict[str, Any] = {}
    if body.get("status") is not None:
        given["status"] = chosen(STATUSES, body["status"], "status")
    if body.get("severity") is not None:
        given["severity"] = chosen(SEVERITIES, body["severity"], "severity")
    if body.get("text") is not None:
        given["text"] = fragments.text(body, "text", LONGEST_TEXT)
    details = fragments.of(body, OWN)

    def change(alarm: Alarm) -> Alarm:
        _ensure_same(body, alarm, source)
        merged = _given({**alarm.details, **details})
        fragments.ensure_fits(merged)
        return replace(alarm, **given, details=merged)

    return change


def replaced(said: Report) -> Callable[[Alarm], Alarm]:
    """The alarm as it is reported, whatever it was before."""

    def change(alarm: Alarm) -> Alarm:
        return replace(alarm, severity=said.severity, status=said.status, text=said.text, details=dict(said.details))

    return change


def chosen(choices: Mapping[str, Choice], said: Any, name: str) -> Choice:
    """Errors: Invalid."""
    if not isinstance(said, str) or said.upper() not in choices:
        raise Invalid(f"{name} is one of {', '.join(choices)}, not {str(said)[:64]}", name)
    return choices[said.upper()]


def _ensure_same(body: Mapping[str, Any], alarm: Alarm, source: str) -> None:
    """Clients send back what they were told: what is as it is does not change it."""
    if body.get("type") not in (None, alarm.type):
        raise Invalid("the type of an alarm stays as it is", "type")
    if body.get("time") is not None and times.parse(body["time"], "time") != alarm.time:
        raise Invalid("the time of an alarm stays as it is", "time")
    named = body.get("source")
    if named is not None and not (isinstance(named, dict) and str(named.get("id", source)) == source):
        raise Invalid("the source of an alarm stays as it is", "source")


def _given(details: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in details.items() if value is not None}
