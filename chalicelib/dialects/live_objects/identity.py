"""Device identifiers: `urn:lo:nsid:{namespace}:{id}` (manual 5.2.1.1 and 6.5.2)."""

import re

from chalicelib.fleet import ids
from chalicelib.fleet.presence.records import MQTT

MAX_URN = 269
URN = ids.DEVICE
CLIENT_ID = re.compile(r"[\w:-]{1,128}", re.ASCII)
APPLICATION_ID = re.compile(r"(?!\$)[!-\"$-*,-~]{1,128}")
"""What a client that is no device may call itself: its id means nothing, but the broker's events must name it."""
X_CONNECTOR = "x-connector"
"""The connector of devices behind an external connector (manual 5.5.5)."""


def is_urn(text: str) -> bool:
    return len(text) <= MAX_URN and URN.fullmatch(text) is not None


def device_for_node(node: str) -> str:
    """What an unknown node is registered as (manual 5.5.5.3)."""
    return ids.device_id(X_CONNECTOR, node)


def note(connector: str, node: str) -> str:
    """How a device that was registered by itself is described (manual 5.3.3.2)."""
    return f"This device was auto registered by the connector [{connector}] with the nodeId [{node}]"


def device_for_client(client: str) -> str:
    """The device that an unknown client id is registered as: itself if it is a URN, else in the namespace `mqtt`."""
    return client if is_urn(client) else ids.device_id(MQTT, client)
