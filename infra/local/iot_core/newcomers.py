"""Connections that have not been let in yet: in TLS's handshake, before CONNECT, or waiting for the authorizer.

They cost whoever opens them nothing. When there are too many, the address that has most loses its oldest ones, so that
nobody is shut out by another.
"""

import resource
from collections import defaultdict
from collections.abc import Callable


class Newcomer:
    """One connection; `turn_away` ends it."""

    __slots__ = ("_newcomers", "address", "turn_away")

    def __init__(self, newcomers: "Newcomers", address: str) -> None:
        self._newcomers = newcomers
        self.address = address
        self.turn_away: Callable[[], object] = lambda: None

    def leave(self) -> None:
        """It was let in, or is over; to say so twice does no harm."""
        self._newcomers.forget(self)


class Newcomers:
    def __init__(self, most: int) -> None:
        """At most so many, and a quarter of what descriptors the process may have."""
        soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most = most if soft == resource.RLIM_INFINITY else min(most, soft // 4)
        self._by_address: dict[str, dict[Newcomer, None]] = defaultdict(dict)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def enter(self, address: str) -> Newcomer:
        newcomer = Newcomer(self, address)
        self._by_address[address][newcomer] = None
        self._count += 1
        if self._count > self._most:
            self._turn_away()
        return newcomer

    def forget(self, newcomer: Newcomer) -> None:
        own = self._by_address.get(newcomer.address, {})
        if newcomer in own:
            del own[newcomer]
            self._count -= 1
            if not own:
                del self._by_address[newcomer.address]

    def _turn_away(self) -> None:
        """A tenth of the largest crowd, so that those who come next find room without a search."""
        address = max(self._by_address, key=lambda known: len(self._by_address[known]))
        crowd = list(self._by_address[address])
        for newcomer in crowd[: max(1, len(crowd) // 10)]:
            newcomer.leave()
            newcomer.turn_away()
