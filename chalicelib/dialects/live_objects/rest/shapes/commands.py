"""Commands (manual 8.3)."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.live_objects import times
from chalicelib.dialects.live_objects.identity import X_CONNECTOR
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.dialects.live_objects.rest.shapes.notification import NOTIFY_TO
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import (
    DEFAULT_ACK_TIMEOUT,
    DEFAULT_EXPIRATION,
    AckMode,
    Command,
    Entry,
    Failure,
    Policy,
)
from chalicelib.fleet.errors import ConnectorNotFound, Invalid
from chalicelib.fleet.presence.records import MQTT
from chalicelib.web import json_text

ASKING = "xyte"
"""The connector of devices that ask for their commands: none of them counts as lost for not being begun at once."""
SERVED = (MQTT, X_CONNECTOR, ASKING)
CONNECTORS = (*SERVED, "lora", "sms")
"""Of the manual; a command for one that is not served has no connector to go to."""
MAX_VALUE = 100_000
"""Bytes of a command's value as JSON; IoT Core carries 128 KB in a message."""
ACK_MODES = {mode.value: mode for mode in AckMode} | {"AUTO": AckMode.NONE, "DEVICE": AckMode.APPLICATIVE}
CANCELED = {"const": "CANCELED"}

_SECONDS = {"type": ["integer", "null"]}
NEW = {
    "type": "object",
    "required": ["request"],
    "properties": {
        "request": {
            "type": "object",
            "required": ["connector", "value"],
            "properties": {"connector": {"enum": list(CONNECTORS)}, "value": {"type": "object"}},
        },
        "policy": {
            "type": ["object", "null"],
            "properties": {
                "expirationInSeconds": _SECONDS,
                "ackTimeoutInSeconds": _SECONDS,
                "ackMode": {"enum": [*ACK_MODES, None]},
                "attempts": _SECONDS,
            },
        },
        "notifyTo": NOTIFY_TO,
    },
}
_MQTT_VALUE = ("req", "arg")


def order(body: Mapping[str, Any], *, validate: bool) -> Order:
    """The command that a body asks for; `validate` lets its connector look at the value.

    Errors: ConnectorNotFound, Invalid.
    """
    connector, value = body["request"]["connector"], body["request"]["value"]
    if connector not in SERVED:
        raise ConnectorNotFound(f"connector {connector} not found or unavailable")
    if validate and connector == MQTT:
        _ensure_mqtt(value)
    if len(json_text.render(value).encode()) > MAX_VALUE:
        raise Invalid(f"request.value has more than {MAX_VALUE} bytes", "request.value")
    return Order(connector, value, policy(body.get("policy") or {}, asking=connector == ASKING), body.get("notifyTo"))


def policy(body: Mapping[str, Any], *, asking: bool = False) -> Policy:
    """With the MQTT connector's defaults where nothing is said, but for devices that ask. Errors: Invalid."""
    asked = {name: value for name, value in body.items() if value is not None}
    mode = ACK_MODES[asked.get("ackMode", AckMode.APPLICATIVE)]
    enforced = None if mode is AckMode.NONE or asking else DEFAULT_ACK_TIMEOUT
    timeout = asked.get("ackTimeoutInSeconds", enforced)
    return Policy(
        expiration=int(asked.get("expirationInSeconds", DEFAULT_EXPIRATION)),
        ack_mode=mode,
        ack_timeout=None if timeout is None else int(timeout),
        attempts=int(asked.get("attempts", 1)),
    )


def _ensure_mqtt(value: Mapping[str, Any]) -> None:
    """`{req, arg?}` (manual 6.5.7.1)."""
    if not isinstance(value.get("req"), str) or not value["req"]:
        raise Invalid("request.value.req is a string that is not empty", "request.value.req")
    if not isinstance(value.get("arg") or {}, dict):
        raise Invalid("request.value.arg is an object", "request.value.arg")
    unknown = sorted(set(value) - set(_MQTT_VALUE))
    if unknown:
        field = f"request.value.{unknown[0][:64]}"
        raise Invalid(f"{field} is not known: a value has req and arg", field)


def render(command: Command) -> dict[str, Any]:
    return present(
        {
            "id": command.id,
            "targetDeviceId": command.device,
            "request": {"connector": command.connector or MQTT, "value": command.request},
            "response": None if command.response is None else {"value": command.response},
            "status": command.status.value,
            "deliveryStatus": command.delivery.value if command.delivery else None,
            "errorCode": command.error,
            "policy": _policy(command.policy),
            "history": [_entry(entry) for entry in command.history],
            "notifyTo": command.notify_to,
            "created": times.render(command.created),
            "updated": times.render(command.updated),
        }
    )


def _policy(rules: Policy) -> dict[str, Any]:
    return present(
        {
            "expirationInSeconds": rules.expiration,
            "ackMode": rules.mode.value,
            "ackTimeoutInSeconds": rules.ack_timeout,
            "attempts": rules.attempts,
        }
    )


def _entry(entry: Entry) -> dict[str, Any]:
    failed = entry.error or (entry.note if entry.note in set(Failure) else None)
    return present(
        {
            "timestamp": times.render(entry.at),
            "status": entry.status.value,
            "deliveryStatus": entry.delivery.value if entry.delivery else None,
            "errorCode": failed,
            "nodeId": entry.node,
            "note": None if entry.note == failed else entry.note,
        }
    )
