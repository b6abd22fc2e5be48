from collections.abc import Sequence
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.resources import targets
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.resources.targets import Targeted
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy.records import Share
from chalicelib.store import usages
from chalicelib.store.cache import Cache
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, failed_conditions, key, table_name

RESOURCE = Kind(Resource, frozenset({"tenant", "id", "revision"}))
VERSION = Kind(ResourceVersion, frozenset({"tenant", "resource", "id", "revision"}))


class ResourceItem(Table):
    class Meta(Defaults):
        table_name = table_name("resources")

    tenant = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    doc = UnicodeAttribute()


class VersionItem(Table):
    """The versions of a resource; their files are objects."""

    class Meta(Defaults):
        table_name = table_name("resource-versions")

    pk = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    revision = NumberAttribute()
    doc = UnicodeAttribute()


class CatalogTable:
    def __init__(self, connection: Connection, targeted: Cache[Sequence[Targeted]]) -> None:
        self._connection = connection
        self._targeted = targeted

    def targeted(self, tenant: str) -> Sequence[Targeted]:
        return self._targeted.get(tenant, lambda: targets.read(self, tenant)) or ()

    def create(self, resource: Resource, share: Share | None = None) -> bool:
        self._targeted.forget(resource.tenant)
        return usages.saved(_item(resource), ResourceItem.tenant.does_not_exist(), share)

    def get(self, tenant: str, resource: str) -> Resource | None:
        try:
            return _load(ResourceItem.get(tenant, resource, consistent_read=True))
        except ResourceItem.DoesNotExist:
            return None

    def replace(self, old: Resource, new: Resource) -> bool:
        self._targeted.forget(old.tenant)
        # Two clients at once: the later one works on what the first one left. A deletion must not be undone either.
        return _saved(_item(replace(new, revision=old.revision + 1)), ResourceItem.revision == old.revision)

    def delete(self, tenant: str, resource: str, share: Share | None = None) -> None:
        self._targeted.forget(tenant)
        # Two deletions at once: one of them gives the share back.
        usages.removed(ResourceItem(tenant, resource), ResourceItem.id.exists() if share else None, share)

    def all(self, tenant: str) -> list[Resource]:
        return [_load(item) for item in ResourceItem.query(tenant, consistent_read=True)]

    def add_version(self, version: ResourceVersion, share: Share | None = None) -> bool:
        self._targeted.forget(version.tenant)
        try:
            # The resource may be deleted at the same time: a version without one would be left behind for ever.
            with TransactWrite(connection=self._connection) as transaction:
                transaction.condition_check(
                    ResourceItem, version.tenant, version.resource, ResourceItem.tenant.exists()
                )
                transaction.save(_version_item(version), condition=VersionItem.pk.does_not_exist())
                usages.take(transaction, share)
        except TransactWriteError as error:
            if any(failed_conditions(error)[:2]):
                return False
            usages.ensure_taken(error, share)
            raise
        return True

    def version(self, tenant: str, resource: str, version: str) -> ResourceVersion | None:
        try:
            item = VersionItem.get(key(tenant, resource), version, consistent_read=True)
        except VersionItem.DoesNotExist:
            return None
        return _load_version(tenant, resource, item)

    def replace_version(self, old: ResourceVersion, new: ResourceVersion) -> bool:
        self._targeted.forget(old.tenant)
        # As for resources: neither another client's change nor a deletion is overwritten.
        return _saved(_version_item(replace(new, revision=old.revision + 1)), VersionItem.revision == old.revision)

    def delete_version(self, version: ResourceVersion, share: Share | None = None) -> None:
        self._targeted.forget(version.tenant)
        item = VersionItem(key(version.tenant, version.resource), version.id)
        usages.removed(item, VersionItem.id.exists() if share else None, share)

    def versions(self, tenant: str, resource: str) -> list[ResourceVersion]:
        found = VersionItem.query(key(tenant, resource), consistent_read=True)
        return [_load_version(tenant, resource, item) for item in found]


def _saved(item: Table, condition: Condition) -> bool:
    return held(lambda: item.save(condition=condition))


def _item(resource: Resource) -> ResourceItem:
    text = RESOURCE.dump(resource)
    return ResourceItem(resource.tenant, resource.id, revision=resource.revision, doc=text)


def _load(item: ResourceItem) -> Resource:
    return RESOURCE.load(item.doc, tenant=item.tenant, id=item.id, revision=int(item.revision))


def _version_item(version: ResourceVersion) -> VersionItem:
    text = VERSION.dump(version)
    return VersionItem(key(version.tenant, version.resource), version.id, revision=version.revision, doc=text)


def _load_version(tenant: str, resource: str, item: VersionItem) -> ResourceVersion:
    return VERSION.load(item.doc, tenant=tenant, resource=resource, id=item.id, revision=int(item.revision))
