"""Sessions and their buffers on DynamoDB: what they promise of the fake holds there, too."""

from collections.abc import Callable, Iterator

import pytest

from chalicelib import wiring
from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import subscriptions
from chalicelib.store.policies import PolicyItem
from chalicelib.store.records import RecordItem
from tests.fakes.clock import SetClock
from tests.fleet.queues import test_subscriptions as contract
from tests.fleet.queues.test_subscriptions import DIALECT, HOUR, TENANT

HOLDS: tuple[Callable[..., None], ...] = (
    contract.test_who_listens_is_told_in_order_and_who_does_not_is_not,
    contract.test_where_nobody_listens_nothing_is_kept,
    contract.test_what_was_given_comes_again_to_who_says_that_it_did_not_come,
    contract.test_a_session_lasts_as_long_as_it_comes_back,
    contract.test_asking_often_writes_seldom,
    contract.test_one_that_is_closed_leaves_nothing,
    contract.test_those_of_an_owner_are_found_the_oldest_first,
    contract.test_a_policy_says_what_is_listened_to,
)


@pytest.fixture
def ports(dynamodb: Ports) -> Iterator[Ports]:
    """Of a clock that is set; what a test leaves is removed, as all of them are one tenant."""
    assert isinstance(dynamodb, wiring.Wiring)
    made = wiring.Wiring()
    made.__dict__["clock"] = SetClock()
    yield made
    for model in (RecordItem, PolicyItem):
        for item in model.scan():
            item.delete()
    for policy in made.policies.known(TENANT):
        made.policies.delete(TENANT, policy.id)


@pytest.mark.parametrize("holds", HOLDS, ids=lambda holds: str(holds.__name__))
def test_what_is_promised_holds(holds: Callable[[Ports], None], ports: Ports) -> None:
    holds(ports)


@pytest.mark.parametrize("most", [1, 3, 10])
def test_a_ring_holds_the_newest(ports: Ports, most: int) -> None:
    contract.test_a_ring_holds_the_newest(ports, most)  # type: ignore[arg-type]


def opened(ports: Ports) -> None:
    made = subscriptions.open_(ports, TENANT, DIALECT, "s1", "ann", HOUR)
    subscriptions.listen(ports, made, frozenset({"a"}))


def test_whoever_is_overtaken_draws_another_place(ports: Ports) -> None:
    opened(ports)
    others, replace = [3, 2], ports.records.replace

    def tell(body: int) -> None:
        assert len(subscriptions.tell(ports, TENANT, DIALECT, lambda _: True, lambda _: body)) == 1

    def overtaken(old: Record, new: Record) -> bool:
        if others:
            tell(others.pop())
        return replace(old, new)

    ports.records.replace = overtaken  # type: ignore[method-assign]
    tell(1)
    assert sorted(subscriptions.take(ports, TENANT, DIALECT, "s1", 100)) == [1, 2, 3]
    assert subscriptions.get(ports, TENANT, DIALECT, "s1").ring.next == 3
