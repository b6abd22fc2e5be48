import pytest

from chalicelib.fleet.access import callers, keys, limiting, tenants
from chalicelib.fleet.access.records import ApiKey, KeyRequest
from chalicelib.fleet.errors import KeyNotFound, RateLimitReached
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Use
from tests.fakes import START, MemoryPorts


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def master(ports: MemoryPorts) -> ApiKey:
    return tenants.create(ports, "acme")[1]


def below(ports: MemoryPorts, master: ApiKey, parent: ApiKey) -> ApiKey:
    return keys.create_child(ports, callers.of_key(master), parent.id, KeyRequest())[0]


def again(ports: MemoryPorts, key: ApiKey) -> ApiKey:
    return keys.get(ports, key.tenant, key.id)


def spent(ports: MemoryPorts, key: ApiKey, use: Use = Use.REQUESTS) -> int:
    """How many uses are admitted, and no more than ten."""
    for count in range(10):
        try:
            limiting.spend(ports, callers.of_key(again(ports, key)), use)
        except RateLimitReached:
            return count
    return 10


def test_a_key_without_a_limit_has_none(ports: MemoryPorts, master: ApiKey) -> None:
    assert spent(ports, master) == 10


def test_a_limit_holds_for_its_window(ports: MemoryPorts, master: ApiKey) -> None:
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, (3, 60))
    assert spent(ports, master) == 3
    ports.clock.advance(seconds=60)
    assert spent(ports, master) == 3


def test_the_refusal_tells_when_to_come_back(ports: MemoryPorts, master: ApiKey) -> None:
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, (1, 60))
    spent(ports, master)
    ports.clock.advance(seconds=20)
    with pytest.raises(RateLimitReached) as refused:
        limiting.spend(ports, callers.of_key(again(ports, master)), Use.REQUESTS)
    assert refused.value.wait == 60 - (START // 1000 + 20) % 60


def test_the_limit_of_a_master_key_holds_for_all_keys_together(ports: MemoryPorts, master: ApiKey) -> None:
    before = below(ports, master, master)
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, (4, 60))
    after = below(ports, master, before)
    limiting.spend(ports, callers.of_key(again(ports, before)), Use.REQUESTS)
    limiting.spend(ports, callers.of_key(again(ports, after)), Use.REQUESTS)
    assert spent(ports, master) == 2
    assert spent(ports, after) == 0


def test_a_key_may_have_less_than_the_key_above_it(ports: MemoryPorts, master: ApiKey) -> None:
    small, other = below(ports, master, master), below(ports, master, master)
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, (5, 60))
    limiting.limit(ports, master.tenant, small.id, Use.REQUESTS, (2, 60))
    assert [spent(ports, key) for key in (small, other)] == [2, 3]


def test_what_was_refused_is_not_counted_elsewhere(ports: MemoryPorts, master: ApiKey) -> None:
    small = below(ports, master, master)
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, (5, 60))
    limiting.limit(ports, master.tenant, small.id, Use.REQUESTS, (1, 60))
    for _ in range(5):
        spent(ports, small)
    assert spent(ports, master) == 4


def test_requests_and_messages_are_counted_apart(ports: MemoryPorts, master: ApiKey) -> None:
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, (1, 60))
    limiting.limit(ports, master.tenant, master.id, Use.MESSAGES, (2, 10))
    assert (spent(ports, master), spent(ports, master, Use.MESSAGES)) == (1, 2)


def test_a_lifted_limit_is_gone_below_too(ports: MemoryPorts, master: ApiKey) -> None:
    child = below(ports, master, master)
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, (1, 60))
    limiting.limit(ports, master.tenant, master.id, Use.REQUESTS, None)
    assert spent(ports, child) == 10


def test_tenants_do_not_count_for_each_other(ports: MemoryPorts, master: ApiKey) -> None:
    _, other, _ = tenants.create(ports, "other")
    for key in (master, other):
        limiting.limit(ports, key.tenant, key.id, Use.REQUESTS, (1, 60))
    assert [spent(ports, key) for key in (master, other)] == [1, 1]


def test_an_unknown_key_is_not_limited(ports: MemoryPorts, master: ApiKey) -> None:
    with pytest.raises(KeyNotFound):
        limiting.limit(ports, master.tenant, "0" * 24, Use.REQUESTS, (1, 60))


def test_a_tenants_limit_holds_beside_those_of_its_keys(ports: MemoryPorts, master: ApiKey) -> None:
    small, other = below(ports, master, master), below(ports, master, master)
    settings.set_limits(ports, master.tenant, {Use.REQUESTS: (5, 60)})
    limiting.limit(ports, master.tenant, small.id, Use.REQUESTS, (2, 60))
    assert [spent(ports, key) for key in (small, other, master)] == [2, 3, 0]
    assert spent(ports, other, Use.MESSAGES) == 10
