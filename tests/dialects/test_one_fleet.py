"""One fleet through every dialect: a device of any is seen, commanded and deleted by users of every other one."""

from itertools import product

import pytest

from chalicelib.dialects import registry
from tests.dialects.one_fleet import DONE, FAILED, MEMBERS, OPEN, WITHOUT_COMMANDS, Fleet, Member
from tests.fakes import MemoryPorts

pytestmark = pytest.mark.row("J2")
PAIRS = list(product(MEMBERS, MEMBERS))


@pytest.fixture
def fleet() -> Fleet:
    return Fleet.made(MemoryPorts(), "acme")


def member(fleet: Fleet, dialect: str) -> Member:
    return MEMBERS[dialect](fleet)


def test_every_dialect_has_its_row() -> None:
    assert MEMBERS.keys() | WITHOUT_COMMANDS == set(registry.NAMES)


@pytest.mark.parametrize(("devices", "users"), PAIRS)
def test_a_device_is_seen_with_what_it_says_and_deleted(fleet: Fleet, devices: str, users: str) -> None:
    owner = member(fleet, devices)
    others = owner if users == devices else member(fleet, users)
    urn, stays = owner.join("one"), owner.join("two")
    owner.speak(urn)
    assert (others.lists(urn), others.hears(urn)) == (True, True)
    others.leave(urn)
    assert [one.lists(urn) for one in (owner, others)] == [False, False]
    assert others.lists(stays)


@pytest.mark.parametrize("well", [True, False], ids=["well", "failing"])
@pytest.mark.parametrize(("devices", "users"), PAIRS)
def test_a_command_reaches_it_and_its_end_is_told(fleet: Fleet, devices: str, users: str, well: bool) -> None:  # noqa: FBT001 - a case
    owner = member(fleet, devices)
    others = owner if users == devices else member(fleet, users)
    urn = owner.join("one")
    order = others.order(urn)
    assert others.stands(urn, order) in (OPEN, None)
    owner.obey(urn, well=well)
    assert others.stands(urn, order) in (DONE if well else FAILED, None)
    (command,) = fleet.ports.commands.of_device(fleet.tenant.id, urn, start=None, end=None, descending=False)
    assert command.final
    assert (command.status == "PROCESSED") is well


@pytest.mark.parametrize(("devices", "users"), PAIRS)
def test_another_tenant_sees_nothing(fleet: Fleet, devices: str, users: str) -> None:
    owner, stranger = member(fleet, devices), member(Fleet.made(fleet.ports, "others"), users)
    urn = owner.join("one")
    owner.speak(urn)
    assert (stranger.lists(urn), stranger.hears(urn)) == (False, False)
    with pytest.raises(Exception, match=r".*"):
        stranger.order(urn)
    with pytest.raises(Exception, match=r".*"):
        stranger.leave(urn)
    assert (owner.lists(urn), owner.hears(urn)) == (True, True)
    assert list(fleet.ports.commands.of_device(fleet.tenant.id, urn, start=None, end=None, descending=False)) == []
