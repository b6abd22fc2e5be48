"""What calls functions without being asked: schedules, queues, and the end of sessions that a crash cut off."""

import threading
from pathlib import Path
from typing import Any

from chalice.app import Chalice, Rate

from infra.local.event_sources import QueuePoller, Schedule, scheduled_event
from infra.local.journal import Journal
from infra.local.lambda_runtime import FunctionError
from infra.local.open_sessions import OpenSessions
from infra.local.timers import Timers

URL = "http://127.0.0.1:1/123456789012/work"


class Queue:
    """As much of SQS as a poller uses: every message once, then nothing."""

    def __init__(self, *bodies: str) -> None:
        self._waiting = [
            {"MessageId": body, "ReceiptHandle": f"handle of {body}", "Body": body, "MD5OfBody": "0"} for body in bodies
        ]
        self.deleted: list[str] = []
        self.empty = threading.Event()

    def receive_message(self, MaxNumberOfMessages: int, **_further: Any) -> dict[str, Any]:  # noqa: N803  AWS's name
        batch, self._waiting = self._waiting[:MaxNumberOfMessages], self._waiting[MaxNumberOfMessages:]
        if not batch:
            self.empty.set()
            threading.Event().wait(0.01)
        return {"Messages": batch} if batch else {}

    def delete_message_batch(self, Entries: list[dict[str, str]], **_further: Any) -> None:  # noqa: N803  AWS's name
        self.deleted += [entry["ReceiptHandle"].removeprefix("handle of ") for entry in Entries]


def poll(queue: Queue, answer: Any) -> list[Any]:
    events: list[Any] = []

    def invoke(_function: str, event: Any) -> Any:
        events.append(event)
        if isinstance(answer, Exception):
            raise answer
        return answer

    poller = QueuePoller("work", invoke, queue, URL, batch_size=2, concurrency=1)
    poller.start()
    assert queue.empty.wait(10)
    poller.stop(5)
    return events


def test_messages_come_in_batches_of_the_shape_of_aws_and_are_deleted_when_done() -> None:
    queue = Queue("a", "b", "c")

    events = poll(queue, None)

    assert [[record["body"] for record in event["Records"]] for event in events] == [["a", "b"], ["c"]]
    assert events[0]["Records"][0]["eventSourceARN"] == "arn:aws:sqs:eu-west-1:123456789012:work"
    assert queue.deleted == ["a", "b", "c"]


def test_a_function_that_raises_keeps_its_whole_batch_in_the_queue() -> None:
    queue = Queue("a", "b")

    poll(queue, FunctionError({"errorType": "E", "errorMessage": "no"}))

    assert queue.deleted == []


def test_messages_reported_as_failed_stay_and_the_others_go() -> None:
    queue = Queue("a", "b")

    poll(queue, {"batchItemFailures": [{"itemIdentifier": "a"}]})

    assert queue.deleted == ["b"]


def test_a_report_that_names_no_message_of_the_batch_fails_the_whole_batch() -> None:
    queue = Queue("a", "b")

    poll(queue, {"batchItemFailures": [{"itemIdentifier": "z"}]})

    assert queue.deleted == []


def test_a_schedule_goes_on_after_an_error() -> None:
    third = threading.Event()
    calls: list[str] = []

    def invoke(function: str, _event: Any) -> None:
        calls.append(function)
        if len(calls) == 3:
            third.set()
        raise FunctionError({"errorType": "E", "errorMessage": "no"})

    schedule = Schedule("sweep", invoke, 0.001)
    schedule.start()

    assert third.wait(10)
    schedule.stop(5)


def test_a_chalice_handler_takes_the_scheduled_event() -> None:
    app = Chalice("toy", configure_logs=False)
    seen: list[Any] = []

    @app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
    def sweep(event: Any) -> None:
        seen.append(event.to_dict())

    app.handler_map["sweep"](scheduled_event("sweep"), None)

    assert seen[0]["detail-type"] == "Scheduled Event"


def lifecycle(kind: str, session: str) -> dict[str, Any]:
    return {"clientId": "c", "eventType": kind, "sessionIdentifier": session, "timestamp": 1, "versionNumber": 4}


def test_sessions_that_a_crash_cut_off_are_told_to_be_over_once(tmp_path: Path) -> None:
    told: list[dict[str, Any]] = []
    path = tmp_path / "aws.sqlite3"
    before = OpenSessions(Journal(path), lambda _function, _event: None, Timers())
    before.invoke("presence", lifecycle("connected", "ended"))
    before.invoke("presence", lifecycle("disconnected", "ended"))
    before.invoke("presence", lifecycle("connected", "cut off"))
    before.invoke("uplink", {"client": "c", "payload": ""})

    after = OpenSessions(Journal(path), lambda function, event: told.append({"function": function, **event}), Timers())

    assert after.end_all() == 1
    assert after.end_all() == 0
    assert (told[0]["function"], told[0]["eventType"], told[0]["sessionIdentifier"]) == (
        "presence", "disconnected", "cut off",
    )  # fmt: skip
    assert told[0]["clientInitiatedDisconnect"] is False
    assert told[0]["timestamp"] > 1


def test_a_slow_batch_holds_up_no_other_as_long_as_a_worker_is_free() -> None:
    queue, done, go = Queue("slow", "quick", "next"), threading.Event(), threading.Event()

    def invoke(_function: str, event: Any) -> None:
        body = event["Records"][0]["body"]
        if body == "slow":
            go.wait(10)
        if body == "next":
            done.set()

    poller = QueuePoller("work", invoke, queue, URL, batch_size=1, concurrency=2)
    poller.start()
    assert done.wait(10)
    go.set()
    assert queue.empty.wait(10)
    poller.stop(5)
    assert sorted(queue.deleted) == ["next", "quick", "slow"]
