"""Interfaces (manual 5.2.1.3 to 5.2.1.5, 5.5.3 and 5.5.5)."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from chalicelib.dialects.live_objects import suites, times
from chalicelib.dialects.live_objects.identity import CLIENT_ID, X_CONNECTOR
from chalicelib.dialects.live_objects.rest.shapes import lwm2m_interfaces as lwm2m
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.errors import ConnectorNotFound, Invalid
from chalicelib.fleet.inventory.records import Interface
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MQTT, Capability, Peer, Presence
from chalicelib.fleet.twin.identities import Secrets
from chalicelib.fleet.twin.records import CONNECTOR as LWM2M

DIALECT = "live_objects"
NODE_FIELDS = {MQTT: "clientId", X_CONNECTOR: "nodeId", LWM2M: "endpointName"}
"""The connectors, and what a definition calls the node there."""
MAX_DEFINITION = 10_000
MQTT_VERSION = 4
"""The protocol level of MQTT 3.1.1."""
_VERSION = 1
_TEXT = {"type": ["string", "null"], "maxLength": 255}
_NODE = {"type": "string", "maxLength": 128}

# The manual's own samples send "true" and "false" as strings.
ENABLED = {"enum": [True, False, "true", "false", None]}
DEFINITION = {
    "type": ["object", "null"],
    "maxProperties": 100,
    "properties": {**dict.fromkeys(NODE_FIELDS.values(), _NODE), "encoding": _TEXT, **lwm2m.FIELDS},
}
NEW = {
    "type": "object",
    "required": ["connector"],
    "properties": {
        "connector": {"type": "string", "minLength": 1, "maxLength": 128},
        "enabled": ENABLED,
        "definition": DEFINITION,
    },
}
UPDATE = {
    "type": "object",
    "properties": {
        "deviceId": {"type": ["string", "null"], "maxLength": 269},
        "enabled": ENABLED,
        "definition": DEFINITION,
    },
}


def created(body: Mapping[str, Any], now: int) -> Interface:
    """The interface that a body describes. Errors: ConnectorNotFound, Invalid."""
    connector = body["connector"]
    if connector not in NODE_FIELDS:
        raise ConnectorNotFound(f"connector {connector} not found or unavailable")
    definition, is_enabled = definition_of(body) or {}, enabled(body) is not False
    if connector == LWM2M:
        endpoint, definition, _ = lwm2m.created(definition)
        return Interface(connector, endpoint, connector, now, now, enabled=is_enabled, definition=definition)
    field = f"definition.{NODE_FIELDS[connector]}"
    node = definition.get(NODE_FIELDS[connector])
    if not isinstance(node, str) or not CLIENT_ID.fullmatch(node):
        raise Invalid(f"{field} has 1 to 128 letters, digits, colons, hyphens and underscores", field)
    return Interface(connector, node, DIALECT, now, now, enabled=is_enabled, definition=definition)


def secrets_of(bodies: Iterable[Mapping[str, Any]]) -> Secrets:
    """By endpoint name, of the interfaces that these bodies describe: they are kept apart. Errors: Invalid."""
    found: dict[str, bytes] = {}
    for body in bodies:
        if body["connector"] == LWM2M:
            endpoint, _, secret = lwm2m.created(definition_of(body) or {})
            found |= {} if secret is None else {endpoint: secret}
    return found


def enabled(body: Mapping[str, Any]) -> bool | None:
    value = body.get("enabled")
    return value == "true" if isinstance(value, str) else value


def definition_of(body: Mapping[str, Any]) -> dict[str, Any] | None:
    definition = body.get("definition")
    if definition is None:
        return None
    if len(json.dumps(definition)) > MAX_DEFINITION:
        raise Invalid(f"definition has at most {MAX_DEFINITION} characters", "definition")
    return {name: value for name, value in definition.items() if value is not None}


def render(interface: Interface, device_id: str | None, mailbox: Mailbox | None) -> dict[str, Any]:
    """`device_id` is left out where the interface is shown inside its device."""
    presence = mailbox.presence.get(interface.key) if mailbox else None
    return present(
        {
            "connector": interface.connector,
            "nodeId": interface.node,
            "deviceId": device_id,
            "enabled": interface.enabled,
            "status": status(interface, presence),
            "definition": _definition(interface),
            "lastContact": _time(_last_contact(interface, presence)),
            "capabilities": _capabilities(interface, presence),
            "activity": _activity(interface, presence),
            "created": times.render(interface.created),
            "updated": times.render(interface.updated),
        }
    )


def status(interface: Interface, presence: Presence | None) -> str:
    """The MQTT connector's state machine (manual 5.5.3.3); the external connector knows no DEACTIVATED (5.5.5.4)."""
    if interface.connector == LWM2M:
        return lwm2m.status(interface, presence)
    if not interface.enabled and interface.connector == MQTT:
        return "DEACTIVATED"
    if presence is None or (presence.since is None and presence.ended is None):
        return "REGISTERED"
    return "ONLINE" if presence.online else "OFFLINE"


