"""How far a request is to have an effect: the header X-Cumulocity-Processing-Mode (reference, "Processing mode").

What is not stored is told to queues and webhooks all the same, and has no id. Who listens in real time is told of what
is PERSISTENT or TRANSIENT.
"""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from chalicelib.dialects.cumulocity import availability
from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Request

HEADER = "X-Cumulocity-Processing-Mode"
APPLICATION = "X-Cumulocity-Application-Key"
"""Whoever sends it is no device."""


def mode(request: Request) -> Mode:
    """Errors: Invalid."""
    said = request.headers.get(HEADER, "").strip().upper()
    if not said:
        return Mode.PERSISTENT
    if said not in Mode.__members__:
        raise Invalid(f"{HEADER} is one of {', '.join(Mode)}, not {said[:64]}", HEADER)
    return Mode[said]


def applied(request: Request) -> AbstractContextManager[None]:
    """Within it is told whom the mode says. Errors: Invalid."""
    return mode(request).applied()


def heard(ports: Ports, request: Request, sources: Iterable[ManagedObject]) -> None:
    """Devices that speak by the request, unless an application speaks for them."""
    if APPLICATION not in request.headers:
        for source in sources:
            availability.heard(ports, source)


def ensure_stored(request: Request) -> None:
    """For what cannot have an effect without being stored. Errors: Invalid."""
    if not (asked := mode(request)).stored:
        raise Invalid(f"what is changed here is always stored: {HEADER} is not {asked}", HEADER)


def shown(asked: Mode, view: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was not stored cannot be read by its id."""
    return view if asked.stored else {name: value for name, value in view.items() if name not in ("id", "self")}
