"""Waking who holds requests for notifications open: the local stack's door, or an edge's.

On AWS nobody holds any, and nothing is rung. Where somebody does, a direct message to a client id of his says which
session, or which agent's, is to look again. What is not heard costs a minute: whoever holds asks again by himself.
"""

import os

from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import Route

CLIENT, TOPIC = "homeport-realtime", "realtime/"
SETTING = "HOMEPORT_REALTIME_HELD"
HEADER = "X-Homeport-Held"
_EDGE = "HOMEPORT_IOT_ENDPOINT"
_KIND, _AGENTS = "cumulocity.held", "agents"
_PATIENCE = 1


def hung() -> bool:
    """Whether there is somebody to be woken."""
    return bool(os.environ.get(SETTING) or os.environ.get(_EDGE))


def ring(ports: Ports, name: str) -> None:
    if hung():
        route = Route("cumulocity", CLIENT, "", CLIENT, "")
        ports.delivery.message(route, f"{TOPIC}{name}", b"", _PATIENCE)


def note_agents(ports: Ports, tenant: str) -> bool:
    """Agents of the tenant wait for their operations from now on; whether that is news."""
    return hung() and ports.records.create(Record(tenant, _KIND, _AGENTS, {}))


def waits_for_operations(ports: Ports, tenant: str) -> bool:
    return hung() and ports.records.get(tenant, _KIND, _AGENTS) is not None
