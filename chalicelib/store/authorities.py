from collections.abc import Iterator
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.transactions import TransactWrite

from chalicelib.fleet.access.records import CaCertificates
from chalicelib.fleet.shapes import Kind
from chalicelib.store.tables import CANCELED_BY_CONDITION, Defaults, Table, table_name

AUTHORITIES = Kind(CaCertificates, frozenset({"tenant", "revision"}))
_LOST = frozenset({CANCELED_BY_CONDITION, "TransactionConflict"})


class AuthoritiesItem(Table):
    """All CA certificates of a tenant: ten of a few KB."""

    class Meta(Defaults):
        table_name = table_name("authorities")

    tenant = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute()
    doc = UnicodeAttribute()


class HolderItem(Table):
    """That a tenant has a certain CA certificate in its list, by the broker's id of it."""

    class Meta(Defaults):
        table_name = table_name("holders")

    registration = UnicodeAttribute(hash_key=True)
    tenant = UnicodeAttribute(range_key=True)


class AuthoritiesTable:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, tenant: str) -> CaCertificates:
        try:
            return _load(AuthoritiesItem.get(tenant, consistent_read=True))
        except AuthoritiesItem.DoesNotExist:
            return CaCertificates(tenant)

    def replace(self, old: CaCertificates, new: CaCertificates) -> bool:
        changed = replace(new, revision=old.revision + 1)
        item = AuthoritiesItem(old.tenant, revision=changed.revision, doc=AUTHORITIES.dump(changed))
        # Two uploads at once could otherwise lose one of them, or pass the limit together.
        unchanged = (
            AuthoritiesItem.revision == old.revision if old.revision else AuthoritiesItem.tenant.does_not_exist()
        )
        try:
            # Who holds a certificate changes with the list, or a withdrawal could overtake an upload of the same one.
            with TransactWrite(connection=self._connection) as transaction:
                for registration in old.registrations - new.registrations:
                    transaction.delete(HolderItem(registration, old.tenant))
                transaction.save(item, condition=unchanged)
                for registration in new.registrations:
                    transaction.save(HolderItem(registration, old.tenant))
        except TransactWriteError as error:
            if any(reason is not None and reason.code in _LOST for reason in error.cancellation_reasons):
                return False
            raise
        return True

    def is_held(self, registration: str) -> bool:
        return any(HolderItem.query(registration, consistent_read=True, limit=1))

    def everyone(self) -> Iterator[CaCertificates]:
        """Those of all tenants: for a broker on this machine that has to know them when it starts."""
        return (_load(item) for item in AuthoritiesItem.scan())


def _load(item: AuthoritiesItem) -> CaCertificates:
    return AUTHORITIES.load(item.doc, tenant=item.tenant, revision=int(item.revision))
