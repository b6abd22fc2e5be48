"""Which notification is the newest, and what is remembered of whom."""

import random

import pytest

from infra.gateway.ordering import Orders


@pytest.mark.parametrize(
    ("number", "later", "newest"),
    [(11, 0, True), (10, 0, False), (9, 0, False), (9, 129, True), (10 + (1 << 23), 0, False), (None, 0, True)],
)
def test_numbers_that_are_close_tell_the_order(number: int | None, later: float, newest: bool) -> None:  # noqa: FBT001 - a column
    orders = Orders()
    assert orders.newest(("a", "t"), 10, 1000.0)
    assert orders.newest(("a", "t"), number, 1000.0 + later) is newest


def test_numbers_begin_again_behind_the_last() -> None:
    orders = Orders()
    assert orders.newest(("a", "t"), (1 << 24) - 1, 0.0)
    assert orders.newest(("a", "t"), 0, 0.0)


def test_whoever_has_gone_is_forgotten_and_nobody_else() -> None:
    orders = Orders(most=8)
    chance = random.Random(7)
    known: dict[tuple[str, str], int] = {}
    for step in range(2000):
        principal = f"p{chance.randrange(5)}"
        if chance.random() < 0.1:
            orders.forget(principal)
            known = {observed: at for observed, at in known.items() if observed[0] != principal}
        else:
            observed = principal, f"t{chance.randrange(4)}"
            assert orders.newest(observed, step, float(step))
            known.pop(observed, None)
            known[observed] = step
            known = dict(list(known.items())[-8:])
        assert len(orders) == len(known)
    for observed, at in known.items():
        assert not orders.newest(observed, at, float(at))
