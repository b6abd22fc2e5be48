"""API keys (manual 4.3; OpenAPI "Api keys"): times here are milliseconds."""

from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.access.inheriting import MAX_DESCRIPTION, MAX_LABEL
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.tenancy.records import Limit, Use

_MS = {"type": ["integer", "null"], "minimum": 0, "maximum": (1 << 53) - 1}
_IDS = {
    "type": ["array", "null"],
    "maxItems": 100,
    "items": {"type": "string", "minLength": 1, "maxLength": 255},
}
_ROLES = {"type": "array", "maxItems": 100, "items": {"enum": [role.value for role in Role]}}
_SETTINGS = {
    "label": {"type": ["string", "null"], "maxLength": 1000},
    "description": {"type": ["string", "null"], "maxLength": 1000},
    "active": {"type": ["boolean", "null"]},
    "from": _MS,
    "to": _MS,
    "ttl": _MS,
    "sessionTtl": _MS,
    "roles": {**_ROLES, "type": ["array", "null"]},
    # A restriction that is not understood must not make a key that has none.
    "scope": {"type": ["object", "null"], "properties": {"fifos": _IDS}, "additionalProperties": False},
    "clientCert": {
        "type": ["object", "null"],
        "properties": {"required": {"type": ["boolean", "null"]}, "caCertIds": _IDS},
    },
}
_LIMITS = {
    Use.REQUESTS: ("httpWindowSize", "httpMaxCalls"),
    Use.MESSAGES: ("mqttDeviceWindowSize", "mqttDeviceMaxMessages"),
}
NEW = {
    "type": "object",
    "required": ["parentId", "roles"],
    "properties": {**_SETTINGS, "roles": _ROLES, "parentId": {"type": "string", "minLength": 1, "maxLength": 24}},
}
UPDATE = {"type": "object", "properties": {**_SETTINGS, "regenerateValue": {"type": ["boolean", "null"]}}}

DEBUGGED = 900
"""Seconds."""
DEBUG = {
    "type": "object",
    "required": ["activated"],
    "properties": {
        "activated": {"type": "boolean"},
        "durationSeconds": {"type": ["integer", "null"], "minimum": 1, "maximum": 86_400},
    },
}


def requested(body: Mapping[str, Any], now: int) -> KeyRequest:
    """What a body asks for; labels and descriptions are cut to what the vendor keeps of them."""
    given = {name: value for name, value in body.items() if value is not None}
    asked = given.get("clientCert") or {}
    authorities = asked.get("caCertIds")
    end = given.get("to", now + int(given["ttl"]) if "ttl" in given else None)
    return KeyRequest(
        roles=frozenset(map(Role, given["roles"])) if "roles" in given else None,
        label=given["label"][:MAX_LABEL] if "label" in given else None,
        description=given["description"][:MAX_DESCRIPTION] if "description" in given else None,
        active=given.get("active"),
        valid_from=_whole(given.get("from")),
        valid_to=_whole(end),
        queues=frozenset(given["scope"].get("fifos") or ()) if "scope" in given else None,
        ca_certificates=None if authorities is None else tuple(dict.fromkeys(authorities)),
        client_certificate_required=asked.get("required"),
        idle=_whole(given.get("sessionTtl")),
    )


def rate_limit(limits: Iterable[Limit]) -> dict[str, int] | None:
    """Of several of a kind the last: a key's own limit comes after those of the keys above it."""
    shown: dict[str, int] = {}
    for limit in (one for one in limits if one.use in _LIMITS):
        shown |= dict(zip(_LIMITS[limit.use], (limit.window, limit.most), strict=True))
    return shown or None


def _whole(value: float | None) -> int | None:
    """JSON Schema takes 1.0 for an integer."""
    return None if value is None else int(value)


def render(key: ApiKey, now: int, secret: str | None = None) -> dict[str, Any]:
    """`value` is there only when the secret was made just now."""
    return present(
        {
            "id": key.id,
            "parentId": key.parent,
            "tenantId": key.tenant,
            "userId": key.user,
            "value": secret,
            "creationTs": key.created,
            "from": key.valid_from,
            "to": key.valid_to,
            "sessionTTL": key.idle,
            "lastActivity": key.used,
            "label": key.label or None,
            "description": key.description or None,
            "active": key.active and not key.suspended,
            "roles": sorted(key.roles),
            "scope": {"fifos": sorted(key.queues)} if key.queues else None,
            "clientCert": {
                "required": key.client_certificate_required,
                "caCertIds": list(key.ca_certificates),
            },
            "rateLimit": rate_limit(key.limits),
            "debugModeEndTs": key.debugged if key.debugging(now) else None,
            "sessionKey": key.session,
            "masterKey": key.master,
            "expired": key.expired(now) or key.forgotten(now),
        }
    )
