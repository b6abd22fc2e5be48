"""Action policies: what is told to whom, and what is pushed."""

from collections.abc import Mapping
from dataclasses import field, replace

from chalicelib.fleet.errors import FleetError
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

TIMEOUT = 5_000
"""Milliseconds a webhook may take in all."""
ENOUGH = 100
"""Failures one after the other, and ..."""
LONG = 3_600_000
"""... for how long (ms) there were no others, before an action is suspended."""


@dataclass(frozen=True, slots=True)
class GroupPath(Extensible):
    path: str
    below: bool = False

    def holds(self, group: str) -> bool:
        return group == self.path or (self.below and group.startswith(self.path.rstrip("/") + "/"))


@dataclass(frozen=True, slots=True)
class Filter(Extensible):
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
class QueuePublish(Extensible):
    """Put the event into a queue; without `retain` only while somebody listens."""

    id: str
    queue: str
    retain: bool = True


@dataclass(frozen=True, slots=True)
class HttpPush(Extensible):
    """POST the event. `path` selects a part of it, `template` makes the body of that, `secret` signs the body."""

    id: str
    url: str
    headers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    path: str | None = None
    template: str | None = None
    retry: bool = False
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class ActionState(Extensible):
    """`failures` one after the other, the first at `since` (ms), and when it was suspended and resumed last."""

    failures: int = 0
    since: int | None = None
    suspended: int | None = None
    reason: str | None = None
    resumed: int | None = None
    updated: int | None = None

    @property
    def is_suspended(self) -> bool:
        return self.suspended is not None and (self.resumed is None or self.resumed < self.suspended)

    def failed(self, reason: str, now: int) -> "ActionState":
        if self.is_suspended:
            return self
        since = now if self.since is None else self.since
        after = replace(self, failures=self.failures + 1, since=since, updated=now)
        if after.failures < ENOUGH or now - since < LONG:
            return after
        return replace(after, suspended=now, reason=reason)

    def worked(self, now: int) -> "ActionState":
        if self.is_suspended or not self.failures:
            return self
        return replace(self, failures=0, since=None, updated=now)

    def restarted(self, now: int) -> "ActionState":
        if not self.is_suspended:
            return self
        return replace(self, failures=0, since=None, resumed=now, updated=now)


@dataclass(frozen=True, slots=True)
class ActionPolicy(Extensible):
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


class TargetRefused(FleetError):
    """The webhook is somewhere that must not be reached from here."""


class PushFailed(FleetError):
    """The webhook could not be reached or did not accept; the sentence says what happened."""


@dataclass(frozen=True, slots=True)
class Push(Extensible):
    """An event on its way to one webhook; the policy that wanted it says where that is and how it is signed."""

    tenant: str
    policy: str
    action: str
    event: str
    body: bytes


@dataclass(frozen=True, slots=True)
class PushResult:
    """What a webhook answered: at most the first KBs of its body."""

    status: int
    body: bytes = b""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of statuses that say yes
