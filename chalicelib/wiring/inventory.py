"""What there is: devices, groups, managed objects."""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.shared import cached, connection, new_cache

if TYPE_CHECKING:
    from chalicelib.fleet import ports as p
    from chalicelib.store.devices import DeviceTable
    from chalicelib.store.groups import GroupTable


class InventoryWiring:
    @cached_property
    def devices(self) -> "p.Devices":
        from chalicelib.store.cache import AnnouncingDevices

        return AnnouncingDevices(_device_table(), cached("devices"), cached("owners"), cached("claims"))

    @property
    def groups(self) -> "p.Groups":
        return _groups()

    @cached_property
    def objects(self) -> "p.Objects":
        from chalicelib.store.hierarchy import ObjectTable

        return ObjectTable()


class HotInventoryWiring(InventoryWiring):
    @cached_property
    def devices(self) -> "p.Devices":
        from chalicelib.store.cache import CachedDevices

        return CachedDevices(_device_table(), cached("devices"), cached("owners"), cached("claims"))


@cache
def _device_table() -> "DeviceTable":
    from chalicelib.store.devices import DeviceTable

    return DeviceTable(connection())


@cache
def _groups() -> "GroupTable":
    from chalicelib.store.groups import GroupTable

    return GroupTable(connection(), new_cache())
