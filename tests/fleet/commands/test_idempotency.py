from dataclasses import replace

import pytest

from chalicelib.fleet.commands import creating, idempotency
from chalicelib.fleet.commands.records import Command, Policy
from chalicelib.fleet.errors import Conflict
from tests.fleet.rig import DEVICE, TENANT, Rig

ORDER = creating.Order("mqtt", {"req": "reboot"}, Policy())


def order(rig: Rig, token: str = "t1", asked: creating.Order = ORDER) -> Command:
    rig.pass_time(1)
    return idempotency.create(rig.ports, TENANT, DEVICE, asked, token)


def test_the_same_order_with_the_same_token_is_one_command(rig: Rig) -> None:
    first, second = order(rig), order(rig)
    assert first.id == second.id
    assert rig.mailbox.queue == (first.id,)


def test_a_repeated_order_tells_what_became_of_the_command(online: Rig) -> None:
    first = order(online)
    online.ports.run_background()
    online.answer(first)
    assert order(online).status == "PROCESSED"


def test_another_token_is_another_command(rig: Rig) -> None:
    assert order(rig, "t1").id != order(rig, "t2").id


def test_a_token_that_came_with_another_order_is_refused(rig: Rig) -> None:
    order(rig)
    with pytest.raises(Conflict):
        order(rig, asked=replace(ORDER, request={"req": "else"}))


def test_an_order_that_died_after_its_token_was_kept_is_made_when_it_is_repeated(rig: Rig) -> None:
    made = order(rig)
    creating.delete(rig.ports, TENANT, made.id)
    assert order(rig).id == made.id
    assert rig.mailbox.queue == (made.id,)
