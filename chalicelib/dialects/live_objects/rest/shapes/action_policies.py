"""Action policies: triggers with filters, and what they lead to (OpenAPI "Triggers and Actions")."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.events import NOTIFIED, TYPES
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.commands.records import Status
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.events import pushing
from chalicelib.fleet.events.events import EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter, GroupPath, HttpPush, QueuePublish
from chalicelib.fleet.queues.records import checked_name

KINDS = {name: kind for kind, name in TYPES.items() if kind not in NOTIFIED}
"""Triggers by their names."""
_COMBINED = {"deviceCreated", "deviceDeleted"}
_ABSENT_TRIGGERS = (
    "stateChange",
    "deviceActivity",
    "matchingFired",
    "loraNetwork",
    "loraGatewayStatus",
    "connectivityManagementPlatformEvent",
    "alarmEvent",
)
_ABSENT_ACTIONS = ("emails", "sms", "azureEventHubs")
_MOST = 20
DIALECT = "live_objects"

_NAMES = {
    "type": ["array", "null"],
    "maxItems": _MOST,
    "items": {"type": "string", "minLength": 1, "maxLength": 269},
}
_PATHS = {
    "type": ["array", "null"],
    "maxItems": _MOST,
    "items": {
        "type": "object",
        "required": ["path"],
        "properties": {
            "path": {"type": "string", "pattern": "^/", "maxLength": 255, "description": "begins with /"},
            "includeSubPath": {"type": ["boolean", "null"]},
        },
    },
}
_TAGS = {"type": ["array", "null"], "maxItems": _MOST, "items": {**_NAMES, "type": "array", "minItems": 1}}
_STATUSES = {
    "type": ["array", "null"],
    "maxItems": _MOST,
    "items": {"enum": [*(status.value for status in Status), "UNKNOWN"]},
}
FILTERS: dict[str, dict[str, Any]] = {
    "dataMessage": {"connectors": _NAMES, "deviceIds": _NAMES, "groupPaths": _PATHS, "tags": _TAGS},
    "deviceCreated": {"connectors": _NAMES, "groupPaths": _PATHS, "tags": _TAGS},
    "deviceDeleted": {"connectors": _NAMES, "groupPaths": _PATHS, "tags": _TAGS},
    "deviceStatus": {"connectors": _NAMES, "groupPaths": _PATHS},
    "commandStatus": {"status": _STATUSES},
}
"""The fields of each trigger's filter."""


def _trigger(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "required": ["version"],
        "properties": {
            "version": {"const": 1},
            "filter": {"type": ["object", "null"], "properties": fields, "additionalProperties": False},
        },
    }


_TEXT = {"type": ["string", "null"], "maxLength": 16_384}
HEADERS = {
    "type": ["object", "null"],
    "maxProperties": 50,
    "additionalProperties": {"type": "array", "maxItems": 10, "items": {"type": "string"}},
}
SECRET = {"type": ["string", "null"], "minLength": 20, "maxLength": 128}
_HTTP_PUSH = {
    "type": "object",
    "required": ["webhookUrl"],
    "properties": {
        "id": {"type": ["string", "null"], "maxLength": 100},
        "webhookUrl": {"type": "string"},
        "headers": HEADERS,
        "jsonPath": {"type": ["string", "null"], "maxLength": 512},
        "content": _TEXT,
        "retryOnFailure": {"type": ["boolean", "null"]},
        "signingSecret": SECRET,
    },
}
_FIFO_PUBLISH = {
    "type": "object",
    "required": ["fifoName"],
    "properties": {
        "id": {"type": ["string", "null"], "maxLength": 100},
        "fifoName": {"type": "string"},
        "noRetention": {"type": ["boolean", "null"]},
    },
}
DESCRIPTION = {
    "id": {"type": ["string", "null"], "maxLength": 100},
    "name": {"type": "string", "minLength": 1, "maxLength": 255},
    "enabled": {"type": ["boolean", "null"]},
    "actions": {
        "type": "object",
        "properties": {
            "fifoPublish": {"type": ["array", "null"], "maxItems": _MOST, "items": _FIFO_PUBLISH},
            "httpPush": {"type": ["array", "null"], "maxItems": _MOST, "items": _HTTP_PUSH},
            **{name: {"type": ["array", "null"]} for name in _ABSENT_ACTIONS},
        },
    },
}
"""All of a policy but its triggers."""
POLICY = {
    "type": "object",
    "required": ["name", "triggers", "actions"],
    "properties": {
        **DESCRIPTION,
        "triggers": {
            "type": "object",
            "minProperties": 1,
            "properties": {name: _trigger(fields) for name, fields in FILTERS.items()},
        },
    },
}


