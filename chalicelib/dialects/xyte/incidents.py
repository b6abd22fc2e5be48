"""Incidents: what is wrong with a device until it, or its owner, says that it is over (Open Incident).

One is an alarm of the fleet, of the device that has it; its issue is the alarm's type.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.xyte.moments import render
from chalicelib.fleet.data import alarms, open_alarms
from chalicelib.fleet.data.alarm_records import Alarm, Severity
from chalicelib.fleet.data.alarms import Report
from chalicelib.fleet.errors import AlarmNotFound, LimitReached
from chalicelib.fleet.ports import Ports

PRIORITIES = ("critical", "high", "moderate", "low", "planning")
"""1 to 5 where they are numbers."""
SEVERITIES = (Severity.CRITICAL, Severity.MAJOR, Severity.MINOR, Severity.WARNING, Severity.WARNING)
MOST = 100
"""Open ones of a device."""
OWN = "xyte"
"""What of an alarm's details only this dialect reads."""
_SHOWN = {Severity.CRITICAL: "critical", Severity.MAJOR: "high", Severity.MINOR: "moderate", Severity.WARNING: "low"}


def open_(ports: Ports, tenant: str, device: str, said: Mapping[str, Any]) -> tuple[Alarm, bool]:
    """The incident, and whether it is a new one: one that is open is not opened again. Errors: LimitReached."""
    issue = said.get("issue") or said["title"]
    type_ = issue if len(issue) <= alarms.LONGEST_TYPE else hashlib.sha256(issue.encode()).hexdigest()
    present = alarms.open_one(ports, tenant, device, type_)
    if present is not None:
        return present, False
    if len(ports.alarms.seated(tenant, device)) >= MOST and len(open_alarms.of_source(ports, tenant, device)) >= MOST:
        raise LimitReached(f"a device has at most {MOST} open incidents")
    number = _number(said.get("priority"))
    own = {"issue": issue, "priority": PRIORITIES[number], "description": said.get("description")}
    report = Report(
        device,
        type_,
        SEVERITIES[number],
        said["title"],
        ports.clock.now(),
        {OWN: {name: value for name, value in own.items() if value is not None}},
    )
    # Two requests at once: one alarm of a device and type is open, and both are told of that one.
    raised = alarms.raise_(ports, tenant, report, alarms.stamp(ports))
    return raised.alarm, raised.created


def close(ports: Ports, tenant: str, device: str, incident: str) -> None:
    """One that is closed stays so. Errors: AlarmNotFound."""
    found = alarms.get(ports, tenant, incident)
    if found.source != device:
        raise AlarmNotFound("Incident not found")
    if found.open:
        _over(ports, found)


def close_all(ports: Ports, tenant: str, device: str) -> None:
    for found in open_alarms.of_source(ports, tenant, device):
        _over(ports, found)


def view(alarm: Alarm, device: str) -> dict[str, Any]:
    """Also of alarms that came by another dialect."""
    own = alarm.details.get(OWN)
    told = own if isinstance(own, Mapping) else {}
    return {
        "id": alarm.id,
        "device_id": device,
        "status": "active" if alarm.open else "closed",
        "priority": told.get("priority") or _SHOWN.get(alarm.severity, "low"),
        "title": alarm.text,
        "description": told.get("description"),
        "issue": told.get("issue") or alarm.type,
        "created_at": render(alarm.created),
        "updated_at": render(alarm.updated),
    }


def _over(ports: Ports, found: Alarm) -> None:
    # Two stamps of one millisecond are in any order, and it was raised before it was found.
    alarms.clear(ports, found.tenant, found.source, found.type, max(alarms.stamp(ports), found.raised))


def _number(priority: Any) -> int:
    """In order, as it was sent and checked; moderate where nothing is said."""
    if isinstance(priority, str):
        return int(priority) - 1 if priority.isdigit() else PRIORITIES.index(priority)
    return int(priority) - 1 if priority is not None else PRIORITIES.index("moderate")
