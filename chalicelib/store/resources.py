from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.fleet.errors import TooLarge
from chalicelib.fleet.resources.updates import DeviceResources
from chalicelib.fleet.shapes import Kind
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, key, table_name

MAX_ITEM = 390_000
"""Bytes; DynamoDB allows 400 KB with keys."""
DEVICE_RESOURCES = Kind(DeviceResources, frozenset({"tenant", "device", "revision"}))


class DeviceResourcesItem(Table):
    class Meta(Defaults):
        table_name = table_name("device-resources")

    pk = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute()
    doc = UnicodeAttribute()


class DeviceResourcesTable:
    def get(self, tenant: str, device: str) -> DeviceResources | None:
        try:
            item = DeviceResourcesItem.get(key(tenant, device), consistent_read=True)
        except DeviceResourcesItem.DoesNotExist:
            return None
        return DEVICE_RESOURCES.load(item.doc, tenant=tenant, device=device, revision=int(item.revision))

    def replace(self, old: DeviceResources, new: DeviceResources) -> bool:
        stored = replace(new, revision=old.revision + 1)
        text = DEVICE_RESOURCES.dump(stored)
        if len(text.encode()) > MAX_ITEM:
            raise TooLarge("the device has more resources and metadata than can be kept", "metadata")
        item = DeviceResourcesItem(key(new.tenant, new.device), revision=stored.revision, doc=text)
        # A report of the device, a delivery and a client at once: the later one works on what the first one left.
        unchanged = DeviceResourcesItem.revision == old.revision
        return held(lambda: item.save(condition=unchanged if old.revision else DeviceResourcesItem.pk.does_not_exist()))
