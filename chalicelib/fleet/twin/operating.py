"""Operations: what a device is asked, one after the other in the order in which they were made.

Those that are not final stand by themselves, so that the next one is found by reading one. What is final is written
among the final ones first: an operation that is in both places is final.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from chalicelib.fleet.compare_and_set import new_draw
from chalicelib.fleet.due import Matter
from chalicelib.fleet.errors import IllegalTransition, LimitReached, OperationNotFound
from chalicelib.fleet.ids import ordered_id
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.twin import operation_states as states
from chalicelib.fleet.twin import outcomes
from chalicelib.fleet.twin.records import MOST_ACTIVE, MOST_FINAL, Operation, OperationStatus
from chalicelib.fleet.typed_records import TypedRecords

OPERATION = Kind(Operation)
ACTIVE = TypedRecords("twin/operation", OPERATION, states.due)
FINAL = TypedRecords("twin/operation-final", OPERATION)
"""Both of a device; those that are not final are due when time ends them."""
_CHANCE = 8


def create(ports: Ports, tenant: str, device: str, make: Callable[[str, int], Operation]) -> Operation:
    """`make` gets id and moment. Errors: LimitReached; what `make` raises."""
    now = ports.clock.now()
    made = make(ordered_id(now, now, ports.chance(_CHANCE).hex()), now)
    # Two that come at once may both find the last place free: a limit, not a lock.
    if sum(1 for _ in _active(ports, tenant, device)) >= MOST_ACTIVE:
        raise LimitReached(f"a device has at most {MOST_ACTIVE} operations that are not over")
    ACTIVE.of(device).create(ports, tenant, made.id, made)
    _trim(ports, tenant, device)
    return made


def get(ports: Ports, tenant: str, device: str, operation: str) -> Operation:
    """Errors: OperationNotFound."""
    found = find(ports, tenant, device, operation)
    if found is None:
        raise OperationNotFound(f"operation {operation[:64]} not found")
    return found


def find(ports: Ports, tenant: str, device: str, operation: str) -> Operation | None:
    found = FINAL.of(device).get(ports, tenant, operation)
    if found is not None:
        return found
    active = ACTIVE.of(device).get(ports, tenant, operation)
    if active is not None:
        return _aged(ports, tenant, device, active)
    # One that ended between these two reads was written among the final ones before it was gone from the active ones.
    return FINAL.of(device).get(ports, tenant, operation)


def under_way(ports: Ports, tenant: str, device: str, operation: str) -> Operation | None:
    """One that is not over; whoever hears of it late, or twice, finds none."""
    active = ACTIVE.of(device).get(ports, tenant, operation)
    aged = None if active is None else _aged(ports, tenant, device, active)
    return None if aged is None or aged.final else aged


def listing(ports: Ports, tenant: str, device: str) -> list[Operation]:
    """The newest first."""
    active = {each.id: each for each in _active(ports, tenant, device)}
    final = {each.id: each for each in FINAL.of(device).every(ports, tenant)}
    both = active | final
    return [both[each] for each in sorted(both, reverse=True)]


def cancel(ports: Ports, tenant: str, device: str, operation: str) -> Operation:
    """Errors: OperationNotFound, IllegalTransition."""
    changed, ours = _change(ports, tenant, device, operation, lambda each: states.cancelled(each, ports.clock.now()))
    if changed is None:
        raise OperationNotFound(f"operation {operation[:64]} not found")
    if not ours:
        raise IllegalTransition(f"operation {operation} is {changed.status}: only what waits can be canceled")
    return changed


def take(ports: Ports, tenant: str, device: str, holder: str, *, awaited: bool) -> Operation | int | None:
    """The next operation, SENT by `holder` from now on; a moment (ms) before which there is none.

    An operation that is being retried keeps its place; one between two steps of an update keeps nobody waiting.
    `awaited` says that the device has just shown up.
    """
    later: int | None = None
    for oldest in _active(ports, tenant, device):
        now = ports.clock.now()
        if not oldest.waiting and oldest.holder == holder:
            return None
        waiting = oldest if oldest.waiting else _lost(ports, tenant, device, oldest.id)
        if waiting is None:
            continue
        if waiting.retry_at > now and not awaited:
            later = waiting.retry_at if later is None else min(later, waiting.retry_at)
            if waiting.status is OperationStatus.PENDING:
                # It waits for the device to get on with an update: others need not.
                continue
            return later
        if waiting.command is not None and outcomes.is_over(ports, tenant, waiting.command):
            _change(ports, tenant, device, waiting.id, partial(states.cancelled, now=now))
            continue
        # Two requests of one run at the same moment: one of them sends it.
        taking = partial(states.taken, holder=holder, now=now, draw=new_draw(ports))
        taken, ours = _change(ports, tenant, device, waiting.id, taking)
        if ours:
            return taken
        if taken is not None and not taken.final:
            # Another run has sent it just now.
            return None
    return later


def _lost(ports: Ports, tenant: str, device: str, operation: str) -> Operation | None:
    """Whoever sent it is gone, with the only one who would have heard the answer. What is left to be sent, if it is."""
    after, _ = _change(ports, tenant, device, operation, partial(states.lost, now=ports.clock.now()))
    return after if after is not None and after.waiting else None


def conclude(
    ports: Ports, tenant: str, device: str, operation: str, tried: int, change: Callable[[Operation], Operation | None]
) -> Operation | None:
    """What came of one attempt; a late word of an earlier one changes nothing."""
    return _change(ports, tenant, device, operation, lambda each: change(each) if each.tried == tried else None)[0]


def on_due(ports: Ports, matter: Matter) -> None:
    """Time may have ended it. Whoever has moved it on meanwhile has given it another moment."""
    active = ACTIVE.of(matter.subject).get(ports, matter.tenant, matter.id)
    if active is not None:
        _aged(ports, matter.tenant, matter.subject, active)


def clear(ports: Ports, tenant: str, device: str) -> None:
    for records in (ACTIVE.of(device), FINAL.of(device)):
        for operation, _ in list(records.items(ports, tenant)):
            records.delete(ports, tenant, operation)


def _active(ports: Ports, tenant: str, device: str) -> Iterator[Operation]:
    """Those that time has not ended, the oldest first."""
    for each in ACTIVE.of(device).every(ports, tenant):
        aged = _aged(ports, tenant, device, each)
        if aged is not None and not aged.final:
            yield aged


def _aged(ports: Ports, tenant: str, device: str, operation: Operation) -> Operation | None:
    now = ports.clock.now()
    if operation.final or states.aged(operation, now) is not None:
        return _change(ports, tenant, device, operation.id, lambda each: states.aged(each, now))[0]
    return operation


def _change(
    ports: Ports, tenant: str, device: str, operation: str, change: Callable[[Operation], Operation | None]
) -> tuple[Operation | None, bool]:
    """The operation after `change`, moved among the final ones where it is; and whether it was changed."""
    ours: list[bool] = [False]

    def changed(present: Operation) -> Operation:
        after = None if present.final else change(present)
        ours[0] = after is not None
        return present if after is None else after

    after = ACTIVE.of(device).change(ports, tenant, operation, changed)
    if after is None:
        return FINAL.of(device).get(ports, tenant, operation), False
    if after.final:
        outcomes.tell(ports, tenant, device, after)
        FINAL.of(device).create(ports, tenant, operation, replace(after, holder="", draw=""))
        ACTIVE.of(device).delete(ports, tenant, operation)
    return after, ours[0]


def _trim(ports: Ports, tenant: str, device: str) -> None:
    records = FINAL.of(device)
    surplus = records.count(ports, tenant) - MOST_FINAL
    if surplus > 0:
        for each in records.first(ports, tenant, surplus):
            records.delete(ports, tenant, each.id)
