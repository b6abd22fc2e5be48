"""Ports in memory with the real stores, on whatever DynamoDB there is."""

from chalicelib.fleet.ports import Ports
from tests.fakes import MemoryPorts

_STORES = (
    "tenants",
    "usages",
    "keys",
    "users",
    "authorities",
    "directory",
    "claims",
    "mailboxes",
    "configurations",
    "resources",
    "groups",
    "objects",
    "devices",
    "gateways",
    "catalog",
    "commands",
    "decoders",
    "messages",
    "alarms",
    "queues",
    "queued",
    "consumers",
    "policies",
    "records",
    "audit",
)


def ports_on(stores: Ports, seed: int) -> MemoryPorts:
    """Another seed has other tenants, as all share the tables."""
    ports = MemoryPorts(seed)
    for name in _STORES:
        setattr(ports, name, getattr(stores, name))
    return ports
