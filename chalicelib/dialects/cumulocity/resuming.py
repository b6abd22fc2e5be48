"""What was put off for a moment: rows that wait, what came before its collection, and looks at sessions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import device_sessions, device_users, mqtt, registration
from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.dialects.cumulocity.smartrest import credentials, custom, reporting
from chalicelib.dialects.registry import Malformed
from chalicelib.fleet.errors import FleetError, TemporarilyUnavailable
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import MQTT
from chalicelib.fleet.tenancy import audit


def resume(ports: Ports, matter: Mapping[str, Any]) -> None:
    match matter["kind"]:
        case "inbox":
            reporting.resume(ports, str(matter["tenant"]), str(matter["device"]))
        case device_sessions.KIND:
            device_sessions.resume(ports, matter, partial(device_users.let_in_since, ports))
        case registration.ACCEPTED:
            credentials.accepted(ports, matter)
        case _:
            _again(ports, matter)


def _again(ports: Ports, matter: Mapping[str, Any]) -> None:
    found = custom.resume(ports, matter)
    if found is None:
        return
    claim, uplink, tried = found
    try:
        mqtt.again(ports, claim, uplink, Mode(matter["mode"]), tried)
    except TemporarilyUnavailable:
        raise
    except (Malformed, FleetError) as error:
        source = {"connector": MQTT, "client": claim.client}
        content = {"topic": uplink.topic}
        audit.refuse(
            ports, claim.tenant, at=uplink.at, event=uplink.event, reason=str(error), source=source, content=content
        )
