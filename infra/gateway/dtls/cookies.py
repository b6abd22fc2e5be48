"""Stateless cookies (RFC 6347, 4.2.1): a keyed digest of the address, good for some minutes."""

import hmac
from collections.abc import Callable

from infra.gateway.dtls.association import Address
from infra.gateway.dtls.contexts import COOKIE

_GOOD_S = 120


class AddressCookies:
    """`address` is set to the sender's before OpenSSL asks."""

    def __init__(self, secret: bytes, time: Callable[[], float]) -> None:
        self._secret, self._time = secret, time
        self.address: Address = ()

    def cookie(self) -> bytes:
        return self._of(self._slot())

    def is_cookie(self, cookie: bytes) -> bool:
        """Of this slot of time or the one before."""
        slot = self._slot()
        return any(hmac.compare_digest(cookie, self._of(each)) for each in (slot, slot - 1))

    def _slot(self) -> int:
        return int(self._time() / _GOOD_S)

    def _of(self, slot: int) -> bytes:
        return hmac.digest(self._secret, f"{slot} {self.address}".encode(), "sha256")[:COOKIE]
