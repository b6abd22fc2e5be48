"""Where messages and events go on to."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from chalicelib.fleet.events.events import Event
from chalicelib.fleet.events.records import ActionPolicy, ActionState, Push, PushResult
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.queues.consumers import Consumer, Link
from chalicelib.fleet.queues.records import Queue, QueuedMessage
from chalicelib.fleet.tenancy.records import Share


class Queues(Protocol):
    """Queues as they stand. Everything but `create` changes single fields, whoever else writes at the same time."""

    def create(self, queue: Queue, share: Share | None = None) -> bool:
        """False if the name is taken. QuotaReached."""

    def get(self, tenant: str, queue: str) -> Queue | None: ...
    def all(self, tenant: str) -> list[Queue]: ...
    def delete(self, queue: Queue, share: Share | None = None) -> None:
        """That queue, not a later one of the same name."""

    def draw(self, queue: Queue, size: int, count: int = 1) -> Queue | None:
        """The queue with `count` messages of `size` bytes in all more; None if it is gone."""

    def attend(self, tenant: str, queue: str, *, attended: bool) -> Queue | None: ...
    def lease(self, queue: Queue, holder: str, now: int, until: int) -> bool:
        """True if nobody else holds it at `now`."""

    def release(self, queue: Queue, holder: str) -> None: ...
    def move_tail(self, queue: Queue, tail: int) -> None:
        """Only forward."""

    def attended(self) -> Iterator[tuple[str, str]]:
        """(tenant, queue) of all with `attended`."""


class QueuedMessages(Protocol):
    def put(self, *messages: QueuedMessage) -> None:
        """All of one queue; in as few calls as it takes."""

    def known(self, queue: Queue, at: int, event: str) -> bool:
        """Whether this event, which arrived at `at`, is in the queue."""

    def oldest(self, queue: Queue, now: int, *, limit: int, after: str = "") -> list[QueuedMessage]:
        """In order of their positions, behind that of `after`, without those that are too old at `now`."""

    def newest(self, queue: Queue) -> QueuedMessage | None: ...
    def delete(self, message: QueuedMessage) -> None: ...


class Consumers(Protocol):
    def get(self, tenant: str, client: str) -> Consumer | None: ...
    def replace(self, old: Consumer, new: Consumer) -> bool:
        """`old` with revision 0 stands for none."""

    def link(self, link: Link) -> None: ...
    def links(self, tenant: str, queue: str) -> list[Link]: ...
    def unlink(self, link: Link) -> None:
        """Unless it was given anew since."""


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
