from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.access.records import Tenant
from chalicelib.fleet.errors import TenantDuplicate
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.tenancy.records import Settings
from chalicelib.store import names
from chalicelib.store.conditions import held
from chalicelib.store.tables import Defaults, Table, failed_conditions, key, table_name

TENANT = Kind(Tenant)
SETTINGS = Kind(Settings, frozenset({"tenant", "revision"}))


class TenantItem(Table):
    """A tenant under its id, and beside it the reservation of its name, and what was set for it."""

    class Meta(Defaults):
        table_name = table_name("tenants")

    pk = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute(null=True)
    doc = UnicodeAttribute()


class TenantTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, tenant: Tenant) -> bool:
        # Two tenants of one name, or of one id, at the same time: the transaction lets one of them in.
        text = TENANT.dump(tenant)
        try:
            with TransactWrite(connection=self._connection) as transaction:
                transaction.save(TenantItem(tenant.id, doc=text), condition=TenantItem.pk.does_not_exist())
                name = key("name", tenant.name.casefold())
                transaction.save(TenantItem(name, doc=text), condition=TenantItem.pk.does_not_exist())
        except TransactWriteError as error:
            failed = failed_conditions(error)
            if not any(failed):
                raise
            if failed[1]:
                raise TenantDuplicate(f"a tenant named {tenant.name} exists already") from error
            return False
        return True

    def get(self, tenant: str) -> Tenant | None:
        try:
            return TENANT.load(TenantItem.get(tenant, consistent_read=True).doc)
        except TenantItem.DoesNotExist:
            return None

    def settings(self, tenant: str) -> Settings:
        return self._settings(tenant, consistent=False)

    def current_settings(self, tenant: str) -> Settings:
        return self._settings(tenant, consistent=True)

    def _settings(self, tenant: str, *, consistent: bool) -> Settings:
        try:
            item = TenantItem.get(_settings_key(tenant), consistent_read=consistent)
        except TenantItem.DoesNotExist:
            return Settings(tenant)
        kept = SETTINGS.load(item.doc, tenant=tenant, revision=int(item.revision or 0))
        return replace(kept, quotas=names.all_called(kept.quotas), retention=names.all_called(kept.retention))

    def replace_settings(self, old: Settings, new: Settings) -> bool:
        quotas, retention = names.all_kept_as(new.quotas), names.all_kept_as(new.retention)
        changed = replace(new, revision=old.revision + 1, quotas=quotas, retention=retention)
        item = TenantItem(_settings_key(old.tenant), revision=changed.revision, doc=SETTINGS.dump(changed))
        # Whoever set something else since `old` was read has won.
        unchanged = TenantItem.revision == old.revision if old.revision else TenantItem.pk.does_not_exist()
        return held(lambda: item.save(condition=unchanged))


def _settings_key(tenant: str) -> str:
    return key("settings", tenant)
