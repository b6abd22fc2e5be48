"""What shows that a device is the one that registered: MAC address and serial number, or the cloud's id for it.

Written with colons, dashes, blanks and in any case, they are the same (Register Device, Claiming Overview).
"""

import re

from chalicelib.dialects.xyte.models import SERIAL, Model, Proof
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.frozen import dataclass

LONGEST = 255
_LEFT_OUT = re.compile(r"[\s:-]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """As it was sent; blank ones are none."""

    mac: str | None = None
    sn: str | None = None
    cloud_id: str | None = None

    @property
    def proof(self) -> str | None:
        """What it is looked for by; None where it shows nothing."""
        if self.cloud_id is not None:
            return f"xyte/cloud_id/{plain(self.cloud_id)}"
        if self.mac is None:
            return None
        return f"xyte/mac_sn/{plain(self.mac)}/{plain(self.sn or '')}"

    def name(self, within: str) -> str | None:
        """What nobody else of a model is called."""
        return None if self.proof is None else f"{self.proof} of {within}"


@dataclass(frozen=True, slots=True)
class Known:
    """What nobody else is called, and what it is looked for by; a child is not looked for."""

    name: str | None
    proof: str | None = None


def child(sent: Shown, parent: str) -> Known:
    """What a child is known by below its parent: whatever it shows, a serial number alone too."""
    if sent.cloud_id is None and sent.mac is None and sent.sn is None:
        return Known(None)
    parts = (plain(text or "") for text in (sent.mac, sent.sn, sent.cloud_id))
    return Known(f"xyte/child/{'/'.join(parts)} of {parent}")


def plain(text: str) -> str:
    return _LEFT_OUT.sub("", text).casefold()


def shown(body: dict[str, object]) -> Shown:
    return Shown(*(_text(body.get(name)) for name in ("mac", "sn", "cloud_id")))


def of_model(model: Model, sent: Shown) -> Shown:
    """What devices of that model are known by. Errors: Invalid."""
    if model.proof is Proof.CLOUD_ID:
        if sent.cloud_id is None:
            raise Invalid("Invalid Cloud ID", "cloud_id")
        return Shown(cloud_id=sent.cloud_id)
    if sent.mac is None:
        raise Invalid("Invalid MAC", "mac")
    if sent.sn is None and model.since(SERIAL):
        raise Invalid("Invalid SN", "sn")
    return Shown(sent.mac, sent.sn)


def _text(value: object) -> str | None:
    text = value if isinstance(value, str) else ""
    return text.strip() if plain(text) else None
