"""Messages of the audit log (OpenAPI "Audit Log"): what the fleet writes down, in the words of the API."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.rest.shapes.tenants import STORED
from chalicelib.fleet.tenancy.records import AuditEntry, Cause

_DEBUG = "mqtt_debug_logs"
_ABOUT: Mapping[Cause, tuple[str, str | None, str]] = {
    Cause.REFUSED: ("connectivity", None, _DEBUG),
    Cause.QUOTA: ("device_management", None, "insufficient_quota"),
    Cause.RATE: ("connectivity", None, "rate_limit_reached"),
    Cause.LOCKED: ("connectivity", None, "logs_info"),
    Cause.QUEUE: ("notification", "fifo", _DEBUG),
    Cause.WEBHOOK: ("notification", "http", "http_push_result"),
    Cause.DECODING: ("data", "pipeline", "data_decoding_status"),
}
"""Category, subcategory and type; the subcategory is the way by which a client came in where none is given."""
_OTHER = ("connectivity", None, _DEBUG)
_NAMES = {
    "action": "actionId",
    "client": "nodeId",
    "destination": "notifyTo",
    "device": "deviceId",
    "key": "apiKeyId",
    "message": "messageId",
    "policy": "actionPolicyId",
    "stream": "streamId",
    "url": "webhookUrl",
    "user": "userId",
}


def render(entry: AuditEntry) -> dict[str, Any]:
    moment = times.render(entry.at)
    category, subcategory, kind = _ABOUT.get(entry.cause, _OTHER)
    return {
        "timestamp": moment,
        "created": moment,
        "level": entry.level,
        "category": category,
        "subcategory": subcategory or entry.way or "",
        "type": kind,
        "description": entry.reason,
        "source": _named(entry.source),
        "content": {"reason": entry.reason, **_named(entry.content)},
    }


def _named(told: Mapping[str, Any]) -> dict[str, Any]:
    words = {_NAMES.get(name, name): value for name, value in told.items()}
    return {**words, "stored": STORED.get(words["stored"], words["stored"])} if "stored" in words else words
