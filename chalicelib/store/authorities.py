from collections.abc import Iterator
from dataclasses import replace

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import PutError

from chalicelib.fleet.certificates import CaCertificates
from chalicelib.store import documents
from chalicelib.store.tables import Defaults, Table, condition_failed, table_name

_OWN = frozenset({"tenant", "revision"})


class AuthoritiesItem(Table):
    """All CA certificates of a tenant: ten of a few KB."""

    class Meta(Defaults):
        table_name = table_name("authorities")

    tenant = UnicodeAttribute(hash_key=True)
    revision = NumberAttribute()
    doc = UnicodeAttribute()


class AuthoritiesTable:
    def get(self, tenant: str) -> CaCertificates:
        try:
            return _load(AuthoritiesItem.get(tenant, consistent_read=True))
        except AuthoritiesItem.DoesNotExist:
            return CaCertificates(tenant)

    def replace(self, old: CaCertificates, new: CaCertificates) -> bool:
        changed = replace(new, revision=old.revision + 1)
        text = documents.dump(changed, without=_OWN)
        # Two uploads at once could otherwise lose one of them, or pass the limit together.
        unchanged = (
            AuthoritiesItem.revision == old.revision if old.revision else AuthoritiesItem.tenant.does_not_exist()
        )
        try:
            AuthoritiesItem(old.tenant, revision=changed.revision, doc=text).save(condition=unchanged)
        except PutError as error:
            if condition_failed(error):
                return False
            raise
        return True

    def everyone(self) -> Iterator[CaCertificates]:
        """Those of all tenants: for a broker on this machine that has to know them when it starts."""
        return (_load(item) for item in AuthoritiesItem.scan())


def _load(item: AuthoritiesItem) -> CaCertificates:
    return documents.load(CaCertificates, item.doc, tenant=item.tenant, revision=int(item.revision))