def policy(body: Mapping[str, Any], tenant: str, policy_id: str, now: int, new_id: Callable[[], str]) -> ActionPolicy:
    """The policy that a body describes. Errors: Invalid."""
    actions = body["actions"]
    for name in _ABSENT_ACTIONS:
        if actions.get(name):
            raise Invalid(f"actions.{name}: this platform has the actions fifoPublish and httpPush", f"actions.{name}")
    taken: set[str] = set()

    def named(action: Mapping[str, Any]) -> str:
        """Its own id where it has one: what is under way to a webhook finds its action by it, over every update."""
        own = action.get("id")
        chosen = own if own and own not in taken else new_id()
        taken.add(chosen)
        return chosen

    made = ActionPolicy(
        tenant=tenant,
        id=policy_id,
        dialect=DIALECT,
        name=body["name"],
        updated=now,
        enabled=body.get("enabled") is not False,
        triggers=_triggers(body["triggers"]),
        queues=tuple(_fifo(action, named(action)) for action in actions.get("fifoPublish") or ()),
        pushes=tuple(push(action, named(action)) for action in actions.get("httpPush") or ()),
    )
    if not made.queues and not made.pushes:
        raise Invalid("actions has at least one action", "actions")
    return made


def push(action: Mapping[str, Any], action_id: str) -> HttpPush:
    """Errors: Invalid."""
    path, content = action.get("jsonPath"), action.get("content")
    return HttpPush(
        id=action_id,
        url=pushing.checked_url(action["webhookUrl"]),
        headers=pushing.checked_headers({name: tuple(v) for name, v in (action.get("headers") or {}).items()}),
        path=pushing.checked_path(path) if path else None,
        template=pushing.checked_template(content) if content else None,
        retry=bool(action.get("retryOnFailure")),
        secret=action.get("signingSecret"),
    )


def trigger_types(found: ActionPolicy) -> list[str]:
    return [TYPES[EventKind(kind)] for kind in found.triggers]


def render(found: ActionPolicy) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "enabled": found.enabled,
        "updated": times.render(found.updated),
        "triggers": {
            TYPES[EventKind(kind)]: {"version": 1, "filter": _rendered_filter(TYPES[EventKind(kind)], chosen)}
            for kind, chosen in found.triggers.items()
        },
        "actions": present(
            {
                "fifoPublish": [_rendered_fifo(action) for action in found.queues] or None,
                "httpPush": [_rendered_push(action) for action in found.pushes] or None,
            }
        ),
    }


def _triggers(triggers: Mapping[str, Any]) -> dict[str, Filter]:
    asked = {name: trigger for name, trigger in triggers.items() if trigger is not None}
    unknown = sorted(set(asked) - set(KINDS))
    if unknown:
        known = f"this platform has the triggers {', '.join(KINDS)}"
        hint = "" if unknown[0] in _ABSENT_TRIGGERS else f"{unknown[0][:64]} is none; "
        raise Invalid(f"triggers.{unknown[0][:64]}: {hint}{known}", f"triggers.{unknown[0][:64]}")
    if not asked or (len(asked) > 1 and set(asked) != _COMBINED):
        raise Invalid("triggers has one trigger, or deviceCreated and deviceDeleted", "triggers")
    return {str(KINDS[name]): _filter(trigger.get("filter") or {}) for name, trigger in asked.items()}


def _filter(chosen: Mapping[str, Any]) -> Filter:
    return Filter(
        connectors=frozenset(chosen.get("connectors") or ()),
        devices=frozenset(chosen.get("deviceIds") or ()),
        groups=tuple(GroupPath(g["path"], bool(g.get("includeSubPath"))) for g in chosen.get("groupPaths") or ()),
        tags=tuple(frozenset(group) for group in chosen.get("tags") or ()),
        statuses=frozenset(chosen.get("status") or ()),
    )


def _fifo(action: Mapping[str, Any], action_id: str) -> QueuePublish:
    name = checked_name(action["fifoName"], "actions.fifoPublish.fifoName")
    return QueuePublish(action_id, name, retain=not action.get("noRetention"))


def _rendered_filter(trigger: str, chosen: Filter) -> dict[str, Any]:
    every = {
        "connectors": sorted(chosen.connectors),
        "deviceIds": sorted(chosen.devices),
        "groupPaths": [{"path": g.path, "includeSubPath": g.below} for g in chosen.groups],
        "tags": [sorted(group) for group in chosen.tags],
        "status": sorted(chosen.statuses),
    }
    return {name: every[name] for name in FILTERS[trigger] if every[name]}


def _rendered_fifo(action: QueuePublish) -> dict[str, Any]:
    return {"id": action.id, "type": "fifoPublish", "fifoName": action.queue, "noRetention": not action.retain}


def _rendered_push(action: HttpPush) -> dict[str, Any]:
    return present(
        {
            "id": action.id,
            "type": "httpPush",
            "webhookUrl": action.url,
            "headers": {name: list(values) for name, values in action.headers.items()} or None,
            "jsonPath": action.path,
            "content": action.template,
            "retryOnFailure": action.retry,
            "signingSecret": action.secret,
        }
    )
