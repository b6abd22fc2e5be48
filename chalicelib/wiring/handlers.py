"""Makes Lambda functions of `triggers/functions.py`; what each of them needs is imported at its first call."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from chalice.app import Chalice, Rate

from chalicelib import wiring
from chalicelib.triggers.functions import Function

Handler = Callable[[Any, Any], Any]


def registered(app: Chalice, function: Function) -> Handler:
    """As Chalice wraps it. Lambda calls it as what the module `app` has under that name."""
    handler = _handler(function)
    handler.__name__ = function.name
    return cast("Handler", _decorator(app, function)(handler))


def _handler(function: Function) -> Callable[..., Any]:
    module, _, called = function.handler.partition(".")

    def called_by_lambda(event: Any, context: Any) -> Any:
        trigger = getattr(import_module(f"chalicelib.triggers.{module}"), called)
        ports = getattr(wiring, function.ports)()
        return trigger(ports, event, function.takes(context)) if function.takes else trigger(ports, event)

    def called_by_source(event: Any) -> Any:
        """Chalice wraps what a schedule or a queue sends, and gives nothing else."""
        return called_by_lambda(event.to_dict(), None)

    return called_by_source if function.queue or function.minutes else called_by_lambda


def _decorator(app: Chalice, function: Function) -> Any:
    if function.minutes:
        return app.schedule(Rate(function.minutes, unit=Rate.MINUTES), name=function.name)
    if function.queue:
        return app.on_sqs_message(
            queue=wiring.function_name(function.name),
            batch_size=function.queue.batch,
            name=function.name,
            maximum_concurrency=function.queue.at_once,
        )
    return app.lambda_function(name=function.name)
