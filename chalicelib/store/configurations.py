from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.fleet.configuration.records import Configuration
from chalicelib.fleet.shapes import Kind
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, key, table_name

CONFIGURATION = Kind(Configuration, frozenset({"tenant", "device", "revision"}))


class ConfigurationItem(Table):
    class Meta(Defaults):
        table_name = table_name("configurations")

    pk = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute()
    doc = UnicodeAttribute()


class ConfigurationTable:
    def get(self, tenant: str, device: str) -> Configuration | None:
        try:
            item = ConfigurationItem.get(key(tenant, device), consistent_read=True)
        except ConfigurationItem.DoesNotExist:
            return None
        return CONFIGURATION.load(item.doc, tenant=tenant, device=device, revision=int(item.revision))

    def replace(self, old: Configuration, new: Configuration) -> bool:
        stored = replace(new, revision=old.revision + 1)
        item = ConfigurationItem(key(new.tenant, new.device), revision=stored.revision, doc=CONFIGURATION.dump(stored))
        # A report of the device and a request of a client at once: the later one works on what the first one left.
        unchanged = ConfigurationItem.revision == old.revision
        return held(lambda: item.save(condition=unchanged if old.revision else ConfigurationItem.pk.does_not_exist()))
