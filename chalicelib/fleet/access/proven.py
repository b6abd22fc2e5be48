"""What this process has seen proven: a name and a secret that came together, and whose they are.

For who sends both with every request (RFC 7617), so that what is dear to compare is compared once. It is found by a
digest under a key of this process, which is worth nothing elsewhere. After LASTS it has to be looked up again whether
it is still true, which costs a read and no comparison: that is how late a revocation may be.
"""

import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.passwords import Password
from chalicelib.fleet.frozen import dataclass

LASTS = 60_000
"""How long (ms) it is believed without a look."""
_MOST = 20_000


@dataclass(frozen=True, slots=True)
class Known:
    """Who it was, by which kept password, as read at `at` (ms); without one for whom it is no person's."""

    caller: Caller
    password: Password | None
    at: int

    def fresh(self, now: int) -> bool:
        return now < self.at + LASTS


class Proven:
    def __init__(self, secret: bytes) -> None:
        """`secret` is 32 bytes of chance of this process."""
        self._secret = secret
        self._known: dict[bytes, Known] = {}
        self._turns: dict[bytes, threading.Lock] = {}

    def digest(self, *parts: str) -> bytes:
        """Of everything that has to be the same again: tenant, name, secret, where it came from."""
        lengths = b"".join(len(part).to_bytes(4, "big") for part in parts)
        text = "".join(parts).encode(errors="surrogatepass")
        return hmac.digest(self._secret, lengths + text, hashlib.sha256)

    def get(self, digest: bytes) -> Known | None:
        return self._known.get(digest)

    def keep(self, digest: bytes, known: Known) -> None:
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[digest] = known

    def forget(self, digest: bytes) -> None:
        self._known.pop(digest, None)

    @contextmanager
    def alone(self, digest: bytes) -> Iterator[None]:
        """One at a time: requests that come at once with what nobody has compared yet wait for the first of them."""
        turn = self._turns.setdefault(digest, threading.Lock())
        try:
            with turn:
                yield
        finally:
            self._turns.pop(digest, None)
