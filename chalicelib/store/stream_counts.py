"""How many messages devices sent, counted so seldom that a message costs one write."""

from collections.abc import Mapping
from dataclasses import replace

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.presence.mailbox import Counted
from chalicelib.store.messages import MessageTable
from chalicelib.store.objects import Objects

ALONE = 15 * 60_000
"""Milliseconds after which what no contact takes along is written by itself."""
CARRIED = 65 * 60_000
"""The same for a device whose contacts take it along: such a one speaks once an hour, or more often."""
ANEW = 6 * 3_600_000
"""Milliseconds after which a stream is written in any case, so that it is not taken for one that is over."""
_MAX_ENTRIES = 20_000


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Of a stream: when it was written, when its count was told last, and what was not told yet. Times in ms."""

    written: int
    told: int
    messages: int = 0
    last: int = 0


class SparingCounts(MessageTable):
    """Counts the first message of a stream at once, the others together with a contact of their device.

    What was counted since then waits in memory, and is lost with it: the count lags, the messages are all kept.
    """

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self._waiting: dict[tuple[str, str], dict[str, _Waiting]] = {}
        self._carried: set[tuple[str, str]] = set()

    def count(
        self, tenant: str, device: str, stream: str, at: int, times: int = 1, *, kept: int, sparing: bool | None = None
    ) -> None:
        if sparing is False:
            super().count(tenant, device, stream, at, times, kept=kept)
            return
        if len(self._waiting) >= _MAX_ENTRIES:
            self._waiting.clear()
            self._carried.clear()
        streams = self._waiting.setdefault((tenant, device), {})
        known = streams.get(stream)
        patience = CARRIED if (tenant, device) in self._carried else ALONE
        if known is not None and at < min(known.told + patience, known.written + ANEW):
            streams[stream] = replace(known, messages=known.messages + times, last=max(at, known.last))
            return
        super().count(tenant, device, stream, at, (known.messages if known else 0) + times, kept=kept)
        streams[stream] = _Waiting(at, at)

    def uncounted(self, tenant: str, device: str) -> Mapping[str, Counted]:
        streams = self._waiting.get((tenant, device), {})
        return {name: Counted(each.messages, each.last) for name, each in streams.items() if each.messages}

    def counted(self, tenant: str, device: str, counts: Mapping[str, Counted]) -> None:
        self._carried.add((tenant, device))
        streams = self._waiting.get((tenant, device), {})
        for name, each in counts.items():
            if (known := streams.get(name)) is not None:
                left = known.messages - each.messages
                streams[name] = replace(known, told=each.last, messages=max(left, 0))


class SparingWhereAsked(SparingCounts):
    """Messages of clients, each counted at once, but for those of devices that send often."""

    def count(
        self, tenant: str, device: str, stream: str, at: int, times: int = 1, *, kept: int, sparing: bool | None = None
    ) -> None:
        super().count(tenant, device, stream, at, times, kept=kept, sparing=bool(sparing))
