"""Paths of groups, for whoever tells where a device stands."""

from chalicelib.fleet.inventory.records import ROOT_GROUP, ROOT_PATH
from chalicelib.fleet.ports import Ports


def path_of(ports: Ports, tenant: str, group: str) -> str:
    """The path as known to this instance, which may be a minute old."""
    return ROOT_PATH if group == ROOT_GROUP else ports.groups.known(tenant, group).path(group)
