"""Devices in order of their ids, by the narrowest index that a selection allows, or by looking at one after another."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from heapq import merge
from itertools import groupby, islice

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest.filters import Selection
from chalicelib.fleet.errors import Invalid, TemporarilyUnavailable
from chalicelib.fleet.inventory.facets import Facet
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Page, Ports
from chalicelib.fleet.presence.mailbox import Mailbox

SCANNED = paging.LAST_OFFSET + paging.LARGEST
"""How many devices a list looks at before it asks for a narrower one: the last page by offset is within reach."""
SCANNED_FOR = 8_000
"""How long (ms) it looks, so that the answer comes before API Gateway gives up (29 s)."""
_BATCH = 200
_MOST_CONNECTORS = 20
_MOST_STREAMS = 30
"""Of how many values an index is read side by side; for more of them the devices themselves are looked at."""

Found = tuple[Device, Mailbox | None]
Next = Callable[[str | None], Page[Device]]


class Search:
    """One pass over the devices of a tenant.

    At its end `exhausted` says that there were more devices than it looks at, `late` that its time had passed, and
    `last` which device it looked at last.
    """

    def __init__(self, ports: Ports, tenant: str, selection: Selection, expected: int = _BATCH) -> None:
        """`expected` is how many will be drawn: so many are read first, and more at once where that was not enough."""
        self._ports = ports
        self._tenant = tenant
        self._selection = selection
        self._batch = min(expected, _BATCH)
        self.last: str | None = None
        self.exhausted = self.late = False

    def found(self, after: str | None, *, descending: bool, mailboxes: bool = False) -> Iterator[Found]:
        """All that are wanted after that id, until SCANNED were looked at; with their mailboxes where asked for."""
        present, looked, until = self._selection.present, 0, self._ports.clock.now() + SCANNED_FOR
        candidates = self._candidates(after, descending=descending)
        while drawn := list(islice(candidates, self._batch)):
            whole = len(drawn) == self._batch
            self._batch = min(2 * self._batch, _BATCH)
            batch = drawn[: SCANNED - looked]
            looked += len(drawn)
            wanted = [device for device in batch if self._selection.wants(device)]
            needed = wanted and (mailboxes or present is not None)
            boxes = self._ports.mailboxes.some(self._tenant, [d.id for d in wanted]) if needed else {}
            now = self._ports.clock.now()
            for device in wanted:
                kept = boxes.get(device.id)
                box = kept.at(now) if kept is not None else None
                if present is None or present(device, box):
                    yield device, box
            self.last = batch[-1].id if batch else self.last
            self.exhausted = looked > SCANNED
            self.late = whole and not self.exhausted and self._ports.clock.now() > until
            if self.exhausted or self.late:
                return

    def _candidates(self, after: str | None, *, descending: bool) -> Iterator[Device]:
        chosen = self._selection
        if chosen.device is not None or chosen.node is not None:
            named = self._named()
            return (d for d in named if after is None or (d.id < after if descending else d.id > after))
        narrow = next((f for f in chosen.facets if len(f[1]) <= _MOST_STREAMS), None)
        if narrow is not None:
            streams = [
                _pages(partial(self._having, narrow[0], value, descending), after) for value in sorted(narrow[1])
            ]
            return _distinct(merge(*streams, key=lambda d: d.id, reverse=descending))
        if chosen.online:
            return _pages(partial(self._online, descending), after)
        return _pages(
            lambda cursor: self._ports.devices.page(
                self._tenant, after=cursor, limit=self._batch, descending=descending
            ),
            after,
        )

    def _named(self) -> list[Device]:
        ids: set[str | None] = {self._selection.device}
        if self._selection.device is None and self._selection.node is not None:
            connectors = self._ports.devices.values(self._tenant, Facet.CONNECTOR, _MOST_CONNECTORS)
            ids = {self._ports.devices.owner(self._tenant, name, self._selection.node) for name in connectors}
        return self._ports.devices.some(self._tenant, sorted(i for i in ids if i is not None))

    def _having(self, facet: Facet, value: str, descending: bool, cursor: str | None) -> Page[Device]:  # noqa: FBT001
        return self._ports.devices.with_facet(
            self._tenant, facet, value, after=cursor, limit=self._batch, descending=descending
        )

    def _online(self, descending: bool, cursor: str | None) -> Page[Device]:  # noqa: FBT001
        page = self._ports.mailboxes.online(self._tenant, after=cursor, limit=self._batch, descending=descending)
        return Page(self._ports.devices.some(self._tenant, page.items), page.cursor)


def ensure_complete(search: Search, found: int) -> None:
    """Errors, where the search ended before the page was full, naming how to go on: Invalid, TemporarilyUnavailable."""
    less = f" for {found} items," if found else ""
    way_out = f"ask{less} with narrower filters, or go on with bookmarkId={search.last}"
    ensure_in_time(search, way_out)
    if search.exhausted:
        raise Invalid(f"a list looks at {SCANNED} devices at most: {way_out}", "bookmarkId")


def ensure_in_time(search: Search, way_out: str) -> None:
    """Errors: TemporarilyUnavailable. How fast the platform is at the moment is nothing that was asked wrongly."""
    if search.late:
        raise TemporarilyUnavailable(f"the list took longer than {SCANNED_FOR // 1000} s: try again, or {way_out}")


def _pages(page: Next, cursor: str | None) -> Iterator[Device]:
    while True:
        found = page(cursor)
        yield from found.items
        if found.cursor is None:
            return
        cursor = found.cursor


def _distinct(devices: Iterable[Device]) -> Iterator[Device]:
    """Each once: a device may have several of the values."""
    return (next(same) for _, same in groupby(devices, key=lambda d: d.id))
