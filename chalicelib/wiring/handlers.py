"""Makes Lambda functions of `triggers/functions.py`.

What each of them needs is imported at its first call, or when its own instance begins: see `prepare`.
"""

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from chalice.app import Chalice, Rate

from chalicelib import wiring
from chalicelib.triggers.functions import Function
from chalicelib.web import trouble

if TYPE_CHECKING:
    from chalicelib.fleet.ports import Ports

Handler = Callable[..., Any]

ANSWERING = ("keys", "users", "tenants", "windows", "hasher", "audit", "clock", "devices", "groups", "mailboxes")
"""Ports of which the usual request needs some: who asks, and about which device."""


def registered(app: Chalice, function: Function) -> Handler:
    """As Chalice wraps it. Lambda calls it as what the module `app` has under that name."""
    handler = _handler(function)
    handler.__name__ = function.name
    return cast("Handler", _decorator(app, function)(handler))


def prepare(function: Function) -> None:
    """Import and make, when Lambda begins an instance, what the first event would have to wait for otherwise."""
    import_module(f"chalicelib.triggers.{function.handler.partition('.')[0]}")
    _make(getattr(wiring, function.ports)(), function.needs)
    if function.parts:
        from chalicelib.dialects import registry

        for part in function.parts:
            for dialect in registry.having(part, registry.enabled()):
                registry.prepare(dialect, part)
    if function.clients:
        from chalicelib.aws.clients import client

        for service in function.clients:
            client(service)


def prepare_site() -> None:
    """The same for the function that answers requests; what few of them need is made when one does."""
    _make(wiring.ports(), ANSWERING)


def _make(ports: "Ports", needs: tuple[str, ...]) -> None:
    for name in needs:
        getattr(ports, name)
    if needs:
        from chalicelib.store.tables import shared_connection

        # The client that all tables share: to make it is most of what is left.
        shared_connection().client  # noqa: B018 - made when it is asked for


def run(function: Function, trigger: Handler, ports: "Ports", event: Any, context: Any = None) -> Any:
    """Errors: what the trigger says, but for what is postponed."""
    try:
        return trigger(ports, event, function.takes(context)) if function.takes else trigger(ports, event)
    except Exception as error:
        # A storm lasts longer than Lambda tries: what there was no room for comes again until there is.
        if not (function.postpones and trouble.passes(error) and ports.postponed.put(function.name, event)):
            raise
        return None


def _handler(function: Function) -> Callable[..., Any]:
    module, _, called = function.handler.partition(".")

    def called_by_lambda(event: Any, context: Any) -> Any:
        trigger = getattr(import_module(f"chalicelib.triggers.{module}"), called)
        ports = getattr(wiring, function.ports)()
        return run(function, trigger, ports, event, context)

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
