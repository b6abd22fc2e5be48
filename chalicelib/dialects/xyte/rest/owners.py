"""Whose a device is that asks. Who asks is online."""

from dataclasses import replace

from chalicelib.dialects.xyte import deciding, hearing
from chalicelib.dialects.xyte.deciding import Owned, Standing
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.fleet.errors import Contended
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Request

_LOOKS = 3


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
    raise Contended("whose the device is changes all the time")


def owned(ports: Ports, request: Request) -> Owned | None:
    """None while nobody has it. Errors: Unauthenticated (it was deleted), Contended."""
    return standing(ports, request).owned
