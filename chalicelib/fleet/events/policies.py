"""Action policies: which events lead to which actions."""

from dataclasses import replace

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import LimitReached, PolicyNotFound
from chalicelib.fleet.events.records import ActionPolicy
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.queues import lifecycle
from chalicelib.fleet.shapes import in_place_of
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Stored

MAX_POLICIES = 100


def save(ports: Ports, policy: ActionPolicy) -> ActionPolicy:
    """Make or change a policy; the queues that it names are made where they are not there.

    Errors: LimitReached, QuotaReached.
    """
    present = every(ports, policy.tenant)
    known = next((p for p in present if p.id == policy.id), None)
    if known is None and len(present) >= MAX_POLICIES:
        raise LimitReached(f"a tenant has at most {MAX_POLICIES} action policies")
    policy = in_place_of(known, policy)
    for action in policy.queues:
        lifecycle.ensure(ports, policy.tenant, action.queue)
    _store(ports, policy, new=known is None)
    return policy


def _store(ports: Ports, policy: ActionPolicy, *, new: bool) -> None:

    def stored() -> bool | Again:
        nonlocal new
        if new and quotas.within(
            ports, policy.tenant, Stored.POLICIES, lambda share: ports.policies.create(policy, share)
        ):
            return True
        if ports.policies.change(policy):
            return True
        new = True
        return AGAIN

    # Whoever finds that the policy was made or deleted just now does the other.
    insist(ports, "this action policy", stored)


def every(ports: Ports, tenant: str) -> list[ActionPolicy]:
    """Those that clients made."""
    return [policy for policy in ports.policies.all(tenant) if not policy.listens]


def get(ports: Ports, tenant: str, policy_id: str) -> ActionPolicy:
    """Errors: PolicyNotFound."""
    found = next((p for p in every(ports, tenant) if p.id == policy_id), None)
    if found is None:
        raise PolicyNotFound(f"action policy {policy_id} not found")
    return found


def enable(ports: Ports, tenant: str, policy_id: str, *, enabled: bool) -> ActionPolicy:
    """Errors: PolicyNotFound."""
    # Writing it anew resumes its actions.
    policy = replace(get(ports, tenant, policy_id), enabled=enabled, updated=ports.clock.now(), states={})
    if not ports.policies.change(policy):
        raise PolicyNotFound(f"action policy {policy_id} not found")
    return policy


def delete(ports: Ports, tenant: str, policy_id: str) -> None:
    """Errors: PolicyNotFound."""
    get(ports, tenant, policy_id)
    ports.policies.delete(tenant, policy_id, quotas.share(ports, tenant, Stored.POLICIES))
