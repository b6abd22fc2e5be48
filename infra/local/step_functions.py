"""moto's Step Functions interpreter calling our handlers directly, with bounds. All that reaches into it stands here.

moto 5.2.5 as it comes calls Lambda over HTTP with a client made anew for each task, parses a definition at each start,
keeps every execution for ever, starts as many as are asked for, three threads each, and does not stop one whose threads
have not come to their wait yet. Executions live in memory: one that waits when the process ends is gone, and whoever
set the deadline sets it again.
"""

import functools
import io
import threading
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from moto.core.config import default_user_config
from moto.core.exceptions import AWSError
from moto.stepfunctions.parser import utils as moto_threads
from moto.stepfunctions.parser.api import ExecutionStatus
from moto.stepfunctions.parser.asl.component.state.exec.state_task import lambda_eval_utils
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from infra.local.lambda_runtime import FunctionError, LambdaRuntime, UnknownFunctionError

MOST_RUNNING = 500
"""Executions that may wait at once."""

_MOST_FINISHED = 200
_lock = threading.Lock()
_runtime: LambdaRuntime | None = None
_installed = False


class ExecutionLimitExceeded(AWSError):
    """Rendered by moto under `TYPE`; the class of that name in its parser loses its name on the way."""

    TYPE = "ExecutionLimitExceeded"
    STATUS = 400


def install() -> None:
    """Mend moto in this process; calling it again changes nothing."""
    global _installed  # noqa: PLW0603  moto's classes are global, and so is having changed them
    if _installed:
        return
    _installed = True
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    for owner, name, mend in _MENDED:
        setattr(owner, name, mend(getattr(owner, name)))
    vars(lambda_eval_utils)["boto_client_for"] = _client_for


def call_functions_of(runtime: LambdaRuntime) -> None:
    """Let tasks of type `lambda:invoke` call the functions of `runtime`."""
    global _runtime  # noqa: PLW0603  as above: one moto a process
    _runtime = runtime


class _LambdaClient:
    """As much of boto3's Lambda client as moto's interpreter uses."""

    def __init__(self, runtime: LambdaRuntime) -> None:
        self._runtime = runtime

    def invoke(self, FunctionName: str, Payload: bytes = b"null", **_further: Any) -> dict[str, Any]:  # noqa: N803  AWS's names
        answer = {"StatusCode": 200, "ExecutedVersion": "$LATEST", "ResponseMetadata": {"HTTPStatusCode": 200}}
        try:
            output = self._runtime.invoke_json(FunctionName, Payload.decode())
        except FunctionError as error:
            return {**answer, "FunctionError": "Unhandled", "Payload": io.BytesIO(error.json())}
        except UnknownFunctionError as error:
            raise _not_found(str(error)) from error
        return {**answer, "Payload": io.BytesIO(output.encode())}


def _not_found(message: str) -> ClientError:
    error = {"Code": "ResourceNotFoundException", "Message": message}
    return ClientError({"Error": error, "ResponseMetadata": {"HTTPStatusCode": 404, "RequestId": "local"}}, "Invoke")


def _client_for(service: str, **_further: Any) -> _LambdaClient:
    if service != "lambda" or _runtime is None:
        raise RuntimeError(f"no {service} behind Step Functions here")
    return _LambdaClient(_runtime)


def _bounded(start_execution: Callable[..., Any]) -> Callable[..., Any]:
    def start(backend: StepFunctionsParserBackend, *args: Any, **kwargs: Any) -> Any:
        with _lock:
            running = sum(_prune(machine) for machine in backend.state_machines)
            if running >= MOST_RUNNING:
                raise ExecutionLimitExceeded(
                    f"{MOST_RUNNING} executions are running, which is the most this stack runs"
                )
            return start_execution(backend, *args, **kwargs)

    return start


def _prune(machine: Any) -> int:
    """Forget all but the newest finished executions; returns how many run."""
    finished = [execution for execution in machine.executions if execution.exec_status != ExecutionStatus.RUNNING]
    for execution in finished[:-_MOST_FINISHED]:
        machine.executions.remove(execution)
    moto_threads.TMP_THREADS[:] = [thread for thread in moto_threads.TMP_THREADS if thread.is_alive()]
    return sum(1 for execution in machine.executions if execution.exec_status == ExecutionStatus.RUNNING)


def _parsed_once(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    remembered = functools.lru_cache(16)(parse)

    def parse_or_remember(definition: str, *further: Any) -> Any:
        # states of these two kinds keep an execution's own state in the parsed program
        if further or '"Map"' in definition or '"Parallel"' in definition:
            return parse(definition, *further)
        return remembered(definition)

    return staticmethod(parse_or_remember)


def _running_at_once(start: Callable[[ExecutionWorker], None]) -> Callable[[ExecutionWorker], None]:
    def start_running(worker: ExecutionWorker) -> None:
        # Its thread would make what is stopped, and call it running, as it begins: whoever stops it may come before.
        made = worker._get_evaluation_environment()
        made.next_state_name = ""
        vars(worker).update(env=made, _get_evaluation_environment=lambda: made)
        start(worker)

    return start_running


def _only_while_running(next_state: property) -> property:
    moto_sets: Callable[[Environment, str], None] = next_state.__set__

    def set_next_state(environment: Environment, name: str) -> None:
        # What was stopped stays that, and is no failure.
        if environment.program_state() is None or environment.is_running():
            moto_sets(environment, name)

    return property(next_state.fget, set_next_state)


def _for_good(set_stop: Callable[..., None]) -> Callable[..., None]:
    def stop_for_good(environment: Environment, *args: Any, **kwargs: Any) -> None:
        set_stop(environment, *args, **kwargs)
        # moto wakes who waits at that moment, and not who is about to wait.
        environment.program_state_event.set()

    return stop_for_good


_MENDED: tuple[tuple[type, str, Callable[..., Any]], ...] = (
    (StepFunctionsParserBackend, "start_execution", _bounded),
    (AmazonStateLanguageParser, "parse", _parsed_once),
    (ExecutionWorker, "start", _running_at_once),
    (Environment, "next_state_name", _only_while_running),
    (Environment, "set_stop", _for_good),
)
"""What of moto is replaced, and by what made from it."""
