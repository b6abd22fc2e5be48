import pytest

from chalicelib.fleet.access import tenants
from chalicelib.fleet.errors import Invalid, TenantNotFound
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import DAY, LONGEST, Kept, Limit, Quota, Stored, Use
from tests.fakes import START, MemoryPorts


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def tenant(ports: MemoryPorts) -> str:
    return tenants.create(ports, "acme")[0].id


def test_nothing_is_set_at_first(ports: MemoryPorts, tenant: str) -> None:
    found = settings.get(ports, tenant)
    assert (found.quotas, found.limits, found.retention) == ({}, (), {})


def test_a_quota_tells_when_it_was_decided(ports: MemoryPorts, tenant: str) -> None:
    settings.set_quotas(ports, tenant, {Stored.DEVICES: 5, Stored.USERS: 0})
    ports.clock.advance(ms=7)
    settings.set_quotas(ports, tenant, {Stored.DEVICES: 6})
    found = settings.get(ports, tenant)
    assert found.quota(Stored.DEVICES) == Quota(6, START + 7)
    assert found.quota(Stored.USERS) == Quota(0, START)


def test_what_is_lifted_is_gone_and_the_rest_stays(ports: MemoryPorts, tenant: str) -> None:
    settings.set_quotas(ports, tenant, {Stored.DEVICES: 5, Stored.USERS: 3})
    settings.set_retention(ports, tenant, {Kept.MESSAGES: 7 * DAY, Kept.AUDIT: DAY})
    settings.set_limits(ports, tenant, {Use.REQUESTS: (5, 60), Use.MESSAGES: (1, 1)})
    settings.set_quotas(ports, tenant, {Stored.DEVICES: None})
    settings.set_retention(ports, tenant, {Kept.MESSAGES: None})
    found = settings.set_limits(ports, tenant, {Use.REQUESTS: None})
    assert found.quotas == {"users": Quota(3, START)}
    assert found.retention == {Kept.AUDIT: DAY}
    assert found.limits == (Limit(Use.MESSAGES, 1, 1, tenant),)


@pytest.mark.parametrize("kept", Kept)
def test_data_is_kept_a_day_at_least_and_not_for_ever(ports: MemoryPorts, tenant: str, kept: Kept) -> None:
    settings.set_retention(ports, tenant, {kept: LONGEST[kept]})
    for seconds in (0, DAY - 1, LONGEST[kept] + 1):
        with pytest.raises(Invalid) as refused:
            settings.set_retention(ports, tenant, {kept: seconds})
        assert refused.value.field == kept
    assert settings.get(ports, tenant).kept(kept) == LONGEST[kept]


def test_less_than_nothing_is_no_quota(ports: MemoryPorts, tenant: str) -> None:
    with pytest.raises(Invalid):
        settings.set_quotas(ports, tenant, {Stored.DEVICES: -1})


def test_nobody_sets_anything_for_a_tenant_that_is_not_there(ports: MemoryPorts) -> None:
    with pytest.raises(TenantNotFound):
        settings.set_quotas(ports, "nobody", {Stored.DEVICES: 1})
