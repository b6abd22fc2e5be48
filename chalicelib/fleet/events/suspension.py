"""Webhooks that keep failing are suspended: nothing is posted to them until somebody resumes them.

A failure is written down where it happens, and a success only after failures, so that a webhook that works costs
nothing. What is told of an action goes with the policy, whose next version begins anew.
"""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.compare_and_set import change_record, unrevised
from chalicelib.fleet.errors import Contended, NotFound, PolicyNotFound
from chalicelib.fleet.events import policies
from chalicelib.fleet.events.records import ActionPolicy, ActionState
from chalicelib.fleet.ports import Ports


class ActionNotFound(NotFound):
    """The policy has no such action."""


def failed(ports: Ports, policy: ActionPolicy, action: str, reason: str) -> bool:
    """Count a failure of the policy as known here. True if it was the one too many."""
    now = ports.clock.now()
    before, after = _changed(ports, policy, action, lambda state: state.failed(reason, now))
    return after.is_suspended and not before.is_suspended


def worked(ports: Ports, policy: ActionPolicy, action: str) -> None:
    now = ports.clock.now()
    _changed(ports, policy, action, lambda state: state.worked(now))


def resume(ports: Ports, tenant: str, policy_id: str, action: str) -> None:
    """Post again. Errors: PolicyNotFound, ActionNotFound."""
    policy = policies.get(ports, tenant, policy_id)
    ensure_has(policy, action)
    now = ports.clock.now()
    _changed(ports, policy, action, lambda state: state.restarted(now))


def ensure_has(policy: ActionPolicy, action: str) -> None:
    """Errors: ActionNotFound."""
    if action not in {*(one.id for one in policy.queues), *(one.id for one in policy.pushes)}:
        raise ActionNotFound(f"action policy {policy.id} has no action {action}")


def _changed(
    ports: Ports, policy: ActionPolicy, action: str, change: Callable[[ActionState], ActionState]
) -> tuple[ActionState, ActionState]:
    """How the action stood and stands. Where many fail at once a failure may go uncounted: there will be more."""

    def read() -> ActionPolicy | None:
        try:
            present = policies.get(ports, policy.tenant, policy.id)
            ensure_has(present, action)
        except (PolicyNotFound, ActionNotFound):
            return None
        return present

    def changed(present: ActionPolicy) -> ActionPolicy:
        return replace(present, states={**present.states, action: change(present.state(action))})

    def write(old: ActionPolicy, new: ActionPolicy) -> bool:
        # Posts that go wrong at the same time count one after the other, and a client may resume it meanwhile.
        return ports.policies.mark(old, new.states)

    old = [policy]
    try:
        after, ours = change_record(
            ports, "this action", read, write, changed, policy, lambda before, _: old.append(before), stored=unrevised
        )
    except Contended:
        after, ours = None, False
    before = old[-1].state(action)
    return (before, after.state(action)) if ours and after is not None else (before, before)