def possible_statuses(interface: Interface, *, alone: bool, online: bool) -> frozenset[str]:
    """Those that it may have, of a device that has an interface online or not; `alone` where it has no other."""
    if not interface.enabled and interface.connector in (MQTT, LWM2M):
        return _DEACTIVATED
    if not online:
        return _AWAY
    if interface.connector == LWM2M:
        return _AWAY | lwm2m.THERE
    return _THERE if alone else _AWAY | _THERE


_DEACTIVATED, _THERE, _AWAY = frozenset({"DEACTIVATED"}), frozenset({"ONLINE"}), frozenset({"REGISTERED", "OFFLINE"})


def _last_contact(interface: Interface, presence: Presence | None) -> int | None:
    """Never before the interface was there, as the broker's clock may have it; a connector's word stands (5.2.1.3)."""
    at = presence.last_contact if presence else None
    return at if at is None or interface.connector != MQTT else max(at, interface.created)


def _capabilities(interface: Interface, presence: Presence | None) -> dict[str, Any]:
    able = presence.capabilities if presence and presence.online and interface.enabled else frozenset()
    shown = {"command": Capability.COMMAND, "configuration": Capability.CONFIGURATION, "resource": Capability.RESOURCE}
    capabilities = {
        name: {"available": True, "version": _VERSION} if capability in able else {"available": False}
        for name, capability in shown.items()
    }
    twin = lwm2m.twin(interface, presence) if interface.connector == LWM2M else {"available": False}
    return {**capabilities, "twin": twin}


def _definition(interface: Interface) -> dict[str, Any]:
    if interface.connector == LWM2M:
        return lwm2m.render_definition(interface)
    return {NODE_FIELDS.get(interface.connector, "nodeId"): interface.node, **interface.definition}


def _activity(interface: Interface, presence: Presence | None) -> dict[str, Any] | None:
    if interface.connector == LWM2M:
        return lwm2m.activity(interface, presence)
    if interface.connector != MQTT:
        return None
    if presence is None:
        return {}
    peer = presence.peer
    return present(
        {
            "apiKeyId": (peer.key or None) if peer else None,
            "mqttVersion": (peer.level or MQTT_VERSION) if peer else None,
            "mqttUsername": peer.username if peer else None,
            "mqttTimeout": peer.keep_alive if peer else None,
            "remoteAddress": _address(peer) if peer else None,
            "lastSessionStartTime": _time(presence.since),
            "lastSessionEndTime": _time(presence.ended),
            "security": _security(peer) if peer else None,
        }
    )


def _address(peer: Peer) -> str | None:
    return peer.address if peer.address is None or peer.port is None else f"{peer.address}/{peer.port}"


def _security(peer: Peer) -> dict[str, Any]:
    return present(
        {
            "secured": peer.secured,
            "protocol": peer.protocol,
            "cipher": suites.standard(peer.cipher) if peer.cipher else None,
            "clientCertAuthentication": peer.certificate,
            "sniHostname": peer.server_name,
        }
    )


def _time(at: int | None) -> str | None:
    return None if at is None else times.render(at)
