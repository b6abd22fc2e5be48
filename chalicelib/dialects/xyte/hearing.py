"""A device is there for as long as it asks, for whatever: each request that reads its mailbox says so here."""

from chalicelib.dialects.xyte.identities import CONNECTOR, Identity
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import asking
from chalicelib.fleet.presence.asking import Line
from chalicelib.fleet.presence.mailbox import Mailbox


def heard(
    ports: Ports, found: Identity, mailbox: Mailbox, *, kept: bool = False, faulty: bool | None = None
) -> Mailbox | None:
    """Its owner's device asks; its mailbox as it is then, None where it is gone.

    `kept` where what it sent became a message of its own stream.
    """
    span = found.model.offline_after
    return asking.heard(ports, mailbox, _line(found, mailbox.tenant), span, kept=kept, faulty=faulty)


def left(ports: Ports, found: Identity, mailbox: Mailbox) -> Mailbox | None:
    """It says that it goes."""
    return asking.left(ports, mailbox, _line(found, mailbox.tenant))


def _line(found: Identity, tenant: str) -> Line:
    return Line(tenant, found.device, CONNECTOR, found.id, "xyte")
