"""The ports of queues, consumers, policies and webhooks in memory."""

import json
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from chalicelib.fleet.events.events import Event
from chalicelib.fleet.events.records import ActionPolicy, ActionState, Push, PushFailed, PushResult
from chalicelib.fleet.queues.consumers import Consumer, Link
from chalicelib.fleet.queues.records import Queue, QueuedMessage
from chalicelib.fleet.tenancy.records import Share
from tests.fakes.usages import MemoryUsages

Id = tuple[str, str]


@dataclass
class MemoryQueues:
    rows: dict[Id, Queue] = field(default_factory=dict)
    usages: MemoryUsages = field(default_factory=MemoryUsages)

    def create(self, queue: Queue, share: Share | None = None) -> bool:
        if (queue.tenant, queue.name) in self.rows:
            return False
        self.usages.take(share)
        self.rows[queue.tenant, queue.name] = queue
        return True

    def get(self, tenant: str, queue: str) -> Queue | None:
        return self.rows.get((tenant, queue))

    def all(self, tenant: str) -> list[Queue]:
        return [q for (t, _), q in sorted(self.rows.items()) if t == tenant]

    def delete(self, queue: Queue, share: Share | None = None) -> None:
        if self._same(queue):
            del self.rows[queue.tenant, queue.name]
            self.usages.give_back(share)

    def draw(self, queue: Queue, size: int, count: int = 1) -> Queue | None:
        stored = self._same(queue)
        if stored is None:
            return None
        return self._put(replace(stored, number=stored.number + count, total=stored.total + size))

    def attend(self, tenant: str, queue: str, *, attended: bool) -> Queue | None:
        stored = self.rows.get((tenant, queue))
        return self._put(replace(stored, attended=attended)) if stored else None

    def lease(self, queue: Queue, holder: str, now: int, until: int) -> bool:
        stored = self._same(queue)
        if stored is None or (stored.leased(now) and stored.holder != holder):
            return False
        self._put(replace(stored, holder=holder, leased_until=until))
        return True

    def release(self, queue: Queue, holder: str) -> None:
        stored = self.rows.get((queue.tenant, queue.name))
        if stored is not None and stored.holder == holder:
            self._put(replace(stored, holder=None, leased_until=0))

    def move_tail(self, queue: Queue, tail: int) -> None:
        stored = self._same(queue)
        if stored is not None and stored.tail < tail:
            self._put(replace(stored, tail=tail))

    def attended(self) -> Iterator[Id]:
        return iter([name for name, queue in sorted(self.rows.items()) if queue.attended])

    def _same(self, queue: Queue) -> Queue | None:
        stored = self.rows.get((queue.tenant, queue.name))
        return stored if stored is not None and stored.id == queue.id else None

    def _put(self, queue: Queue) -> Queue:
        self.rows[queue.tenant, queue.name] = queue
        return queue


@dataclass
class MemoryQueued:
    rows: dict[Id, dict[str, QueuedMessage]] = field(default_factory=dict)

    def put(self, *messages: QueuedMessage) -> None:
        for message in messages:
            self.rows.setdefault((message.tenant, message.queue_id), {})[message.position] = message

    def known(self, queue: Queue, at: int, event: str) -> bool:
        moment = f"{at:011x}"
        return any(m.event == event and m.position.startswith(moment) for m in self._of(queue))

    def oldest(self, queue: Queue, now: int, *, limit: int, after: str = "") -> list[QueuedMessage]:
        first = queue.first_position(now)
        return [m for m in self._of(queue) if m.position >= first and m.position > after][:limit]

    def newest(self, queue: Queue) -> QueuedMessage | None:
        return next(reversed(self._of(queue)), None)

    def delete(self, message: QueuedMessage) -> None:
        self.rows.get((message.tenant, message.queue_id), {}).pop(message.position, None)

    def _of(self, queue: Queue) -> list[QueuedMessage]:
        return [m for _, m in sorted(self.rows.get((queue.tenant, queue.id), {}).items())]


@dataclass
class MemoryConsumers:
    rows: dict[Id, Consumer] = field(default_factory=dict)
    hints: dict[tuple[str, str, str], Link] = field(default_factory=dict)

    def get(self, tenant: str, client: str) -> Consumer | None:
        return self.rows.get((tenant, client))

    def replace(self, old: Consumer, new: Consumer) -> bool:
        stored = self.rows.get((old.tenant, old.client))
        if (stored.revision if stored else 0) != old.revision:
            return False
        self.rows[old.tenant, old.client] = replace(new, revision=old.revision + 1)
        return True

    def link(self, link: Link) -> None:
        self.hints[link.tenant, link.queue, link.client] = link

    def links(self, tenant: str, queue: str) -> list[Link]:
        return [link for (t, q, _), link in sorted(self.hints.items()) if (t, q) == (tenant, queue)]

    def unlink(self, link: Link) -> None:
        if self.hints.get((link.tenant, link.queue, link.client)) == link:
            del self.hints[link.tenant, link.queue, link.client]


@dataclass
class MemoryPolicies:
    """`asked` counts the reads that the real table would have to make."""

    rows: dict[Id, ActionPolicy] = field(default_factory=dict)
    usages: MemoryUsages = field(default_factory=MemoryUsages)
    asked: int = 0

    def all(self, tenant: str) -> list[ActionPolicy]:
        self.asked += 1
        return [p for (t, _), p in sorted(self.rows.items()) if t == tenant]

    def known(self, tenant: str) -> list[ActionPolicy]:
        return [p for (t, _), p in sorted(self.rows.items()) if t == tenant]

    def create(self, policy: ActionPolicy, share: Share | None = None) -> bool:
        if (policy.tenant, policy.id) in self.rows:
            return False
        self.usages.take(share)
        self.put(policy)
        return True

    def put(self, policy: ActionPolicy) -> None:
        self.rows[policy.tenant, policy.id] = replace(policy, states={})

    def change(self, policy: ActionPolicy) -> bool:
        if (policy.tenant, policy.id) not in self.rows:
            return False
        self.put(policy)
        return True

    def mark(self, policy: ActionPolicy, states: Mapping[str, ActionState]) -> bool:
        stored = self.rows.get((policy.tenant, policy.id))
        if stored is None or stored.states != policy.states:
            return False
        self.rows[policy.tenant, policy.id] = replace(stored, states=dict(states))
        return True

    def delete(self, tenant: str, policy: str, share: Share | None = None) -> None:
        if self.rows.pop((tenant, policy), None):
            self.usages.give_back(share)


class PlainFormats:
    """Writes of an event what every dialect would: its kind, its id and whom it is about."""

    def event(self, dialect: str | None, event: Event) -> bytes:
        body = {"kind": event.kind, "id": event.id, "device": event.device, "status": event.status}
        return json.dumps({**body, "dialect": dialect}).encode()

    def is_queue(self, kind: str) -> bool:
        return kind == "queue"


@dataclass
class ListedPushes:
    sent: list[Push] = field(default_factory=list)

    def send(self, *pushes: Push) -> None:
        self.sent += pushes


@dataclass
class ScriptedWebhooks:
    """Answers with the statuses that `statuses` holds next, else 200; None is a webhook that cannot be reached."""

    statuses: deque[int | None] = field(default_factory=deque)
    posted: list[tuple[str, Mapping[str, str], bytes]] = field(default_factory=list)

    def post(self, url: str, headers: Mapping[str, str], body: bytes, timeout: int) -> PushResult:  # noqa: ARG002
        self.posted.append((url, headers, body))
        status = self.statuses.popleft() if self.statuses else 200
        if status is None:
            raise PushFailed("the webhook was not reached")
        return PushResult(status)
