"""Gateways: clients behind which other devices (nodes) live.

A node has no connection of its own: it is there while its gateway says so, and reachable while its gateway is
connected. The gateway's own connection is one record, so that its end and its return write nothing per node. Devices
for which something waited while their gateway was away are noted beside it, so that its return finds just those.
"""

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.presence.records import Presence
from chalicelib.fleet.shapes import Extensible


@dataclass(frozen=True, slots=True)
class Gateway(Extensible):
    """One client's connection; `client` is the node that it is known by, its `presence` names how it is spelled."""

    tenant: str
    client: str
    presence: Presence
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A device for which something waits; `mark` tells a note from a later one of the same device."""

    tenant: str
    client: str
    device: str
    mark: str
