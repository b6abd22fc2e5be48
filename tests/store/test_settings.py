from dataclasses import replace

from chalicelib.fleet.access.records import Tenant
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Limit, Quota, Settings, Use


def set_for(tenant: str) -> Settings:
    limits = (Limit(Use.REQUESTS, 5, 60, tenant), Limit(Use.MESSAGES, 1, 1, tenant))
    return Settings(tenant, {"devices": Quota(5, 7)}, limits, {"messages": 86_400})


def test_nothing_is_set_for_a_tenant_at_first(ports: Ports, tenant: str) -> None:
    assert ports.tenants.settings(tenant) == ports.tenants.current_settings(tenant) == Settings(tenant)


def test_settings_are_read_with_all_they_hold(ports: Ports, tenant: str) -> None:
    assert ports.tenants.replace_settings(Settings(tenant), set_for(tenant))
    assert ports.tenants.current_settings(tenant) == replace(set_for(tenant), revision=1)
    assert ports.tenants.settings(tenant) == replace(set_for(tenant), revision=1)


def test_of_two_operators_at_once_one_comes_first(ports: Ports, tenant: str) -> None:
    nothing = Settings(tenant)
    assert ports.tenants.replace_settings(nothing, set_for(tenant))
    assert not ports.tenants.replace_settings(nothing, nothing)
    first = ports.tenants.current_settings(tenant)
    assert ports.tenants.replace_settings(first, nothing)
    assert not ports.tenants.replace_settings(first, set_for(tenant))
    assert ports.tenants.current_settings(tenant) == replace(nothing, revision=2)


def test_settings_take_no_name_and_no_id_of_a_tenant(ports: Ports, tenant: str) -> None:
    ports.tenants.replace_settings(Settings(tenant), set_for(tenant))
    assert ports.tenants.get(tenant) is None
    assert ports.tenants.create(Tenant(tenant, f"settings#{tenant}", 1))
    assert ports.tenants.current_settings(tenant) == replace(set_for(tenant), revision=1)


def test_a_tenants_settings_are_its_own(ports: Ports, tenant: str) -> None:
    ports.tenants.replace_settings(Settings(tenant), set_for(tenant))
    assert ports.tenants.current_settings(tenant + "x") == Settings(tenant + "x")
