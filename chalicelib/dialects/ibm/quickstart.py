"""QuickStart: the organization without registration and authentication (manual 5.2, 5.2.5, 5.3 and 5.3.9).

Its devices publish events, and have no commands; its applications subscribe to what one named device says and to its
status. The manual leaves out `+` for the device type and the application id, the published clients leave it out for the
device id. Sessions are all clean, connections all plain. It is a thing of the edge: nothing of it reaches the fleet.
"""

import base64
import binascii
import json
from typing import Any

from chalicelib.dialects.ibm import monitoring, topics
from chalicelib.dialects.ibm.identity import Name, is_name
from chalicelib.dialects.ibm.monitoring import Connection
from chalicelib.dialects.topics import Downlink, resource
from chalicelib.fleet.frozen import dataclass

ORGANIZATION = "quickstart"
BAD_IDENTIFIER = 2
LASTING = 3_600
"""Seconds after which a connection has to come again."""
EVENT, STATUS = "event", "status"
_SELECT = "SELECT encode(*, 'base64') AS payload, clientid() AS client, topic() AS topic FROM"
RULES = (
    ("event", f"{_SELECT} '{topics.EVENT}'", EVENT),
    ("event_of_device", f"{_SELECT} '{topics.DEVICE_EVENT}'", EVENT),
    ("status", "SELECT * FROM '$aws/events/presence/#'", STATUS),
)
"""Name, SQL and what `heard` is told to do: what guests publish, and when they come and go."""
_DEVICE, _APPLICATION = "d", "a"
_LONGEST = 128
_LISTENED = (topics.DEVICE_EVENT, topics.DEVICE_STATUS, topics.APPLICATION_STATUS)
_UNNAMED = ("*#*", "iot-2/type/+/*", "iot-2/type/*/id/+/*", "iot-2/app/+/*")


@dataclass(frozen=True, slots=True)
class Guest:
    """`name` is a device's, `application` an application's; one of both is there."""

    name: Name | None = None
    application: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """A message for applications; `present` is set for the status of a device: whether it is there."""

    message: Downlink
    present: bool | None = None


def recognises(client: str) -> bool:
    """Whether a client id is of this organization, well formed or not."""
    return client.split(":")[1:2] == [ORGANIZATION]


def parse(client: str) -> Guest | None:
    kind, _, rest = client.partition(":")
    organization, _, rest = rest.partition(":")
    if organization != ORGANIZATION or not rest or len(client) > _LONGEST:
        return None
    if kind == _APPLICATION:
        return Guest(application=rest)
    type_, _, id_ = rest.partition(":")
    return Guest(Name(type_, id_)) if kind == _DEVICE and is_name(type_) and is_name(id_) else None


def authorize(client: str, arn: str) -> dict[str, Any]:
    """A custom authorizer's answer; user name and password are not looked at. `arn` begins all resources."""
    guest = parse(client)
    if guest is None:
        return {"isAuthenticated": False, "connackCode": BAD_IDENTIFIER}
    statements = [
        _statement("Allow", "iot:Connect", f"{arn}client/${{iot:ClientId}}"),
        *(_device(arn) if guest.name else _application(arn)),
    ]
    return {
        "isAuthenticated": True,
        "principalId": ORGANIZATION,
        "disconnectAfterInSeconds": LASTING,
        "refreshAfterInSeconds": LASTING,
        "policyDocuments": [json.dumps({"Version": "2012-10-17", "Statement": statements})],
    }


def _device(arn: str) -> list[dict[str, Any]]:
    return [_statement("Allow", "iot:Publish", f"{arn}topic/{resource(topics.EVENT)}")]


def _application(arn: str) -> list[dict[str, Any]]:
    return [
        _statement("Allow", "iot:Publish", f"{arn}topic/{resource(topics.DEVICE_EVENT)}"),
        _statement("Allow", "iot:Receive", *(f"{arn}topic/{resource(name)}" for name in _LISTENED)),
        _statement("Allow", "iot:Subscribe", *(f"{arn}topicfilter/{resource(name)}" for name in _LISTENED)),
        _statement("Deny", "iot:Subscribe", *(f"{arn}topicfilter/{name}" for name in _UNNAMED)),
    ]


def _statement(effect: str, action: str, *resources: str) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": list(resources)}


class Visits:
    """What guests say and when they come and go, as applications get it; who is there is all that it remembers."""

    def __init__(self) -> None:
        self._here: dict[str, Connection] = {}

    def heard(self, function: str, event: dict[str, Any]) -> list[Told]:
        """`function` is one of RULES; `event` what its SQL selects."""
        return _event(event) if function == EVENT else self._status(event)

    def _status(self, event: dict[str, Any]) -> list[Told]:
        client, at = str(event.get("clientId", "")), int(event["timestamp"])
        guest = parse(client)
        if guest is None:
            return []
        if event.get("eventType") == "connected":
            address = str(event.get("ipAddress", ""))
            here = self._here[client] = Connection(client, "", address, at, guest.name, secured=False)
            status = monitoring.connected(here, at, guest.application)
            return [Told(status, present=True if guest.name else None)] if status else []
        left = self._here.pop(client, None)
        if left is None or event.get("eventType") != "disconnected":
            return []
        reason = str(event.get("disconnectReason", ""))
        status = monitoring.disconnected(left, at, reason, guest.application)
        return [Told(status, present=False if guest.name else None)] if status else []


def _event(event: dict[str, Any]) -> list[Told]:
    """The event of a device under the topic that applications know; one that an application tells for it as it is."""
    guest, topic = parse(str(event["client"])), str(event["topic"])
    try:
        body = base64.b64decode(event["payload"], validate=True)
    except (TypeError, binascii.Error):
        return []
    if guest is not None and guest.name is not None:
        _, _, name, _, format_ = topic.split("/")
        topic = topics.device_event(guest.name.type, guest.name.id, name, format_)
    return [Told(Downlink(topic, body))]
