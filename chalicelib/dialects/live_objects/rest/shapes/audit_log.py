"""Messages of the audit log (OpenAPI "Audit Log")."""

from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.fleet.tenancy.records import AuditEntry


def render(entry: AuditEntry) -> dict[str, Any]:
    moment = times.render(entry.at)
    return {
        "timestamp": moment,
        "created": moment,
        "level": entry.level,
        "category": entry.category,
        "subcategory": entry.subcategory,
        "type": entry.kind,
        "description": entry.reason,
        "source": dict(entry.source),
        "content": {"reason": entry.reason, **entry.content},
    }
