"""Status messages of devices and applications (manual 4.3.5, 5.3.7 and 5.3.8).

IoT Core does not count what a connection reads and writes, so the four counters of a Disconnect are always 0.
"""

import json
from typing import Any

from chalicelib.dialects.ibm import inventory, times, topics
from chalicelib.dialects.ibm.identity import Name, name_of, parse_client
from chalicelib.dialects.topics import Downlink
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.presence.records import Peer, Presence

PORT, PLAIN_PORT = 8883, 1883
"""The ports of the vendor, whatever a broker of one's own listens on."""
LEVEL = 4
"""MQTT 3.1.1, where the broker does not tell."""
PROTOCOL = "mqtt{}"
_ESCAPED = {"%": "%25", "+": "%2B", "#": "%23", "/": "%2F"}
_COUNTERS = ("ReadMsg", "ReadBytes", "WriteMsg", "WriteBytes")
_CLOSED = {
    "CLIENT_INITIATED_DISCONNECT": (0, "The connection has completed normally."),
    "CONNECTION_LOST": (91, "The connection was closed by the client."),
    "SERVER_INITIATED_DISCONNECT": (92, "The connection was closed by the server."),
    "API_INITIATED_DISCONNECT": (94, "The connection was closed by an administrator."),
    "MQTT_KEEP_ALIVE_TIMEOUT": (160, "The connection timed out: keep alive."),
    "AUTH_ERROR": (180, "The operation is not authorized."),
    "FORBIDDEN_ACCESS": (180, "The operation is not authorized."),
    "DUPLICATE_CLIENTID": (288, "The client ID was reused."),
    "CLIENT_ERROR": (105, "The data of the client is not valid."),
    "THROTTLED": (104, "The capacity of the connection was exceeded."),
    "CUSTOMAUTH_TTL_EXPIRATION": (175, "The authorization has to be renewed."),
}
_OTHERWISE = (92, "The connection was closed by the server.")


NORMAL = "CLIENT_INITIATED_DISCONNECT"


@dataclass(frozen=True, slots=True)
class Connection:
    """What is known of a connection. Times in ms, `level` is MQTT's.

    `name` is there where the client id does not say which device it is.
    """

    client: str
    user: str
    address: str
    since: int
    name: Name | None = None
    secured: bool = True
    level: int | None = None


def connection(device: Device, presence: Presence | None) -> Connection:
    """The last connection of a device, of whatever dialect."""
    peer = (presence.peer if presence else None) or Peer("")
    since = (presence.since if presence else None) or device.created
    client, name = inventory.client_of(device), name_of(device.id)
    return Connection(client, peer.username, peer.address or "", since, name, peer.secured, peer.level)


def connected(connection: Connection, at: int, application: str = "") -> Downlink | None:
    """None where the client id is none of this dialect; `application` where the client id does not say which it is."""
    return _status(connection, {"Action": "Connect", "Time": times.render(at)}, application)


def disconnected(connection: Connection, at: int, reason: str, application: str = "") -> Downlink | None:
    """`reason` is IoT Core's; otherwise as `connected`."""
    code, text = _CLOSED.get(reason, _OTHERWISE)
    body: dict[str, Any] = {"Action": "Disconnect", "Time": times.render(at), "CloseCode": code, "Reason": text}
    return _status(connection, body | dict.fromkeys(_COUNTERS, 0), application)


def _status(connection: Connection, body: dict[str, Any], application: str) -> Downlink | None:
    topic = _topic_of(application) if application else _topic(connection)
    if topic is None:
        return None
    described = {
        "ClientAddr": connection.address,
        "ClientID": connection.client,
        "ConnectTime": times.render(connection.since),
        "Port": PORT if connection.secured else PLAIN_PORT,
        "Protocol": PROTOCOL.format(connection.level or LEVEL),
        "Secure": connection.secured,
        "User": connection.user,
    }
    return Downlink(topic, json.dumps(body | described, separators=(",", ":")).encode())


def _topic(connection: Connection) -> str | None:
    if connection.name is not None:
        return topics.device_status(connection.name.type, connection.name.id)
    found = parse_client(connection.client)
    if found is None:
        return None
    if found.name is None:
        return _topic_of(found.application)
    return topics.device_status(found.name.type, found.name.id)


def _topic_of(application: str) -> str:
    """Names have no rules (manual 5.3.2), levels of a topic do: what may not be in one is written as in a URL."""
    return topics.application_status("".join(_ESCAPED.get(character, character) for character in application))
