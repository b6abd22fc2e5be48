"""moto's SQS made atomic and lasting. Everything that reaches into moto's SQS stands here.

moto 5.2.5 as it comes loses a message that is sent while another is being deleted, hands one message to two receivers
at once, and forgets everything when the process ends. How often a message was received is not kept: after a restart
the count towards its dead-letter queue begins again.
"""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from moto.sqs.models import Message, Queue, SQSBackend, sqs_backends

from infra.local.journal import Journal

_MESSAGE = "sqs.message"
_QUEUE = "sqs.queue"
_MOST_DELETED = 10_000
_NOISY_FROM, _NOISY_SHARE = 30, 0.1
_ATTRIBUTES = (
    "DelaySeconds",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "Policy",
    "ReceiveMessageWaitTimeSeconds",
    "RedrivePolicy",
    "VisibilityTimeout",
)
_FIFO_ATTRIBUTES = ("ContentBasedDeduplication", "DeduplicationScope", "FifoQueue", "FifoThroughputLimit")

_journal: Journal | None = None
_installed = False


def install() -> None:
    """Mend moto in this process; calling it again changes nothing."""
    global _installed  # noqa: PLW0603  moto's classes are global, and so is having changed them
    if _installed:
        return
    _installed = True
    for owner, name, mend in _MENDED:
        setattr(owner, name, mend(getattr(owner, name)))


def keep_in(journal: Journal, *, account: str) -> None:
    """Restore queues and messages from `journal`, and write every change to it from now on. Call `install` first."""
    global _journal  # noqa: PLW0603  as above: one moto a process
    queues = [(name.split("/", 1), json.loads(text)) for name, text in journal.entries(_QUEUE)]
    # a queue may name its dead-letter queue only once that exists
    for (region, name), attributes in sorted(queues, key=lambda found: "RedrivePolicy" in found[1]):
        sqs_backends[account][region].create_queue(name, {}, **attributes)
    by_age = sorted((json.loads(text) for _, text in journal.entries(_MESSAGE)), key=lambda kept: kept["order"])
    for kept in by_age:
        queue = sqs_backends[account][kept["region"]].queues[kept["queue"]]
        queue._messages.append(_restored(kept["message"]))
    _journal = journal


def stop_keeping() -> None:
    global _journal  # noqa: PLW0603  as above
    _journal = None


def _adding(add_message: Callable[..., Any]) -> Callable[..., Any]:
    def add(queue: Queue, message: Message) -> None:
        with queue._messages_lock:
            add_message(queue, message)
            try:
                _keep_message(queue, message)
            except BaseException:
                # what is refused must not be delivered
                queue._messages = [other for other in queue._messages if other is not message]
                raise

    return add


def _deleting(delete_message: Callable[..., Any]) -> Callable[..., Any]:
    def delete(queue: Queue, receipt_handle: str) -> None:
        with queue._messages_lock:
            before = list(queue._messages)
            if len(queue.deleted_messages) > _MOST_DELETED:
                queue.deleted_messages.clear()
            delete_message(queue, receipt_handle)
            left = {message.id for message in queue._messages}
            gone = [message for message in before if message.id not in left]
            try:
                _forget({message.id for message in gone})
            except BaseException:
                queue._messages = before
                for message in gone:
                    queue.deleted_messages.difference_update(message.all_receipt_handles)
                raise

    return delete


