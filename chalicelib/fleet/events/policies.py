"""Action policies: which events lead to which actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from chalicelib.fleet.contention import tries
from chalicelib.fleet.errors import Contended, LimitReached, PolicyNotFound
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.events.suspension import ActionState
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.settings import Stored

if TYPE_CHECKING:
    from chalicelib.fleet.ports import Ports

MAX_POLICIES = 100


@dataclass(frozen=True, slots=True)
class GroupPath:
    path: str
    below: bool = False

    def holds(self, group: str) -> bool:
        return group == self.path or (self.below and group.startswith(self.path.rstrip("/") + "/"))


@dataclass(frozen=True, slots=True)
class Filter:
    """What an event has to be like; an empty field accepts all. `tags` are groups, of which one must be complete."""

    connectors: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()
    groups: tuple[GroupPath, ...] = ()
    tags: tuple[frozenset[str], ...] = ()
    statuses: frozenset[str] = frozenset()

    def accepts(self, event: Event) -> bool:
        return (
            (not self.connectors or bool(self.connectors & event.connectors))
            and (not self.devices or event.device in self.devices)
            and (not self.groups or any(g.holds(event.group) for g in self.groups))
            and (not self.tags or any(group <= event.tags for group in self.tags))
            and (not self.statuses or event.status in self.statuses)
        )


@dataclass(frozen=True, slots=True)
class QueuePublish:
    """Put the event into a queue; without `retain` only while somebody listens."""

    id: str
    queue: str
    retain: bool = True


@dataclass(frozen=True, slots=True)
class HttpPush:
    """POST the event. `path` selects a part of it, `template` makes the body of that, `secret` signs the body."""

    id: str
    url: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    path: str | None = None
    template: str | None = None
    retry: bool = False
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class ActionPolicy:
    """`triggers` says for each kind of event which ones; `dialect` is who writes the events for this policy.

    A policy that `listens` was not made by a client: the dialect itself hears the events. `states` tells how its
    actions get on, by their ids.
    """

    tenant: str
    id: str
    dialect: str
    name: str
    updated: int
    enabled: bool = True
    triggers: Mapping[str, Filter] = field(default_factory=dict)
    queues: tuple[QueuePublish, ...] = ()
    pushes: tuple[HttpPush, ...] = ()
    listens: bool = False
    states: Mapping[str, ActionState] = field(default_factory=dict)

    def state(self, action: str) -> ActionState:
        return self.states.get(action, ActionState())

    def concerns(self, kind: EventKind) -> bool:
        return self.enabled and kind in self.triggers

    def accepts(self, event: Event) -> bool:
        return self.concerns(event.kind) and self.triggers[event.kind].accepts(event)


def save(ports: "Ports", policy: ActionPolicy) -> ActionPolicy:
    """Make or change a policy; the queues that it names are made where they are not there.

    Errors: LimitReached, QuotaReached.
    """
    from chalicelib.fleet.queues import queues

    present = every(ports, policy.tenant)
    if len(present) >= MAX_POLICIES and all(p.id != policy.id for p in present):
        raise LimitReached(f"a tenant has at most {MAX_POLICIES} action policies")
    for action in policy.queues:
        queues.ensure(ports, policy.tenant, action.queue)
    _store(ports, policy, new=all(p.id != policy.id for p in present))
    return policy


def _store(ports: "Ports", policy: ActionPolicy, *, new: bool) -> None:
    """Whoever finds that the policy was made or deleted just now does the other."""
    for _ in tries(ports):
        if new and quotas.within(
            ports, policy.tenant, Stored.POLICIES, lambda share: ports.policies.create(policy, share)
        ):
            return
        if ports.policies.change(policy):
            return
        new = True
    raise Contended("this action policy is written by too many at once")


def every(ports: "Ports", tenant: str) -> list[ActionPolicy]:
    """Those that clients made."""
    return [policy for policy in ports.policies.all(tenant) if not policy.listens]


def get(ports: "Ports", tenant: str, policy_id: str) -> ActionPolicy:
    """Errors: PolicyNotFound."""
    found = next((p for p in every(ports, tenant) if p.id == policy_id), None)
    if found is None:
        raise PolicyNotFound(f"action policy {policy_id} not found")
    return found


def enable(ports: "Ports", tenant: str, policy_id: str, *, enabled: bool) -> ActionPolicy:
    """Errors: PolicyNotFound."""
    # Writing it anew resumes its actions.
    policy = replace(get(ports, tenant, policy_id), enabled=enabled, updated=ports.clock.now(), states={})
    if not ports.policies.change(policy):
        raise PolicyNotFound(f"action policy {policy_id} not found")
    return policy


def delete(ports: "Ports", tenant: str, policy_id: str) -> None:
    """Errors: PolicyNotFound."""
    get(ports, tenant, policy_id)
    ports.policies.delete(tenant, policy_id, quotas.share(ports, tenant, Stored.POLICIES))
