"""Where events go on to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.events.events import Event
    from chalicelib.fleet.events.records import ActionPolicy, ActionState, Push, PushResult
    from chalicelib.fleet.presence.claims import Claim
    from chalicelib.fleet.tenancy.records import Share


class Policies(Protocol):
    def all(self, tenant: str) -> list[ActionPolicy]: ...
    def known(self, tenant: str) -> list[ActionPolicy]:
        """As `all`, and may be a minute old."""

    def create(self, policy: ActionPolicy, share: Share | None = None) -> bool:
        """False if the id is taken. QuotaReached."""

    def put(self, policy: ActionPolicy) -> None:
        """Without its states: a policy that is written anew begins anew."""

    def change(self, policy: ActionPolicy) -> bool:
        """As `put`; False if the policy is gone."""

    def mark(self, policy: ActionPolicy, states: Mapping[str, ActionState]) -> bool:
        """Set how its actions get on; False if that is not as the policy says any more, or the policy is gone."""

    def delete(self, tenant: str, policy: str, share: Share | None = None) -> None: ...


class Formats(Protocol):
    """How dialects write what is told to others."""

    def event(self, dialect: str | None, event: Event) -> bytes:
        """Without a dialect, as the one does whose requests name where to tell."""

    def is_queue(self, kind: str) -> bool:
        """Whether a destination of that kind is a queue."""


class Listeners(Protocol):
    """Dialects that hear events themselves, each where a policy of its own says so."""

    def hear(self, dialect: str, event: Event) -> None: ...
    def fenced(self, claim: Claim, at: int) -> None:
        """The client id has been taken from who held that claim."""


class Pushes(Protocol):
    def send(self, *pushes: Push) -> None:
        """Keep them until they were posted."""


class Webhooks(Protocol):
    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: int) -> PushResult:
        """`timeout` in ms for all of it. TargetRefused, PushFailed."""


class EventPorts(Protocol):
    @property
    def policies(self) -> Policies: ...
    @property
    def formats(self) -> Formats: ...
    @property
    def listeners(self) -> Listeners: ...
    @property
    def pushes(self) -> Pushes: ...
    @property
    def webhooks(self) -> Webhooks: ...
