"""moto's Step Functions as the local stack mends it: our functions called directly, with bounds."""

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from infra.local import step_functions
from infra.local.lambda_runtime import Function, LambdaRuntime
from infra.local.spool import Spool
from infra.local.timers import Timers

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/any"


class NotYetError(Exception):
    pass


class Settle:
    """Fails `failures` times with NotYetError, then succeeds; other events fail for good."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.failures = 0
        self.done = threading.Event()

    def __call__(self, event: dict[str, Any], _context: Any) -> dict[str, Any]:
        self.events.append(event)
        if len(self.events) <= self.failures:
            raise NotYetError("later")
        self.done.set()
        return {"settled": event["id"]}


@pytest.fixture
def settle(tmp_path: Path) -> Iterator[Settle]:
    step_functions.install()
    spool, timers, handler = Spool(tmp_path / "lambda.sqlite3"), Timers(), Settle()
    runtime = LambdaRuntime(
        spool, timers, account="123456789012", region=REGION, prefix="", send_to_queue=lambda _queue, _body: None
    )
    runtime.register(Function(name="settle", handler=handler))
    step_functions.call_functions_of(runtime)
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        yield handler
        for execution in executions():
            execution.stop(datetime.now(UTC), None, None)
    runtime.stop(1)
    timers.stop()
    spool.close()


def executions() -> list[Any]:
    return [e for m in stepfunctions_parser_backends["123456789012"][REGION].state_machines for e in m.executions]


def make_machine(client: Any) -> str:
    definition = {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "TimestampPath": "$.dueAt", "Next": "Settle"},
            "Settle": {
                "Type": "Task",
                "Resource": f"arn:aws:lambda:{REGION}:123456789012:function:settle",
                "Retry": [{"ErrorEquals": ["NotYetError"], "IntervalSeconds": 1, "MaxAttempts": 2, "BackoffRate": 1}],
                "End": True,
            },
        },
    }
    made = client.create_state_machine(name=f"m-{uuid.uuid4()}", definition=json.dumps(definition), roleArn=ROLE)
    return str(made["stateMachineArn"])


def start(client: Any, machine: str, identity: str, wait: timedelta) -> str:
    due = (datetime.now(UTC) + wait).strftime("%Y-%m-%dT%H:%M:%SZ")
    event = json.dumps({"dueAt": due, "id": identity})
    return str(client.start_execution(stateMachineArn=machine, name=identity, input=event)["executionArn"])


def status_when(client: Any, execution: str, over: Callable[[str], bool]) -> dict[str, Any]:
    waiting = threading.Event()
    for _ in range(1000):
        described: dict[str, Any] = client.describe_execution(executionArn=execution)
        if over(described["status"]):
            return described
        waiting.wait(0.01)
    raise AssertionError(f"the execution stays {described['status']}")


def test_an_execution_waits_and_then_calls_the_function(settle: Settle) -> None:
    client = boto3.client("stepfunctions", region_name=REGION)
    execution = start(client, make_machine(client), "one", timedelta())

    ended = status_when(client, execution, lambda status: status != "RUNNING")

    assert ended["status"] == "SUCCEEDED"
    assert json.loads(ended["output"]) == {"settled": "one"}
    assert settle.events[0]["id"] == "one"


def test_an_error_is_retried_under_the_name_of_its_class(settle: Settle) -> None:
    settle.failures = 1
    client = boto3.client("stepfunctions", region_name=REGION)
    execution = start(client, make_machine(client), "again", timedelta())

    assert status_when(client, execution, lambda status: status != "RUNNING")["status"] == "SUCCEEDED"
    assert len(settle.events) == 2


def test_a_stopped_execution_calls_nothing(settle: Settle) -> None:
    client = boto3.client("stepfunctions", region_name=REGION)
    execution = start(client, make_machine(client), "never", timedelta(hours=1))

    client.stop_execution(executionArn=execution)

    assert status_when(client, execution, lambda status: status != "RUNNING")["status"] == "ABORTED"
    assert settle.events == []


def test_one_is_stopped_whose_thread_has_not_begun(settle: Settle) -> None:
    client = boto3.client("stepfunctions", region_name=REGION)
    may_begin, ended, logic = threading.Event(), threading.Event(), cast("Any", ExecutionWorker)._execution_logic

    class Late(ExecutionWorker):
        """Its thread is held back."""

        def _execution_logic(self) -> None:
            may_begin.wait()
            logic(self)
            ended.set()

    start(client, make_machine(client), "held", timedelta(hours=1))
    (execution,) = executions()
    worker = object.__new__(Late)
    vars(worker).update({**vars(execution.exec_worker), "env": None})
    vars(worker).pop("_get_evaluation_environment")
    execution.exec_worker = worker
    cast("Any", worker).start()
    cast("Any", worker).stop(datetime.now(UTC), None, None)
    may_begin.set()

    # An hour early.
    assert ended.wait(60)
    assert settle.events == []


def test_executions_are_stopped_as_soon_as_they_are_started(settle: Settle) -> None:
    client = boto3.client("stepfunctions", region_name=REGION)
    machine = make_machine(client)
    for number in range(20):
        execution = start(client, machine, f"brief-{number}", timedelta(hours=1))
        client.stop_execution(executionArn=execution)
        assert status_when(client, execution, lambda status: status != "RUNNING")["status"] == "ABORTED"
    assert settle.events == []


def test_no_more_than_so_many_executions_wait_and_finished_ones_are_forgotten(settle: Settle) -> None:
    client = boto3.client("stepfunctions", region_name=REGION)
    machine = make_machine(client)
    for number in range(20):
        start(client, machine, f"done-{number}", timedelta())
    settle.done.wait(10)
    for number in range(step_functions.MOST_RUNNING):
        start(client, machine, f"wait-{number}", timedelta(hours=1))
    running = [e for e in executions() if e.status == "RUNNING"]
    while len(running) < step_functions.MOST_RUNNING:
        start(client, machine, f"more-{len(running)}-{uuid.uuid4()}", timedelta(hours=1))
        running = [e for e in executions() if e.status == "RUNNING"]

    with pytest.raises(ClientError, match="ExecutionLimitExceeded"):
        start(client, machine, "one-too-many", timedelta(hours=1))

    client.stop_execution(executionArn=running[0].exec_arn)
    status_when(client, running[0].exec_arn, lambda status: status != "RUNNING")
    start(client, machine, "fits-again", timedelta(hours=1))
