"""Observations: what a device is to tell by itself, and how each stands with it.

All of a device are one record, since a registration concerns them all at once. A request is sent by whoever cleared
its `due`; what came of it counts only for the token that it was sent with.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from enum import StrEnum

from chalicelib.fleet.errors import Conflict, LimitReached, ObservationNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.twin.records import (
    MOST_OBSERVATIONS,
    OBSERVATION_ATTEMPTS,
    Cancellation,
    Observation,
    Observations,
    ObservationStatus,
)
from chalicelib.fleet.typed_records import TypedRecords

OBSERVED = Kind(Observations)
OBSERVATIONS = TypedRecords("twin/observations", OBSERVED)
_TOKEN = 8


class Outcome(StrEnum):
    """What came of a request to observe."""

    OBSERVING = "observing"
    REFUSED = "refused"
    FAILED = "failed"
    """As it may go better the next time."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A request to observe that is to be sent now."""

    observation: Observation


@dataclass(frozen=True, slots=True)
class End:
    """A request to end an observation that is gone."""

    cancellation: Cancellation


def create(ports: Ports, tenant: str, device: str, paths: tuple[str, ...], name: str | None) -> Observation:
    """To be sent at once where the device is awake. Errors: Conflict (it is there already), LimitReached."""
    now = ports.clock.now()
    made = Observation(ports.new_id(now), paths, now, name, due=True)

    def added(found: Observations) -> Observations:
        if any(set(each.paths) == set(paths) for each in found.entries):
            raise Conflict("these paths are observed already")
        if len(found.entries) >= MOST_OBSERVATIONS:
            raise LimitReached(f"a device has at most {MOST_OBSERVATIONS} observations")
        return replace(found, entries=(*found.entries, made))

    OBSERVATIONS.change(ports, tenant, device, added, Observations)
    return made


def listing(ports: Ports, tenant: str, device: str) -> list[Observation]:
    """The oldest first."""
    return list(_all(ports, tenant, device).entries)


def get(ports: Ports, tenant: str, device: str, observation: str) -> Observation:
    """Errors: ObservationNotFound."""
    found = next((each for each in listing(ports, tenant, device) if each.id == observation), None)
    if found is None:
        raise ObservationNotFound(f"observation {observation[:64]} not found")
    return found


def cancel(ports: Ports, tenant: str, device: str, observation: str) -> None:
    """Gone at once; the device is told where it can be, else by a Reset to what it tells next.

    Errors: ObservationNotFound.
    """
    get(ports, tenant, device, observation)

    def without(found: Observations) -> Observations:
        gone = [each for each in found.entries if each.id == observation]
        told = tuple(Cancellation(each.token, each.paths) for each in gone if each.token)
        left = tuple(each for each in found.entries if each.id != observation)
        return replace(found, entries=left, cancelled=(*found.cancelled, *told)[-MOST_OBSERVATIONS:])

    OBSERVATIONS.change(ports, tenant, device, without)


def registered(ports: Ports, tenant: str, device: str) -> None:
    """A new registration knows of none: all are sent again, whatever their status, and under other tokens."""
    _change(
        ports,
        tenant,
        device,
        lambda found: replace(
            found,
            cancelled=(),
            entries=tuple(
                replace(each, status=ObservationStatus.PENDING, due=True, attempts=0, token="", holder="")
                for each in found.entries
            ),
        ),
    )


def updated(ports: Ports, tenant: str, device: str) -> None:
    """What has not succeeded so far is tried again."""
    _each(ports, tenant, device, lambda each: replace(each, due=each.due or _may_again(each)))


def ended(ports: Ports, tenant: str, device: str) -> None:
    """The registration is over, and with it what the device observed."""
    _change(
        ports,
        tenant,
        device,
        lambda found: replace(
            found,
            cancelled=(),
            entries=tuple(
                replace(each, status=ObservationStatus.PENDING, due=False, attempts=0, token="", holder="")
                for each in found.entries
            ),
        ),
    )


def take(ports: Ports, tenant: str, device: str, holder: str) -> Begin | End | None:
    """The next request that is to be sent, ends before beginnings, the oldest first; what another run left is again."""
    token = ports.chance(_TOKEN).hex()
    taken: list[Begin | End] = []

    def claimed(found: Observations) -> Observations:
        taken.clear()
        if found.cancelled:
            taken[:] = [End(found.cancelled[0])]
            return replace(found, cancelled=found.cancelled[1:])
        for position, each in enumerate(found.entries):
            if each.due or each.holder not in ("", holder):
                begun = replace(each, due=False, holder=holder, token=token, attempts=each.attempts + 1)
                taken[:] = [Begin(begun)]
                return replace(found, entries=_with(found.entries, position, begun))
        return found

    if OBSERVATIONS.get(ports, tenant, device) is not None:
        OBSERVATIONS.change(ports, tenant, device, claimed)
    return taken[0] if taken else None


def conclude(ports: Ports, tenant: str, device: str, token: str, outcome: Outcome) -> None:
    """What came of a request; one that was sent again since counts no more."""

    def concluded(each: Observation) -> Observation:
        if each.token != token or not each.holder:
            return each
        done = replace(each, holder="")
        if outcome is Outcome.OBSERVING:
            return replace(done, status=ObservationStatus.OBSERVING, attempts=0)
        if outcome is Outcome.REFUSED or each.attempts >= OBSERVATION_ATTEMPTS:
            return replace(done, status=ObservationStatus.FAILED, token="")
        return replace(done, status=ObservationStatus.PENDING, token="")

    _each(ports, tenant, device, concluded)


def notified(ports: Ports, tenant: str, device: str, token: str) -> Observation | None:
    """The observation that a notification is of; None if it is of none."""
    glanced = OBSERVATIONS.glance(ports, tenant, device) if token else None
    # A device may answer before everybody knows under which token it was asked.
    return _under(token, glanced.entries if glanced else ()) or _under(token, listing(ports, tenant, device))


def _under(token: str, entries: Iterable[Observation]) -> Observation | None:
    return next((each for each in entries if token and each.token == token), None)


def broken(ports: Ports, tenant: str, device: str, token: str) -> None:
    """The device itself ended it with an error: it is sent again after the next update."""
    _each(
        ports,
        tenant,
        device,
        lambda each: replace(each, status=ObservationStatus.PENDING, token="") if each.token == token else each,
    )


def clear(ports: Ports, tenant: str, device: str) -> None:
    OBSERVATIONS.delete(ports, tenant, device)


def _may_again(observation: Observation) -> bool:
    waits = observation.status is ObservationStatus.PENDING and not observation.holder
    return waits and observation.attempts < OBSERVATION_ATTEMPTS


def _with(entries: tuple[Observation, ...], position: int, changed: Observation) -> tuple[Observation, ...]:
    return (*entries[:position], changed, *entries[position + 1 :])


def _all(ports: Ports, tenant: str, device: str) -> Observations:
    return OBSERVATIONS.get(ports, tenant, device) or Observations()


def _each(ports: Ports, tenant: str, device: str, change: Callable[[Observation], Observation]) -> None:
    _change(ports, tenant, device, lambda found: replace(found, entries=tuple(change(each) for each in found.entries)))


def _change(ports: Ports, tenant: str, device: str, change: Callable[[Observations], Observations]) -> None:
    OBSERVATIONS.change(ports, tenant, device, change)
