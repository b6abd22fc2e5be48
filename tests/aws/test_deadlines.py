"""Timers as executions: a start that fails is owned up to, one that was made already is not a failure."""

from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.aws.deadlines import StepFunctionsDeadlines

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:deadlines"


class Machine:
    """As much of Step Functions as deadlines take; `error` is what it answers with."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.started: list[dict[str, Any]] = []

    def start_execution(self, **asked: Any) -> None:
        if self.error is not None:
            raise self.error
        self.started.append(asked)


def refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, "StartExecution")


def start(machine: Machine) -> bool:
    return StepFunctionsDeadlines(lambda: machine, MACHINE).start("c-1", 1_500, {"command": "c"})


def test_a_timer_never_comes_early() -> None:
    machine = Machine()
    assert start(machine)
    assert machine.started[0]["input"] == '{"v": 2, "dueAt": "1970-01-01T00:00:02Z", "command": "c"}'


def test_a_timer_that_runs_already_runs() -> None:
    assert start(Machine(refused("ExecutionAlreadyExists")))


@pytest.mark.parametrize("error", [refused("ThrottlingException"), BotoCoreError()])
def test_a_timer_that_could_not_be_started_is_owned_up_to(error: Exception) -> None:
    assert not start(Machine(error))
