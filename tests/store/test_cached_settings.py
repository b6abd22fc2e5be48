"""What an instance remembers of a tenant's settings."""

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import DAY, Kept, Settings
from chalicelib.store.cache import MAX_AGE, CachedTenants
from chalicelib.store.tables import shared_connection
from tests.fakes import SetClock


class Counting(CachedTenants):
    """Counts what is read."""

    reads = 0

    def _settings(self, tenant: str, *, consistent: bool) -> Settings:
        self.reads += 1
        return super()._settings(tenant, consistent=consistent)


def changed(ports: Ports, tenant: str, days: int) -> None:
    present = ports.tenants.current_settings(tenant)
    ports.tenants.replace_settings(present, Settings(tenant, retention={"messages": days * DAY}))


def test_settings_are_read_once_a_minute_also_where_there_are_none(dynamodb: Ports) -> None:
    clock = SetClock()
    tenants = Counting(shared_connection(), clock)
    for _ in range(3):
        assert tenants.settings("cached1") == Settings("cached1")
    assert tenants.reads == 1
    clock.advance(ms=MAX_AGE)
    tenants.settings("cached1")
    assert tenants.reads == 2
    assert dynamodb.tenants.settings("cached1") == Settings("cached1")


def test_a_change_elsewhere_is_seen_after_a_minute_and_ones_own_at_once(dynamodb: Ports) -> None:
    clock = SetClock()
    tenants = CachedTenants(shared_connection(), clock)
    tenants.settings("cached2")
    changed(dynamodb, "cached2", 2)
    assert tenants.settings("cached2").kept(Kept.MESSAGES) is None
    clock.advance(ms=MAX_AGE)
    assert tenants.settings("cached2").kept(Kept.MESSAGES) == 2 * DAY
    present = tenants.current_settings("cached2")
    tenants.replace_settings(present, Settings("cached2", retention={"messages": 3 * DAY}))
    assert tenants.settings("cached2").kept(Kept.MESSAGES) == 3 * DAY
