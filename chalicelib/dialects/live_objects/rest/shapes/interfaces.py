"""Interfaces (manual 5.2.1.3 to 5.2.1.5, 5.5.3 and 5.5.5)."""

import json
from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import suites, times
from chalicelib.dialects.live_objects.identity import CLIENT_ID, MQTT, X_CONNECTOR
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.errors import ConnectorNotFound, Invalid
from chalicelib.fleet.inventory.records import Interface
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability, Peer, Presence

DIALECT = "live_objects"
NODE_FIELDS = {MQTT: "clientId", X_CONNECTOR: "nodeId"}
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
    "properties": {**dict.fromkeys(NODE_FIELDS.values(), _NODE), "encoding": _TEXT},
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
    definition = definition_of(body) or {}
    field = f"definition.{NODE_FIELDS[connector]}"
    node = definition.get(NODE_FIELDS[connector])
    if not isinstance(node, str) or not CLIENT_ID.fullmatch(node):
        raise Invalid(f"{field} has 1 to 128 letters, digits, colons, hyphens and underscores", field)
    is_enabled = enabled(body)
    return Interface(connector, node, DIALECT, now, now, enabled=is_enabled is not False, definition=definition)


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
            "definition": {NODE_FIELDS.get(interface.connector, "nodeId"): interface.node, **interface.definition},
            "lastContact": _time(presence.last_contact) if presence else None,
            "capabilities": _capabilities(interface, presence),
            "activity": _activity(presence) if interface.connector == MQTT else None,
            "created": times.render(interface.created),
            "updated": times.render(interface.updated),
        }
    )


def status(interface: Interface, presence: Presence | None) -> str:
    """The MQTT connector's state machine (manual 5.5.3.3); the external connector knows no DEACTIVATED (5.5.5.4)."""
    if not interface.enabled and interface.connector == MQTT:
        return "DEACTIVATED"
    if presence is None or (presence.since is None and presence.ended is None):
        return "REGISTERED"
    return "ONLINE" if presence.online else "OFFLINE"


def _capabilities(interface: Interface, presence: Presence | None) -> dict[str, Any]:
    able = presence.capabilities if presence and presence.online and interface.enabled else frozenset()
    shown = {"command": Capability.COMMAND, "configuration": Capability.CONFIGURATION, "resource": Capability.RESOURCE}
    capabilities = {
        name: {"available": True, "version": _VERSION} if capability in able else {"available": False}
        for name, capability in shown.items()
    }
    return {**capabilities, "twin": {"available": False}}


def _activity(presence: Presence | None) -> dict[str, Any]:
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
