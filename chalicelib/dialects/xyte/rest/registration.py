"""Register Device, and many of them at once: open to all, as a device has no key before."""

import logging
from typing import Any

from chalicelib.dialects.xyte import DEVICES, registering
from chalicelib.dialects.xyte.errors import DeviceUnknown, explain
from chalicelib.dialects.xyte.registering import Registered
from chalicelib.dialects.xyte.rest.forms import DETAILS, LARGEST, MAYBE, NAME
from chalicelib.fleet.access import attempts
from chalicelib.fleet.errors import Conflict, FleetError, RateLimitReached, TemporarilyUnavailable
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.reading import reading
from chalicelib.fleet.tenancy.records import Limit, Use
from chalicelib.web import brokers, origins, schemas, trouble
from chalicelib.web.answers import TEXT, listed, record
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

log = logging.getLogger(__name__)

A_MINUTE = 20
"""Registrations of one address."""
MOST = 25
_NOBODYS = ""
_DEVICE: Schema = {
    "type": "object",
    "properties": {
        **dict.fromkeys(
            ("hardware_key", "partner_key", "model_id", "nano_id", "mac", "sn", "cloud_id", "firmware_version"), MAYBE
        ),
        "name": NAME,
        "sub_model": MAYBE,
        "details": DETAILS,
    },
}


def register(ports: Ports, request: Request) -> Answer:
    """A device introduces itself by what its model asks for, and is given its key, once."""
    _limit(ports, request)
    return Answer(_answer(request, registering.register(ports, request.body)))


def register_many(ports: Ports, request: Request) -> Answer:
    """Each is answered in its place: as it would be by itself, or with its error, whatever that is.

    What others were given is shown this once, so that no failure of one may take their keys along.
    """
    _limit(ports, request)
    return Answer([_each(ports, request, body) for body in request.body])


def _each(ports: Ports, request: Request, body: Any) -> dict[str, Any]:
    try:
        with reading("the device"):
            sent = schemas.check(_DEVICE, body)
        return _answer(request, registering.register(ports, sent))
    except Exception as error:  # noqa: BLE001 - the others are told their keys
        told: dict[str, Any] = explain(ports, _known(error)).body
        return told


def _known(error: Exception) -> Exception:
    if isinstance(error, FleetError):
        return error
    log.error("a device of several was not registered", exc_info=error)
    return TemporarilyUnavailable("Try again") if trouble.passes(error) else error


def _answer(request: Request, made: Registered) -> dict[str, Any]:
    hub = origins.origin(request)
    return {
        "id": made.identity.id,
        "access_key": made.secret,
        "hub_url": hub,
        "hub_url_static_cert": hub,
        "mqtt_hub_url": brokers.url(request),
    }


def _limit(ports: Ports, request: Request) -> None:
    """Errors: RateLimitReached."""
    limit = Limit(Use.REQUESTS, A_MINUTE, 60, f"registrations {attempts.network(request.address)}")
    wait = ports.windows.spend(_NOBODYS, [limit], ports.clock.now())
    if wait is not None:
        raise RateLimitReached("Too many registrations came from this address", wait)


_FAILURES: tuple[type[FleetError], ...] = (DeviceUnknown, Conflict, RateLimitReached)
ROUTES = (
    Route(
        "POST",
        DEVICES + "/devices",
        register,
        "Register a device",
        schema=_DEVICE,
        success=201,
        public=True,
        max_body=LARGEST,
        failures=_FAILURES,
    ),
    Route(
        "POST",
        DEVICES + "/devices/bulk_create",
        register_many,
        "Register devices",
        schema={"type": "array", "items": {"type": "object"}, "maxItems": MOST},
        public=True,
        max_body=LARGEST,
        failures=(RateLimitReached,),
    ),
)
REGISTERED = record(
    "id access_key hub_url hub_url_static_cert mqtt_hub_url",
    id=TEXT,
    access_key=TEXT,
    hub_url=TEXT,
    hub_url_static_cert=TEXT,
    mqtt_hub_url=TEXT,
)
ANSWERS: dict[Handler, Schema] = {
    register: REGISTERED,
    register_many: listed({"anyOf": [REGISTERED, record("error", error=TEXT)]}),
}
