"""Homeport's table of contents: one site for all that is served, one function a trigger."""

import os
import sys
from typing import Any

from chalice.app import Rate, SQSEvent

from chalicelib import wiring
from chalicelib.aws import logs
from chalicelib.web.application import Application


def _refuse_to_be_deployed_alone() -> None:
    """Chalice makes nothing but functions and API, of what `python -m infra` has put into a folder for it."""
    instead = {"deploy": "make deploy", "package": "make package", "delete": "make destroy"}
    asked = next((word for word in sys.argv[1:] if word in instead), None)
    if asked is None or "chalice.cli" not in sys.modules:
        return
    stage = dict(zip(sys.argv, sys.argv[1:], strict=False)).get("--stage", "dev")
    command = f"{instead[asked]} STAGE={stage}"
    from pathlib import Path

    try:
        built = Path(__file__).with_name(".chalice").joinpath("python").read_text()
    except FileNotFoundError:
        raise SystemExit(f"Homeport is more than what Chalice makes of it alone: type `{command}` instead") from None
    runs = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if built != runs:
        raise SystemExit(f"this was built for Python {built}, and Chalice would deploy it for {runs}: type `{command}`")


_refuse_to_be_deployed_alone()
_FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
if _FUNCTION:
    logs.start()
app = Application(app_name="homeport", configure_logs=False)
app.api.binary_types = ["*/*"]


@app.lambda_function(name="uplink")
def uplink(event: dict[str, Any], _context: Any) -> None:
    from chalicelib.triggers import uplink as trigger

    trigger.handle(wiring.hot_ports(), event)


@app.lambda_function(name="presence")
def presence(event: dict[str, Any], _context: Any) -> None:
    from chalicelib.triggers import presence as trigger

    trigger.handle(wiring.ports(), event)


@app.lambda_function(name="authorizer")
def authorizer(event: dict[str, Any], context: Any) -> dict[str, Any]:
    from chalicelib.triggers import authorizer as trigger

    return trigger.handle(wiring.door_ports(), event, context.invoked_function_arn)


@app.lambda_function(name="lwm2m")
def lwm2m(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    from chalicelib.triggers import lwm2m as trigger

    return trigger.handle(wiring.hot_ports(), event)


@app.lambda_function(name="deliver")
def deliver(event: dict[str, Any], context: Any) -> None:
    from chalicelib.triggers import downlink

    downlink.deliver(wiring.ports(), event, context.get_remaining_time_in_millis())


@app.lambda_function(name="pump")
def pump(event: dict[str, Any], context: Any) -> None:
    from chalicelib.triggers import queues

    queues.pump(wiring.ports(), event, context.get_remaining_time_in_millis())


# SQS takes turns between tenants from thirty messages of one under way: there has to be room for others beside them.
PUSHES_AT_ONCE = 60


@app.on_sqs_message(queue=wiring.function_name("push"), batch_size=1, name="push", maximum_concurrency=PUSHES_AT_ONCE)
def push(event: SQSEvent) -> None:
    from chalicelib.triggers import push as trigger

    trigger.handle(wiring.ports(), event.to_dict())


@app.lambda_function(name="activate")
def activate(event: dict[str, Any], _context: Any) -> None:
    from chalicelib.triggers import certificates

    certificates.handle(wiring.ports(), event)


@app.lambda_function(name="disconnect")
def disconnect(event: dict[str, Any], context: Any) -> None:
    from chalicelib.triggers import downlink

    downlink.disconnect(wiring.ports(), event, context.get_remaining_time_in_millis())


@app.lambda_function(name="settle")
def settle(event: dict[str, Any], _context: Any) -> None:
    from chalicelib.triggers import deadlines

    deadlines.settle(wiring.ports(), event)


@app.schedule(Rate(1, unit=Rate.MINUTES), name="sweep")
def sweep(_event: Any) -> dict[str, int]:
    from chalicelib.triggers import deadlines, metrics

    done = deadlines.sweep(wiring.ports())
    metrics.tell_overdue(wiring.ports())
    return done


def _serve_rest() -> None:
    from chalicelib.web import mounting
    from chalicelib.wiring import site

    mounting.mount(app, site.prefixes(), site.site, wiring.ports)
    if _FUNCTION:
        site.site()


# Routes are most of what there is to import: a cold function that answers no request need not wait for them, and the
# one that does has them before the first request comes, while Lambda still gives a whole processor.
if _FUNCTION not in {wiring.function_name(f) for f in app.handler_map}:
    _serve_rest()
# Who looks up secrets reads what they are looked up by then, too.
if _FUNCTION in {wiring.application(), wiring.function_name("authorizer"), wiring.function_name("lwm2m")}:
    wiring.read_stage_key()
