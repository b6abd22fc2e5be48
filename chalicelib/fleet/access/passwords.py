"""Passwords that people choose: a rule for them, and scrypt (RFC 7914), so that guessing them costs memory and time."""

import hashlib
import hmac
import threading
import unicodedata

from chalicelib.fleet.errors import Invalid, RateLimitReached
from chalicelib.fleet.fields import Field
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

SHORTEST, LONGEST = 8, 128
_MOST_PROVEN = 20_000


@dataclass(frozen=True, slots=True)
class Cost(Extensible):
    """scrypt's parameters. The default needs 16 MB, and five times the work of one pass over them."""

    n: int = 1 << 14
    r: int = 8
    p: int = 5


@dataclass(frozen=True, slots=True)
class Password(Extensible):
    """Kept with what it cost, so that the cost can rise for new ones."""

    salt: bytes
    digest: bytes
    cost: Cost


def check(text: str) -> None:
    """Errors: Invalid (fewer than 8 characters, or not each of upper case, lower case, digit and special)."""
    kinds = (str.isupper, str.islower, str.isdigit, _special)
    if not SHORTEST <= len(text) <= LONGEST or not all(any(kind(c) for c in text) for kind in kinds):
        raise Invalid(
            f"a password has {SHORTEST} to {LONGEST} characters: "
            "at least one upper case letter, one lower case letter, one digit and one special character",
            Field.PASSWORD,
        )


def _special(character: str) -> bool:
    return character.isprintable() and not character.isalnum() and not character.isspace()


class Hasher:
    """scrypt for everybody in this process: one at a time, as each takes 16 MB and a whole processor.

    So many may wait for their turn; whoever comes then is told to come back, and nobody else's request waits for them.
    """

    WAITING = 3
    PATIENT = 64

    def __init__(self, cost: Cost, secret: bytes) -> None:
        """`secret` is 32 bytes of chance of this process: what is remembered is worth nothing elsewhere."""
        self.cost = cost
        self._secret = secret
        self._turn = threading.Lock()
        self._count = threading.Lock()
        self._here = 0
        self._proven: dict[bytes, bytes] = {}

    def keep(self, text: str, salt: bytes, cost: Cost | None = None) -> Password:
        """At the usual cost unless another is given. Errors: RateLimitReached."""
        cost = cost or self.cost
        return Password(salt, self._digested(text, salt, cost, self.PATIENT), cost)

    def matches(self, text: str, kept: Password | None, *, patient: bool = False) -> bool:
        """Whether it is that password; scrypt is called once, also where there is none to compare with.

        `patient` is for those who have nobody behind them. Errors: RateLimitReached.
        """
        salt, cost = (kept.salt, kept.cost) if kept is not None else (b"", self.cost)
        digest = self._digested(text, salt, cost, self.PATIENT if patient else self.WAITING)
        fits = hmac.compare_digest(digest, kept.digest if kept is not None else b"")
        if fits and kept is not None:
            self._remember(kept, text)
        return fits

    def remembers(self, text: str, kept: Password) -> bool:
        """Whether it was proven in this process to be that password, which spares scrypt."""
        return hmac.compare_digest(self._proven.get(kept.digest, b""), self._proof(kept, text))

    def _remember(self, kept: Password, text: str) -> None:
        if len(self._proven) >= _MOST_PROVEN:
            self._proven.clear()
        self._proven[kept.digest] = self._proof(kept, text)

    def _proof(self, kept: Password, text: str) -> bytes:
        return hmac.digest(self._secret, kept.salt + _entered(text), hashlib.sha256)

    def _digested(self, text: str, salt: bytes, cost: Cost, most: int) -> bytes:
        with self._count:
            if self._here > most:
                raise RateLimitReached("too many passwords are being checked at once")
            self._here += 1
        try:
            with self._turn:
                return self._scrypt(text, salt, cost)
        finally:
            with self._count:
                self._here -= 1

    def _scrypt(self, text: str, salt: bytes, cost: Cost) -> bytes:
        memory = 256 * cost.r * (cost.n + cost.p + 2)
        return hashlib.scrypt(_entered(text), salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)


def _entered(text: str) -> bytes:
    """What looks the same on two keyboards is the same password (RFC 8265)."""
    return unicodedata.normalize("NFC", text).encode(errors="surrogatepass")
