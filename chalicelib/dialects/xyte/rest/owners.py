"""Whose a device is that asks: by its entry as it was remembered, and by the entry itself where that is over."""

from dataclasses import replace

from chalicelib.dialects.xyte import hearing, owning
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.rest.access import asking
from chalicelib.fleet.errors import Unauthenticated
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.web.request import Request


@dataclass(frozen=True, slots=True)
class Owned:
    """A device in its owner's tenant."""

    identity: Identity
    tenant: str
    mailbox: Mailbox

    @property
    def id(self) -> str:
        """Its uuid."""
        return self.identity.id

    @property
    def device(self) -> str:
        return self.identity.device


def owned(ports: Ports, request: Request) -> Owned | None:
    """None while nobody owns it; who asks is online. Errors: Unauthenticated (it was deleted)."""
    found = of_identity(ports, asking(request))
    mailbox = hearing.heard(ports, found.identity, found.mailbox) if found is not None else None
    return replace(found, mailbox=mailbox) if found is not None and mailbox is not None else None


def of_identity(ports: Ports, found: Identity) -> Owned | None:
    """The device as its owner has it. An owner who has given it away is not told of it any more.

    Errors: Unauthenticated (it was deleted).
    """
    known = _present(ports, found)
    if known is not None:
        return known
    # Claimed, given away or deleted since it was remembered: the entry itself says so.
    now = owning.present(ports, found)
    if now is None:
        raise Unauthenticated("the device was deleted")
    return _present(ports, now)


def _present(ports: Ports, found: Identity) -> Owned | None:
    owner = found.owner
    mailbox = ports.mailboxes.get(owner, found.device) if owner is not None else None
    return Owned(found, owner, mailbox) if owner is not None and mailbox is not None else None
