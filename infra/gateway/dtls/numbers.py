"""Sequence numbers of what we send: the nonce of the AEAD, so none may ever be used twice, crashes included.

Every process takes a generation from a durable counter before it restores anything. A generation owns the next SPAN of
numbers of every association that it knows; what the one before it used need not be known, only that it kept to its own.
"""

SPAN = 1 << 20
"""Numbers a generation; small enough that clients which keep 32 bits of a number survive thousands of restarts."""

LAST = (1 << 48) - 1
_LOW = SPAN // 2


class NumbersSpentError(Exception):
    """Nothing may be sent before a new generation has begun."""


class Numbers:
    """`origin` is the generation in which the keys were agreed on."""

    __slots__ = ("_end", "_next", "origin")

    def __init__(self, origin: int, generation: int, used: int = 0) -> None:
        """`used` numbers of the first span were spent by the handshake."""
        self.origin = origin
        self._next = used
        self._end = 0
        self.enter(generation)

    def enter(self, generation: int) -> None:
        """Go on in the span of a later generation; raises NumbersSpentError where none is left."""
        start = (generation - self.origin) * SPAN
        if start < 0 or start + SPAN > LAST:
            raise NumbersSpentError(f"generation {generation} has no numbers for keys of generation {self.origin}")
        self._next, self._end = max(self._next, start), start + SPAN

    @property
    def low(self) -> bool:
        """Half of the span is spent: time to take a new generation."""
        return self._end - self._next < _LOW

    def take(self) -> int:
        number = self._next
        if number >= self._end:
            raise NumbersSpentError("the numbers of this generation are spent")
        self._next = number + 1
        return number
