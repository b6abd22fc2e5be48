"""Facets: what devices can be found and counted by without looking at every one."""

from enum import StrEnum

from chalicelib.fleet.inventory.records import Device

MOST_COUNTED = 1_000_000
"""Where counting ends: it takes a second or two to come this far."""


class Facet(StrEnum):
    GROUP = "group"
    TAG = "tag"
    CONNECTOR = "connector"


def facets(device: Device) -> frozenset[tuple[Facet, str]]:
    """Under which values a device is found: one group, and any number of tags and connectors."""
    tags = {(Facet.TAG, tag) for tag in device.tags}
    connectors = {(Facet.CONNECTOR, interface.connector) for interface in device.interfaces}
    return frozenset({(Facet.GROUP, device.group)} | tags | connectors)
