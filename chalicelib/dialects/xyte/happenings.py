"""Events: what has happened to a device, kept as messages beside its telemetry (Add Event)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.fleet import times
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage, clamped, message_id
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory import devices, group_paths
from chalicelib.fleet.ports import Ports

KIND = "event"
KEYS = ("int_key_1", "int_key_2", "string_key_1", "string_key_2")


def store(ports: Ports, tenant: str, device: str, said: Mapping[str, Any], connector: str, event: str) -> DataMessage:
    """Keep it; `event` names the request. Errors: DeviceNotFound, Invalid (its time)."""
    now = ports.clock.now()
    at = clamped(_moment(said.get("timestamp")), now)
    found = devices.get(ports, tenant, device)
    path = group_paths.path_of(ports, tenant, found.group)
    keys = {name: said[name] for name in ("category", *KEYS) if said.get(name) is not None}
    message = DataMessage(
        tenant,
        message_id(at, now, event),
        found.data_stream,
        at,
        now,
        {"text": said["name"], **keys},
        said["name"],
        found.tags,
        metadata={"source": device, "connector": connector, "group": {"id": found.group, "path": path}},
        kind=KIND,
    )
    return messages.store(ports, message, device=device)


def _moment(text: str | None) -> int | None:
    if text is None:
        return None
    try:
        return times.parse(text)
    except ValueError:
        raise Invalid("timestamp is not a time", "timestamp") from None
