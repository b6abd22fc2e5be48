"""The connection log: when a device came and went, kept for a month (v0002 `logs/connection`)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Ports

RETENTION = 30 * 86_400
_LAST = 1 << 50


def note(ports: Ports, tenant: str, client: str, event: Mapping[str, Any]) -> None:
    """Write down a lifecycle event; the same one again changes nothing."""
    at = int(event["timestamp"])
    match event.get("eventType"):
        case "connected":
            address = event.get("ipAddress", "")
            text = f"Token auth succeeded: ClientID='{client}', ClientIP={address}"
        case "disconnected":
            text = f"Closed connection: ClientID='{client}', Reason={event.get('disconnectReason', '')}"
        case _:
            return
    # Ids count down, so that the newest entry is the first.
    number = f"{_LAST - at:016}-{event.get('eventType')}"
    body = {"message": text, "at": at}
    ports.records.create(Record(tenant, _kind(client), number, body, expires=at // 1000 + RETENTION))


def newest(ports: Ports, tenant: str, client: str, limit: int) -> list[dict[str, Any]]:
    """`{message, at}` of the last events, newest first."""
    return [record.body for record in ports.records.page(tenant, _kind(client), after=None, limit=limit).items]


def _kind(client: str) -> str:
    return f"ibm.connections {client}"
