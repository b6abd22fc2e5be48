"""Links to files that are short enough for firmware, which keeps a URL in 80 bytes.

A link is what whoever holds it may read: it cannot be guessed, and it ends.
"""

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources.records import Link
from chalicelib.fleet.resources.updates import Offer

PATH = "/dl/"
TOKEN = 26
"""Characters, each of five bits."""
LINK_VALID = 24 * 3_600
"""How long (s) a device can begin its download."""
SIGNED_VALID = 3_600
"""The same of a signed URL, which is never valid longer than the credentials that signed it."""
_DIGITS = "0123456789abcdefghijklmnopqrstuv"
_BITS = 5


def token(chance: bytes) -> str:
    """26 characters made of 130 bits of chance (17 bytes or more)."""
    number = int.from_bytes(chance)
    return "".join(_DIGITS[number >> (_BITS * place) & (len(_DIGITS) - 1)] for place in range(TOKEN))


def is_token(text: str) -> bool:
    return len(text) == TOKEN and all(c in _DIGITS for c in text)


def url(ports: Ports, offer: Offer, file: str, *, relayed: bool) -> str:
    """Where the file of an offer is fetched: by a short link, or by a signed URL where there is no entrance for one.

    Whoever relays the offer is no firmware and takes a signed URL.
    """
    base = None if relayed else ports.links.entrances.base(offer.size, secured=offer.secured)
    if base is None:
        return ports.files.download_url(file, SIGNED_VALID)
    expires = ports.clock.now() + LINK_VALID * 1000
    made = Link(token(ports.chance(17)), file, offer.size, offer.md5, expires)
    ports.links.put(made)
    return f"{base}{PATH}{made.token}"


def find(ports: Ports, name: str) -> Link | None:
    """The link of that token, while it is valid."""
    found = ports.links.get(name) if is_token(name) else None
    return found if found is not None and ports.clock.now() < found.expires else None
