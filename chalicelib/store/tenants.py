from pynamodb.attributes import UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.errors import TenantDuplicate
from chalicelib.fleet.tenants import Tenant
from chalicelib.store import documents
from chalicelib.store.tables import Defaults, Table, failed_conditions, key, table_name


class TenantItem(Table):
    """A tenant under its id, and beside it the reservation of its name."""

    class Meta(Defaults):
        table_name = table_name("tenants")

    pk = UnicodeAttribute(hash_key=True)
    doc = UnicodeAttribute()


class TenantTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def create(self, tenant: Tenant) -> bool:
        # Two tenants of one name, or of one id, at the same time: the transaction lets one of them in.
        text = documents.dump(tenant)
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
            return documents.load(Tenant, TenantItem.get(tenant, consistent_read=True).doc)
        except TenantItem.DoesNotExist:
            return None
