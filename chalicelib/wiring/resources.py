"""The files that devices are to have."""

from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.shared import bucket, cached, connection

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p


class ResourceWiring:
    @cached_property
    def catalog(self) -> "p.Catalog":
        from chalicelib.store.catalog import CatalogTable

        return CatalogTable(connection(), cached("targeted"))

    @cached_property
    def resources(self) -> "p.Resources":
        from chalicelib.store.resources import DeviceResourcesTable

        return DeviceResourcesTable()

    @property
    def files(self) -> "p.Files":
        return bucket()

    @cached_property
    def links(self) -> "p.Links":
        from chalicelib.store.links import LinkTable

        return LinkTable()
