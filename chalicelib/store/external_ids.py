import hashlib
import json

from pynamodb.attributes import UnicodeAttribute

from chalicelib.fleet.inventory.managed_objects import ExternalId
from chalicelib.store.tables import Defaults, Table, key, table_name


class ExternalIdItem(Table):
    """Which object has (type, value): unique in the tenant. Both are any text, and so longer than a key may be."""

    class Meta(Defaults):
        table_name = table_name("external-ids")

    pk = UnicodeAttribute(hash_key=True)
    object = UnicodeAttribute()


def item(external: ExternalId) -> ExternalIdItem:
    return ExternalIdItem(_key(external.tenant, external.type, external.value), object=external.object)


def get(tenant: str, type_: str, value: str) -> ExternalId | None:
    try:
        found = ExternalIdItem.get(_key(tenant, type_, value), consistent_read=True)
    except ExternalIdItem.DoesNotExist:
        return None
    return ExternalId(tenant, type_, value, found.object)


def digest(type_: str, value: str) -> str:
    return hashlib.sha256(json.dumps([type_, value]).encode()).hexdigest()


def _key(tenant: str, type_: str, value: str) -> str:
    return key(tenant, digest(type_, value))
