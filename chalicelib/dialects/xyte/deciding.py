"""Whose a device is that asks: decided once, and all that is done for it then goes by that.

Its entry is remembered for a minute, with whose it was. A tenant has the device for as long as there is a mailbox of
it, which is gone before anybody else can have it: so a mailbox that is there says that what is remembered still holds,
and only where there is none is the entry itself looked at.
"""

from typing import NamedTuple

from chalicelib.dialects.xyte import owning
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.fleet.errors import Contended, Unauthenticated
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox

_LOOKS = 3


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


class Standing(NamedTuple):
    """A device as it stood when that was decided: `owned` is None while nobody has it, as the identity says too."""

    identity: Identity
    owned: Owned | None


def whose(ports: Ports, found: Identity) -> Standing:
    """By its entry as it was `found`, or by the entry itself where that is over.

    Errors: Unauthenticated (it was deleted), Contended.
    """
    owned = in_place(ports, found)
    for _ in range(_LOOKS):
        if owned is not None:
            return Standing(owned.identity, owned)
        # Nobody's, or claimed, given up or deleted since it was remembered.
        now = owning.present(ports, found)
        if now is None:
            raise Unauthenticated("the device was deleted")
        if now.owner is None:
            return Standing(now, None)
        owned = in_place(ports, now)
    raise Contended("whose the device is changes all the time")


def in_place(ports: Ports, found: Identity) -> Owned | None:
    """The device in the tenant that its entry names, if it is there."""
    owner = found.owner
    mailbox = ports.mailboxes.get(owner, found.device) if owner is not None else None
    return Owned(found, owner, mailbox) if owner is not None and mailbox is not None else None