def _receiving(receive_message: Callable[..., Any]) -> Callable[..., Any]:
    def receive(
        backend: SQSBackend,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[Message]:
        queue = backend.get_queue(queue_name)
        ends = time.monotonic() + (wait_seconds_timeout or 0)
        while True:
            with queue._messages_lock:
                with _in_turn(queue):
                    found: list[Message] = receive_message(
                        backend, queue_name, count, 0, visibility_timeout, message_attribute_names
                    )
                left = ends - time.monotonic()
                if found or left <= 0:
                    return found
                # not longer than a second, since a message may also become visible again without a word
                queue._messages_lock.wait(min(left, 1.0))

    return receive


@contextlib.contextmanager
def _in_turn(queue: Queue) -> Iterator[None]:
    """Fair queues of the SQS developer guide: messages of a noisy group stand behind those of the others."""
    every = queue._messages
    flying = Counter(message.group_id for message in every if message.group_id and not message.visible)
    noisy = {
        group for group, count in flying.items() if count >= _NOISY_FROM and count > _NOISY_SHARE * sum(flying.values())
    }
    if queue.fifo_queue or not noisy:
        yield
        return
    queue._messages = ordered = sorted(every, key=lambda message: message.group_id in noisy)
    try:
        yield
    finally:
        # What moto took out meanwhile, into a dead-letter queue, stays out; the rest keeps the order of arrival.
        left = {id(message) for message in ordered}
        queue._messages = [message for message in every if id(message) in left]


def _purging(purge_queue: Callable[..., Any]) -> Callable[..., Any]:
    def purge(backend: SQSBackend, queue_name: str) -> None:
        queue = backend.get_queue(queue_name)
        with queue._messages_lock:
            _forget({message.id for message in queue._messages})
            purge_queue(backend, queue_name)

    return purge


def _changing_queues(change: Callable[..., Any]) -> Callable[..., Any]:
    def changing(backend: SQSBackend, *args: Any, **kwargs: Any) -> Any:
        before = dict(backend.queues)
        result = change(backend, *args, **kwargs)
        _keep_queues(backend, before)
        return result

    return changing


_MENDED: tuple[tuple[type, str, Callable[..., Any]], ...] = (
    (Queue, "add_message", _adding),
    (Queue, "delete_message", _deleting),
    (SQSBackend, "receive_message", _receiving),
    (SQSBackend, "purge_queue", _purging),
    (SQSBackend, "create_queue", _changing_queues),
    (SQSBackend, "set_queue_attributes", _changing_queues),
    (SQSBackend, "delete_queue", _changing_queues),
)
"""What of moto is replaced, and by what made from it."""


def _keep_queues(backend: SQSBackend, before: dict[str, Queue]) -> None:
    if _journal is None:
        return
    region = backend.region_name
    for name in before.keys() - backend.queues.keys():
        _forget({message.id for message in before[name]._messages})
        _journal.write([(_QUEUE, f"{region}/{name}", None)])
    for name, queue in backend.queues.items():
        _journal.write([(_QUEUE, f"{region}/{name}", json.dumps(_attributes(queue)))])


def _attributes(queue: Queue) -> dict[str, Any]:
    names = _ATTRIBUTES + (_FIFO_ATTRIBUTES if queue.fifo_queue else ())
    held = queue.attributes
    return {name: held[name] for name in names if held.get(name) is not None}


def _keep_message(queue: Queue, message: Message) -> None:
    if _journal is None or message not in queue._messages:  # a FIFO queue drops a repeated message
        return
    kept = {
        "region": queue.region,
        "queue": queue.name,
        "order": time.time_ns(),
        "message": {name: value for name, value in vars(message).items() if name not in _VOLATILE},
    }
    _journal.write([(_MESSAGE, message.id, json.dumps(kept, default=_encode))])


_VOLATILE = {
    "receipt_handle",
    "_old_receipt_handles",
    "visible_at",
    "approximate_receive_count",
    "approximate_first_receive_timestamp",
    "user_id",
}


def _restored(attributes: dict[str, Any]) -> Message:
    message = Message(attributes["id"], attributes["body"])
    vars(message).update(attributes)
    for value in message.message_attributes.values():
        if isinstance(value.get("BinaryValue"), list):
            value["BinaryValue"] = bytes(value["BinaryValue"])
    return message


def _encode(value: Any) -> list[int]:
    if isinstance(value, bytes):
        return list(value)
    raise TypeError(f"a message holds a {type(value).__name__}, which the journal cannot keep")


def _forget(messages: set[str]) -> None:
    if _journal is not None and messages:
        _journal.write([(_MESSAGE, message, None) for message in messages])
