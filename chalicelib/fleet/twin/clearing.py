"""A device, or its interface, is gone: nothing of its twin is left for one of the same name."""

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import observing, operating, values_of
from chalicelib.fleet.twin.registering import LIFETIMES, TWINS


def clear(ports: Ports, tenant: str, device: str) -> None:
    TWINS.delete(ports, tenant, device)
    LIFETIMES.delete(ports, tenant, device)
    observing.clear(ports, tenant, device)
    values_of.clear(ports, tenant, device)
    operating.clear(ports, tenant, device)
