"""Lambda on this machine: contexts, errors, retries, failure destinations, and what survives the process."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.lambda_runtime import Function, FunctionError, LambdaRuntime, UnknownFunctionError
from infra.local.ordering import Ordering
from infra.local.shuffling import Shuffle
from infra.local.spool import Spool
from infra.local.timers import Timers

MakeRuntime = Callable[..., LambdaRuntime]


@pytest.fixture
def dead_letters() -> list[tuple[str, dict[str, Any]]]:
    return []


@pytest.fixture
def make(tmp_path: Path, dead_letters: list[tuple[str, dict[str, Any]]]) -> Iterator[MakeRuntime]:
    stops: list[Callable[[], None]] = []

    def build(shuffle: Shuffle | None = None, **functions: Any) -> LambdaRuntime:
        spool, timers = Spool(tmp_path / "lambda.sqlite3"), Timers()
        runtime = LambdaRuntime(
            spool,
            timers,
            account="123456789012",
            region="eu-west-1",
            prefix="homeport-local-",
            send_to_queue=lambda queue, body: dead_letters.append((queue, json.loads(body))),
            retry_delays=(0.0, 0.0),
            ordering=Ordering(["answers/+"]),
            shuffle=shuffle,
        )
        for name, handler in functions.items():
            runtime.register(Function(name=name, handler=handler, concurrency=4, on_failure="dead"))
        stops.extend((lambda: runtime.stop(5), timers.stop, spool.close))
        return runtime

    yield build
    for stop in stops:
        stop()


class Collected:
    """A handler that keeps what it got and says when it got enough."""

    def __init__(self, enough: int, fails: int = 0) -> None:
        self.events: list[Any] = []
        self._enough = enough
        self._fails = fails
        self._all = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, event: Any, _context: Any) -> None:
        with self._lock:
            self.events.append(event)
            count = len(self.events)
        if count == self._enough:
            self._all.set()
        if count <= self._fails:
            raise ValueError(f"try {count}")

    def wait(self) -> list[Any]:
        assert self._all.wait(10), f"only {len(self.events)} of {self._enough} came"
        return self.events


def until(condition: Callable[[], object]) -> None:
    waiting = threading.Event()
    for _ in range(1000):
        if condition():
            return
        waiting.wait(0.01)
    raise AssertionError("it did not come to pass")


def test_a_call_returns_the_answer_by_name_full_name_and_arn(make: MakeRuntime) -> None:
    runtime = make(double=lambda event, _context: {"twice": event["n"] * 2})

    for name in ("double", "homeport-local-double", runtime.arn("double"), runtime.arn("double") + ":$LATEST"):
        assert runtime.invoke(name, {"n": 4}) == {"twice": 8}
    with pytest.raises(UnknownFunctionError):
        runtime.invoke("triple", {})


def test_the_context_is_that_of_lambda(make: MakeRuntime) -> None:
    def tell(_event: Any, context: Any) -> dict[str, Any]:
        assert 0 < context.get_remaining_time_in_millis() <= 60_000
        return {name: getattr(context, name) for name in NAMES}

    answer = make(tell=tell).invoke("tell", None)

    assert answer["function_name"] == "homeport-local-tell"
    assert answer["invoked_function_arn"] == "arn:aws:lambda:eu-west-1:123456789012:function:homeport-local-tell"
    assert answer["log_group_name"] == "/aws/lambda/homeport-local-tell"
    assert int(answer["memory_limit_in_mb"])
    assert len(answer["aws_request_id"]) == 36


NAMES = (
    "function_name",
    "function_version",
    "invoked_function_arn",
    "memory_limit_in_mb",
    "aws_request_id",
    "log_group_name",
    "log_stream_name",
    "identity",
    "client_context",
)


def test_what_a_handler_raises_is_told_as_lambda_tells_it(make: MakeRuntime) -> None:
    def fail(_event: Any, _context: Any) -> None:
        raise KeyError("gone")

    with pytest.raises(FunctionError) as raised:
        make(fail=fail).invoke("fail", {})

    assert raised.value.payload["errorType"] == "KeyError"
    assert raised.value.payload["errorMessage"] == "'gone'"
    assert raised.value.payload.keys() == {"errorType", "errorMessage", "requestId", "stackTrace"}


def test_an_answer_that_is_not_json_is_an_error_of_the_function(make: MakeRuntime) -> None:
    with pytest.raises(FunctionError, match="TypeError"):
        make(odd=lambda _event, _context: object()).invoke("odd", {})


def test_an_event_that_succeeds_on_the_third_try_reaches_no_dead_letter_queue(
    make: MakeRuntime, dead_letters: list[Any]
) -> None:
    handler = Collected(3, fails=2)
    runtime = make(work=handler)

    runtime.invoke_async("work", {"n": 1})

    assert handler.wait() == [{"n": 1}] * 3
    until(lambda: runtime.backlog() == 0)
    assert dead_letters == []


def test_an_event_that_fails_three_times_goes_to_the_failure_destination_with_its_error(
    make: MakeRuntime, dead_letters: list[tuple[str, dict[str, Any]]]
) -> None:
    handler = Collected(3, fails=3)
    request_id = make(work=handler).invoke_async("work", {"n": 1})

    handler.wait()
    until(lambda: dead_letters)

    queue, record = dead_letters[0]
    assert queue == "dead"
    assert record["requestPayload"] == {"n": 1}
    assert record["requestContext"]["requestId"] == request_id
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["responsePayload"]["errorMessage"] == "try 3"
    assert len(dead_letters) == 1


def test_events_of_one_device_stay_in_order_while_others_overtake(make: MakeRuntime) -> None:
    handler = Collected(200)
    runtime = make(uplink=handler)

    for n in range(100):
        runtime.invoke_async("uplink", {"client": "a", "n": n})
        runtime.invoke_async("uplink", {"client": "b", "n": n})

    events = handler.wait()
    for device in "ab":
        assert [event["n"] for event in events if event["client"] == device] == list(range(100))


def test_a_slow_event_holds_up_its_own_device_only(make: MakeRuntime) -> None:
    hold, others = threading.Event(), threading.Event()

    def handler(event: dict[str, Any], _context: Any) -> None:
        if event["client"] == "slow":
            assert hold.wait(10)
        else:
            others.set()

    runtime = make(uplink=handler)
    runtime.invoke_async("uplink", {"client": "slow"})
    runtime.invoke_async("uplink", {"client": "quick"})

    assert others.wait(10)
    hold.set()


def test_an_answer_waits_for_none_of_its_devices_data(make: MakeRuntime) -> None:
    hold, answered = threading.Event(), threading.Event()
    answers: list[int] = []

    def handler(event: dict[str, Any], _context: Any) -> None:
        if event["topic"] == "data":
            assert hold.wait(10)
            return
        answers.append(event["n"])
        if len(answers) == 20:
            answered.set()

    runtime = make(uplink=handler)
    for n in range(20):
        runtime.invoke_async("uplink", {"client": "a", "topic": "data", "n": n})
        runtime.invoke_async("uplink", {"client": "a", "topic": f"answers/{n % 3}", "n": n})

    assert answered.wait(10), answers
    hold.set()
    assert answers == list(range(20))


def test_what_was_accepted_and_not_done_is_run_by_the_next_process_in_order(make: MakeRuntime, tmp_path: Path) -> None:
    before = Spool(tmp_path / "lambda.sqlite3")
    accepted = [before.add("uplink", json.dumps({"client": "a", "n": n})) for n in range(1200)]
    for event in accepted[:3]:
        before.done(event)
    before.close()
    handler = Collected(1197)
    runtime = make(uplink=handler)

    assert runtime.replay() == 1197
    assert [event["n"] for event in handler.wait()] == list(range(3, 1200))


def test_a_flood_beyond_what_memory_holds_is_worked_off_all_the_same(make: MakeRuntime) -> None:
    hold = threading.Event()
    seen: list[int] = []

    def handler(event: dict[str, Any], _context: Any) -> None:
        assert hold.wait(10)
        seen.append(event["n"])

    runtime = make(uplink=handler)
    for n in range(2500):
        runtime.invoke_async("uplink", {"client": "a", "n": n})
    hold.set()

    until(lambda: len(seen) == 2500)
    assert seen == list(range(2500))


def test_nothing_done_is_left_in_the_spool(make: MakeRuntime, tmp_path: Path) -> None:
    handler = Collected(10)
    runtime = make(uplink=handler)
    for n in range(10):
        runtime.invoke_async("uplink", {"n": n})
    handler.wait()
    until(lambda: runtime.backlog() == 0)

    again = Spool(tmp_path / "lambda.sqlite3")
    runtime.stop(5)

    assert list(again.pending()) == []
    again.close()


def test_shuffled_events_of_a_client_come_in_another_order_and_some_twice(make: MakeRuntime) -> None:
    sent = [{"client": "one", "topic": "t", "n": n} for n in range(40)]
    known = Shuffle(3)
    times = [len(known.delays()) for _ in sent]
    collected = Collected(sum(times))
    runtime = make(Shuffle(3), uplink=collected)
    for event in sent:
        runtime.invoke_async("uplink", event)
    came = [event["n"] for event in collected.wait()]
    assert sorted(came) == sorted(n for n, often in enumerate(times) for _ in range(often))
    assert came != sorted(came)
    assert 40 < len(came) < 80


def test_shuffled_or_not_what_is_no_client_s_comes_once(make: MakeRuntime) -> None:
    collected = Collected(20)
    runtime = make(Shuffle(3), sweep=collected)
    for n in range(20):
        runtime.invoke_async("sweep", {"n": n})
    assert sorted(event["n"] for event in collected.wait()) == list(range(20))
