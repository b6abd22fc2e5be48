"""How devices of this dialect are called: in the fleet, by their serial, and as MQTT clients.

A client id is `{serial}`, `d:{serial}` or `d:{serial}:{collection}` (reference, "MQTT ClientId"): whichever it is, it
is the same device, and the last part is the collection of templates of those topics that name none.
"""

import re

from chalicelib.fleet import ids
from chalicelib.fleet.frozen import dataclass

DIALECT = "cumulocity"
NAMESPACE = "c8y"
"""Of the ids of devices that came in by this dialect."""
SERIAL = "c8y_Serial"
"""The type of the external id that a device is known by over MQTT."""
LONGEST = 100
"""Bytes of a serial in a client id."""
_CLIENT = re.compile(r"(?:d:)?([^:#+/\x00-\x1f\x7f]+)|d:([^:#+/\x00-\x1f\x7f]+):([^:#+/\x00-\x1f\x7f]*)")


@dataclass(frozen=True, slots=True)
class Client:
    """A client id, and what it says."""

    text: str
    serial: str
    collection: str = ""


def parse_client(text: str) -> Client | None:
    """None for what is no client id."""
    found = _CLIENT.fullmatch(text)
    if found is None:
        return None
    serial = found[1] or found[2]
    return Client(text, serial, found[3] or "") if len(serial.encode(errors="surrogatepass")) <= LONGEST else None


def number_of(device: str) -> str | None:
    """The number of the object that a device of this dialect is; None for any other device."""
    named = ids.device_name(device)
    return named[1] if named is not None and named[0] == NAMESPACE else None
