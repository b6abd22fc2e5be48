"""A stage that stands still: nothing of ours reads or writes, while what arrives is kept by AWS.

Clients are refused. What IoT Core has acknowledged waits in Lambda's own queue or in the dead letters, events for
webhooks in theirs, and deadlines are data.
"""

from collections.abc import Callable, Iterator
from typing import Any

from infra.functions import FUNCTIONS, Function, deployed_name
from infra.stage import Stage

Clients = Callable[[str], Any]
_FED_BY_A_QUEUE = "push"


def pause(stage: Stage, clients: Clients) -> list[str]:
    """The functions that run no more, once those that run have ended. May be repeated."""
    functions = clients("lambda")
    # First: a queue whose function is throttled would give its messages up after five tries.
    for mapping in _mappings(stage, functions):
        functions.update_event_source_mapping(UUID=mapping, Enabled=False)
    for function in FUNCTIONS:
        functions.put_function_concurrency(
            FunctionName=deployed_name(function.name, stage), ReservedConcurrentExecutions=0
        )
    return [function.name for function in FUNCTIONS]


def resume(stage: Stage, clients: Clients, only: tuple[str, ...] = ()) -> list[str]:
    """The functions that may run again, with the concurrency that the stage gives them."""
    functions = clients("lambda")
    woken = [function for function in FUNCTIONS if not only or function.name in only]
    for function in woken:
        _wake(stage, functions, function)
    if any(function.name == _FED_BY_A_QUEUE for function in woken):
        for mapping in _mappings(stage, functions):
            functions.update_event_source_mapping(UUID=mapping, Enabled=True)
    return [function.name for function in woken]


def _wake(stage: Stage, functions: Any, function: Function) -> None:
    name = deployed_name(function.name, stage)
    if stage.reserves and function.reserved:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=function.reserved)
    else:
        functions.delete_function_concurrency(FunctionName=name)


def _mappings(stage: Stage, functions: Any) -> Iterator[str]:
    found = functions.list_event_source_mappings(FunctionName=deployed_name(_FED_BY_A_QUEUE, stage))
    return (str(mapping["UUID"]) for mapping in found["EventSourceMappings"])
