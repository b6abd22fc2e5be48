"""Claiming: an organization shows that a device is its own, by what only its owner can read on it (Device Claiming).

Guesses are few: wrong ones of a tenant are counted, and the tenth closes its door for a while. They are counted before
they are decided, so that many at once are not more.
"""

from dataclasses import replace

from chalicelib.dialects.xyte import deciding, identities, owning
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.owning import AlreadyClaimed
from chalicelib.dialects.xyte.proofs import Shown
from chalicelib.fleet.compare_and_set import new_draw
from chalicelib.fleet.errors import RateLimitReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.records import ROOT_GROUP
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind
from chalicelib.fleet.typed_records import TypedRecords

WRONG = 10
CLOSED = 15 * 60_000
"""Milliseconds in which so many wrong ones may come, and for which the door is closed then."""
_UNDECIDED = 60_000
"""Milliseconds after which one that nobody decided counts as wrong."""
_SHORTLY = 1
_ONE = "one"
NOT_FOUND = "Device not found or already claimed"


@dataclass(frozen=True, slots=True)
class Guess(Extensible):
    """One that was made at `at` (ms); `draw` tells it from others of that moment."""

    at: int
    draw: str
    decided: bool = False

    def wrong(self, now: int) -> bool:
        return self.decided or now >= self.at + _UNDECIDED


@dataclass(frozen=True, slots=True)
class Guesses(Extensible):
    made: tuple[Guess, ...] = ()

    def recent(self, now: int) -> "Guesses":
        return replace(self, made=tuple(guess for guess in self.made if now < guess.at + CLOSED))


GUESSES = Kind(Guesses)
_KEPT = TypedRecords("xyte.claims", GUESSES)


def claim(ports: Ports, tenant: str, shown: Shown, name: str | None = None, group: str = ROOT_GROUP) -> Identity:
    """The device, which is the tenant's now.

    Errors: AlreadyClaimed (as also where there is no such device), QuotaReached, GroupNotFound, RateLimitReached.
    """
    guess = _guess(ports, tenant)
    known = _known(ports, shown)
    found = _first_free(ports, known)
    # Who has it already and asks again, as its answer was lost or a list is gone through once more, guesses nothing.
    right = found is not None or any(each.owner == tenant for each in known)
    _decide(ports, tenant, guess, wrong=not right)
    if found is None:
        raise AlreadyClaimed(NOT_FOUND)
    try:
        return owning.take(ports, found, tenant, name=name, group=group)
    except AlreadyClaimed as error:
        raise AlreadyClaimed(NOT_FOUND) from error


def _known(ports: Ports, shown: Shown) -> list[Identity]:
    """All that registered with that proof, whoever has them."""
    proof = shown.proof
    uuids = ports.directory.sharing(proof) if proof is not None else []
    known = (identities.current(ports, uuid) for uuid in uuids)
    return [each for each in known if each is not None and each.parent is None]


def _first_free(ports: Ports, known: list[Identity]) -> Identity | None:
    """The one that registered first of those that nobody has: who copies a proof comes after who was built with it."""
    free = [now for each in known if (now := _freed(ports, each)) is not None]
    return min(free, key=lambda each: (each.entry.created, each.id), default=None)


def _freed(ports: Ports, found: Identity) -> Identity | None:
    """None where somebody has it; not who has deleted its device by another API, and was not found out since."""
    now: Identity | None = found
    if found.owner is not None and deciding.in_place(ports, found) is None:
        owning.release(ports, found, found.owner)
        now = identities.current(ports, found.id)
    return now if now is not None and now.owner is None else None


def _guess(ports: Ports, tenant: str) -> Guess:
    """Errors: RateLimitReached."""
    now = ports.clock.now()
    guess = Guess(now, new_draw(ports))

    def counted(guesses: Guesses) -> Guesses:
        recent = guesses.recent(now)
        wrong = [each for each in recent.made if each.wrong(now)]
        if len(wrong) >= WRONG:
            wait = (wrong[-1].at + CLOSED - now + 999) // 1000
            raise RateLimitReached("Too many claims were wrong", wait)
        if len(recent.made) >= WRONG:
            raise RateLimitReached("Too many claims at once", _SHORTLY)
        return replace(recent, made=(*recent.made, guess))

    _KEPT.change(ports, tenant, _ONE, counted, Guesses)
    return guess


def _decide(ports: Ports, tenant: str, guess: Guess, *, wrong: bool) -> None:
    def decided(guesses: Guesses) -> Guesses:
        others = tuple(each for each in guesses.made if each.draw != guess.draw)
        made = (*others, replace(guess, decided=True)) if wrong else others
        return replace(guesses, made=tuple(sorted(made, key=lambda each: (each.at, each.draw))))

    _KEPT.change(ports, tenant, _ONE, decided, Guesses)
