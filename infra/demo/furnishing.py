"""What makes a simulated fleet worth looking at: places, names, tags, and a week of what some devices said."""

import math
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from infra.demo.platform import Platform

_DEVICES = "/api/v1/deviceMgt/devices"
_GROUPS = "/api/v1/deviceMgt/groups"
_PLACES = {
    "/plants/lyon": (45.76, 4.84),
    "/plants/nantes": (47.22, -1.55),
    "/depots/lille": (50.63, 3.06),
    "/field": (43.6, 1.44),
}
"""Groups, and where their devices stand: latitude and longitude."""
_KINDS = (
    ("Cold room", "cold-chain", "room_v1"),
    ("Pump", "pump", "pump_v2"),
    ("Power meter", "meter", "meter_v1"),
    ("Gate", "access", "gate_v1"),
)
_STANDING = 8
"""Devices with a past; they are registered and never connect."""
_RECORDED = 3
"""How many of them have a week behind them."""
_ALARMS = (
    ("MAJOR", "c8y_HighTemperature", "It is too warm: 8.4 °C for ten minutes"),
    ("MINOR", "c8y_LowPressure", "The pressure is low"),
    ("WARNING", "c8y_Service", "A service is due within a week"),
)
"""Of the first devices, one each: severity, type and text."""
_EVERY = timedelta(hours=2)
_WEEK = timedelta(days=7)
_NOT_SERVED = (401, 403, 404)
_NOT_FOUND, _CONFLICT = 404, 409
_REGISTERS_WITHIN_S = 60


def furnish(place: Platform) -> list[str]:
    """Make groups, devices with a past and with alarms, a FIFO and a policy that fills it; the ids of the devices.

    What is there already stays as it is.
    """
    for path in _PLACES:
        _ensure_group(place, path)
    ids = [f"urn:lo:nsid:demo:{_KINDS[n % len(_KINDS)][1]}-{n:02}" for n in range(_STANDING)]
    for number, device in enumerate(ids):
        definition = {"connector": "mqtt", "enabled": True, "definition": {"clientId": device}}
        if not _unless_there(place, _DEVICES, {**described(device, number), "interfaces": [definition]}):
            continue
        if number < _RECORDED:
            _record(place, device, number)
        if number < len(_ALARMS):
            _raise(place, device, *_ALARMS[number])
    if _unless_there(place, "/api/v0/topics/fifo", {"name": "business", "maxLengthBytes": 1_000_000}):
        trigger = {"dataMessage": {"version": 1, "filter": {"tags": [["cold-chain"]]}}}
        actions = {"fifoPublish": [{"fifoName": "business"}]}
        policy = {"name": "Cold chain to the business", "triggers": trigger, "actions": actions}
        place.call("POST", "/api/v1/event2action/actionPolicies", policy)
    return ids


def described(device: str, number: int) -> dict[str, Any]:
    """The body that describes a device of the fleet: its name, where it is, and what it is."""
    kind, tag, model = _KINDS[number % len(_KINDS)]
    where, (lat, lon) = list(_PLACES.items())[number // len(_KINDS) % len(_PLACES)]
    return {
        "id": device,
        "name": f"{kind} {number + 1}, {where.rpartition('/')[2].capitalize()}",
        "group": {"path": where},
        "tags": [tag, "eu"],
        "staticLocation": {"lat": lat, "lon": round(lon + number % len(_KINDS) / 100, 2)},
        "properties": {"serial": f"SN-{4200 + number}", "model": model},
    }


def dress(place: Platform, device: str, number: int) -> None:
    """Give a device that registers itself a name and a place, as soon as it is there."""
    ends = time.monotonic() + _REGISTERS_WITHIN_S
    while True:
        try:
            # Numbered on from those that stand there already: no two have one name.
            place.call("PATCH", f"{_DEVICES}/{device}", described(device, _STANDING + number))
        except requests.HTTPError as error:
            if error.response.status_code != _NOT_FOUND or time.monotonic() > ends:
                raise
            time.sleep(0.2)
        else:
            return


def _record(place: Platform, device: str, number: int) -> None:
    now = datetime.now(UTC)
    messages = []
    at = now - _WEEK
    while at < now:
        hours = (at - now).total_seconds() / 3600
        value = {
            "temperature": round(4 + number + 1.5 * math.sin(hours / 24 * 2 * math.pi) + 0.4 * math.sin(hours), 2),
            "humidity": round(62 + 6 * math.cos(hours / 24 * 2 * math.pi), 1),
        }
        stamp = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        messages.append(
            {"streamId": device, "timestamp": stamp, "model": "room_v1", "value": value, "metadata": {"source": device}}
        )
        at += _EVERY
    place.call("POST", "/api/v0/data/bulk", messages)


def _raise(place: Platform, device: str, severity: str, kind: str, text: str) -> None:
    """Where the stage speaks an API that has alarms, and the tenant has it."""
    try:
        found = place.call_basic("GET", f"/identity/externalIds/homeport_Urn/{device}")
    except requests.HTTPError as error:
        if error.response.status_code not in _NOT_SERVED:
            raise
        return
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    said = {
        "source": {"id": found["managedObject"]["id"]},
        "severity": severity,
        "type": kind,
        "text": text,
        "time": at,
    }
    place.call_basic("POST", "/alarm/alarms", said)


def _ensure_group(place: Platform, path: str) -> None:
    parent, below = "root", ""
    for name in path.strip("/").split("/"):
        below += f"/{name}"
        found = place.call("GET", _GROUPS, groupPath=below)
        made = found[0] if found else place.call("POST", _GROUPS, {"pathNode": name, "parentId": parent})
        parent = made["id"]


def _unless_there(place: Platform, path: str, body: Any) -> bool:
    """Whether it was made."""
    try:
        place.call("POST", path, body)
    except requests.HTTPError as error:
        if error.response.status_code != _CONFLICT:
            raise
        return False
    return True
