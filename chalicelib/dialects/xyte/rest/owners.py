"""Whose a device is that asks. Who asks is online."""

from dataclasses import replace
from functools import wraps

from chalicelib.dialects.xyte import deciding, hearing
from chalicelib.dialects.xyte.deciding import Owned, Standing
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.fleet.errors import Contended, DeviceNotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler

_LOOKS = 3
_CHANGING = "whose the device is changes all the time"


def standing(ports: Ports, request: Request) -> Standing:
    """Errors: Unauthenticated (it was deleted), Contended."""
    for _ in range(_LOOKS):
        found = deciding.whose(ports, asking(request))
        if found.owned is None:
            return found
        mailbox = hearing.heard(ports, found.identity, found.owned.mailbox)
        if mailbox is not None:
            return Standing(found.identity, replace(found.owned, mailbox=mailbox))
        # It was given up just now: nothing was done for it yet.
    raise Contended(_CHANGING)


def owned(ports: Ports, request: Request) -> Owned | None:
    """None while nobody has it. Errors: Unauthenticated (it was deleted), Contended."""
    return standing(ports, request).owned


def asked_by_itself(view: Handler) -> Handler:
    """What a device asks about itself: it is given up in the middle, and is to ask again."""

    @wraps(view)
    def asked(ports: Ports, request: Request) -> Answer:
        try:
            return view(ports, request)
        except DeviceNotFound as error:
            raise Contended(_CHANGING) from error

    return asked
