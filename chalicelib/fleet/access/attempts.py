"""Guesses at passwords, counted by name and address: whoever guesses locks themselves out, and nobody else.

Names that nobody has are counted as those that somebody has, so that the answer tells nothing. How many names an
address may try in a minute is counted in the memory of each instance, and so are guesses at what devices and keys of
other makes come in by, of which each instance compares a few.
"""

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import RateLimitReached
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Limit, Use

MOST_FAILURES = 5
LOCKED = 15 * 60_000
"""How long (ms) a name is locked for an address after so many attempts in a row that failed."""
A_MINUTE = 30
"""Logins that an address may try in a minute, whatever the names."""
GUESSES = 10
"""Secrets of one name that an address may have compared in a minute, in each instance."""
_NOBODY = "-"
_IPV6_NETWORK = 64


@dataclass(frozen=True, slots=True)
class Attempt:
    """One that was counted, unless the name is `locked`; `failures` are those in a row, this one included."""

    kind: str
    id: str
    locked: bool
    failures: int


def begin(ports: Ports, name: str, address: str, most: int = MOST_FAILURES) -> Attempt:
    """Count an attempt before it is decided: guesses that come at the same time would otherwise see the same count.

    After `most` in a row the name is locked: more than MOST_FAILURES for clients that send many at once before the
    first is decided. Errors: RateLimitReached (too many from this address).
    """
    now, place = ports.clock.now(), network(address)
    wait = ports.windows.spend(_NOBODY, [Limit(Use.REQUESTS, A_MINUTE, 60, f"logins {place}")], now)
    if wait is not None:
        raise RateLimitReached("too many logins were tried from this address", wait)
    generation = ports.stage_key.current().writing(now)
    digest = generation.digest("attempts", f"{name.casefold()}\0{place}").hex()
    kind, identifier = f"attempts {digest[:2]}", digest[2:]

    def counted() -> Attempt | Again:
        old = ports.records.get(_NOBODY, kind, identifier)
        known = old.body if old is not None and now < old.body["at"] + LOCKED else {"failures": 0, "at": 0}
        if known["failures"] >= most:
            return Attempt(kind, identifier, locked=True, failures=known["failures"])
        failures = known["failures"] + 1
        body = {**known, "failures": failures, "at": now}
        new = Record(_NOBODY, kind, identifier, body, expires=(now + 2 * LOCKED) // 1000)
        # Attempts at the same time each see how many there were before.
        written = ports.records.replace(old, new) if old is not None else ports.records.create(new)
        return Attempt(kind, identifier, locked=False, failures=failures) if written else AGAIN

    return insist(ports, "the count of logins for this name", counted)


def forget(ports: Ports, attempt: Attempt) -> None:
    """It succeeded: the next failure is the first again."""
    ports.records.delete(_NOBODY, attempt.kind, attempt.id)


def guess(ports: Ports, tenant: str, name: str, address: str) -> None:
    """Count one at the secret of a name that is nobody's login: a device's token, or a key that was made elsewhere.

    Where no address is known, all that come so share one count. Errors: RateLimitReached.
    """
    limit = Limit(Use.REQUESTS, GUESSES, 60, f"guesses {network(address)} {name}")
    wait = ports.windows.spend(tenant, [limit], ports.clock.now())
    if wait is not None:
        raise RateLimitReached("too many secrets were tried for this name", wait)


def network(address: str) -> str:
    """Where an address counts as the same: IPv6 gives a household more addresses than anybody could count."""
    import ipaddress

    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv4Address):
        return str(known)
    if known.ipv4_mapped is not None:
        # All of IPv4 is one network of them (RFC 4291 2.5.5.2), as a socket for both says it.
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, _IPV6_NETWORK), strict=False))
