"""Deadlines as Step Functions executions: *Wait until dueAt → Settle*."""

import json
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.fleet.shapes import Body, Envelope

_RUNS_ALREADY = "ExecutionAlreadyExists"
_GONE = frozenset({"ExecutionDoesNotExist", "StateMachineDoesNotExist"})


def _typed(body: Body) -> Body:
    return {"kind": "command", **body}


DEADLINE = Envelope((_typed,))
"""An execution's input, which goes to the function when it is due. Once only commands had any."""

log = logging.getLogger(__name__)


class StepFunctionsDeadlines:
    """Executions are named after what they wait for, so that starting one twice starts one."""

    def __init__(self, client: Callable[[], Any], machine: str) -> None:
        self._client = client
        self._machine = machine

    def start(self, name: str, due: int, subject: dict[str, Any]) -> bool:
        # Step Functions cuts time stamps to whole seconds: round up, so that it does not come early.
        moment = datetime.fromtimestamp(-(-due // 1000), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = json.dumps(DEADLINE.seal({"dueAt": moment, **subject}))
        try:
            self._client().start_execution(stateMachineArn=self._machine, name=name, input=body)
        except ClientError as error:
            if error.response["Error"]["Code"] != _RUNS_ALREADY:
                # The record itself carries the deadline: the caller lets the sweep look after it.
                log.warning("deadline %s was not started: %s", name, error)
                return False
        except BotoCoreError as error:
            log.warning("deadline %s was not started: %s", name, error)
            return False
        return True

    def stop(self, name: str) -> None:
        arn = f"{self._machine.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            self._client().stop_execution(executionArn=arn)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _GONE:
                log.warning("deadline %s was not stopped: %s", name, error)
        except BotoCoreError as error:
            # One that runs out all the same finds nothing to do.
            log.warning("deadline %s was not stopped: %s", name, error)
