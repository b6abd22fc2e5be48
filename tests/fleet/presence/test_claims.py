"""Whose an event is, and how a client id goes from one holder to the next."""

from dataclasses import replace

import pytest

from chalicelib.fleet.presence.claims import MEMORY, MOST_REMEMBERED, Claim, Fence, opened, succeeded, vacated
from tests.fakes import START

REST = 300_000
LATER = START + 100 * MEMORY
OWN = Claim("c", "ours", "dialect", "device", "k1", START, device="d1", connector="mqtt")
THEIRS = Claim("c", "theirs", "dialect", "device", "k2", START, device="d2", connector="mqtt")


def through_the_fence(old: Claim, new: Claim, now: int) -> Claim:
    """As one holder goes and the next comes as soon as it may; the fence took a second."""
    vacant = vacated(old, now)
    assert vacant.fence is not None
    closed = replace(vacant, fence=replace(vacant.fence, closed=now + 900, gone=now + 1_000))
    assert succeeded(closed, new, now + 999 + REST, REST).fence is not None
    taken = succeeded(closed, new, now + 1_000 + REST, REST)
    assert taken.fence is None
    return taken


def held_by(claim: Claim, at: int, principal: str = "", now: int = LATER) -> tuple[str, int] | None:
    found = claim.holder(at, principal, now)
    return None if found is None else (found.tenant, found.generation)


def test_everything_is_the_first_holders_but_what_is_too_old() -> None:
    claim = succeeded(None, OWN, START, REST)
    assert held_by(claim, START - 120_000) == ("ours", 1)
    assert held_by(claim, START - MEMORY - 1) is None


@pytest.mark.parametrize("wrong", [-120_000, 0, 120_000])
def test_a_time_stamp_that_is_two_minutes_wrong_tells_the_holder_all_the_same(wrong: int) -> None:
    first = succeeded(None, OWN, START, REST)
    gone, came = START + 1_000, START + 1_000 + REST
    claim = through_the_fence(first, THEIRS, START)
    assert held_by(claim, gone + wrong) == ("ours", 1)
    assert held_by(claim, came + wrong) == ("theirs", 2)


def test_what_the_broker_vouches_for_goes_before_its_time_stamp() -> None:
    first = succeeded(None, OWN, START, REST)
    claim = through_the_fence(first, THEIRS, START)
    assert held_by(claim, START + 10 * REST, first.named()) == ("ours", 1)
    assert held_by(claim, START, claim.named()) == ("theirs", 2)
    assert held_by(claim, START, replace(THEIRS, generation=3).named()) is None
    assert held_by(claim, START, replace(THEIRS, generation=1).named()) is None


@pytest.mark.parametrize("principal", ["", "n/a", "oursk1", "AROAEXAMPLE:session", "ab12" * 16])
def test_a_principal_that_is_none_of_ours_tells_nothing(principal: str) -> None:
    claim = through_the_fence(succeeded(None, OWN, START, REST), THEIRS, START)
    assert held_by(claim, START, principal) == ("ours", 1)


def test_a_certificate_tells_the_holder_where_only_one_came_with_it() -> None:
    certified = replace(OWN, principal="ab12" * 16)
    claim = through_the_fence(succeeded(None, certified, START, REST), THEIRS, START)
    assert held_by(claim, START + 10 * REST, "ab12" * 16) == ("ours", 1)
    both = through_the_fence(succeeded(None, certified, START, REST), replace(THEIRS, principal="ab12" * 16), START)
    assert held_by(both, START + 10 * REST, "ab12" * 16) == ("theirs", 2)


def test_the_fence_opens_by_time_alone_where_the_broker_does_not_answer() -> None:
    vacant = replace(vacated(succeeded(None, OWN, START, REST), START), fence=Fence(START, closed=START + 5))
    assert succeeded(vacant, THEIRS, START + 4 + REST, REST).fence is not None
    assert succeeded(vacant, THEIRS, START + 5 + REST, REST).fence is None


def test_no_fence_opens_before_the_old_holders_presence_has_ended() -> None:
    vacant = vacated(succeeded(None, OWN, START, REST), START)
    assert succeeded(vacant, THEIRS, START + 100 * REST, REST).fence is not None


def test_the_same_tenant_needs_no_fence_and_begins_a_new_generation() -> None:
    first = succeeded(None, OWN, START, REST)
    again = succeeded(vacated(first, START), replace(OWN, device="d9"), START + 1, REST)
    assert (again.fence, again.generation) == (None, 2)
    assert held_by(again, START + 1, first.named()) == ("ours", 1)
    # Not by a time stamp, which may be wrong by more than the moment between the two.
    assert held_by(again, START - 1) == ("ours", 2)


def test_an_id_that_was_only_reserved_needs_no_fence() -> None:
    reserved = succeeded(None, replace(OWN, mode=""), START, REST)
    assert succeeded(vacated(reserved, START), THEIRS, START, REST).fence is None


def test_what_was_given_and_never_used_was_nobodys_in_between() -> None:
    first = succeeded(None, OWN, START, REST)
    given = succeeded(first, replace(THEIRS, mode="", device=None), START, REST)
    back = succeeded(given, OWN, START + 1, REST)
    assert (back.tenant, back.fence) == ("ours", None)
    third = succeeded(given, replace(THEIRS, tenant="third"), START + 1, REST)
    assert third.fence is not None
    assert [h.tenant for h in third.former] == ["ours"]


def test_a_holder_is_remembered_for_as_long_as_its_events_may_come() -> None:
    claim = through_the_fence(succeeded(None, OWN, START, REST), THEIRS, START)
    later = START + MEMORY
    assert held_by(replace(claim, former=claim.remembered(later)[:-1]), START) == ("ours", 1)
    assert [h.tenant for h in claim.remembered(later + REST)] == ["theirs"]
    assert held_by(replace(claim, former=()), START) is None


def test_so_many_holders_are_remembered_and_no_more() -> None:
    claim = succeeded(None, OWN, START, REST)
    for number in range(1, 3 * MOST_REMEMBERED):
        claim = through_the_fence(claim, replace(THEIRS, tenant=f"t{number}"), START + number * 3 * REST)
    assert len(claim.former) == MOST_REMEMBERED
    assert held_by(claim, START) is None


def test_an_application_that_comes_back_is_the_same_holder() -> None:
    application = Claim("a", "ours", "dialect", "application", "k1", START, seen=START)
    first = succeeded(None, application, START, REST)
    vacant = vacated(first, START + 5, gone=START + 5)
    again = succeeded(vacant, application, START + 9, REST)
    assert (again.generation, again.former, again.fence) == (1, (), None)
    ending = replace(vacant, fence=Fence(START + 5, ending=START + 6, gone=START + 5))
    assert succeeded(ending, application, START + 9, REST).generation == 2


def test_a_claim_without_a_fence_stays_as_it_is() -> None:
    claim = succeeded(None, OWN, START, REST)
    assert opened(claim, START, REST) == claim


def test_a_claim_of_an_earlier_release_is_the_first_generation() -> None:
    """It has neither a generation nor memory."""
    old = replace(OWN, generation=0)
    assert held_by(old, START - 2 * MEMORY) == ("ours", 0)
    assert succeeded(old, THEIRS, START, REST).generation == 1


def test_who_nobody_can_have_been_forgotten_before_has_what_is_not_too_old() -> None:
    claim = succeeded(None, OWN, START, REST)
    early = START - MEMORY - 1
    assert held_by(claim, early, now=early + MEMORY) == ("ours", 1)
    assert held_by(claim, early, now=early + MEMORY + 1) is None
