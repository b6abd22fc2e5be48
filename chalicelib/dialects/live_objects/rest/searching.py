"""Devices in order of their ids, by the narrowest index that a selection allows, or by looking at one after another."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from heapq import merge
from itertools import groupby, islice

from chalicelib.dialects.live_objects import paging
from chalicelib.dialects.live_objects.rest.filters import Selection
from chalicelib.fleet.errors import Invalid, TemporarilyUnavailable
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.facets import Facet
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Page, Ports
from chalicelib.fleet.presence.mailbox import Mailbox

SCANNED = paging.LAST_OFFSET + paging.LARGEST
"""How many devices a list looks at before it asks for a narrower one: the last page by offset is within reach."""
SCANNED_BY_TEXT = 50_000
"""The same where the store looks for texts and sends only what has them."""
SCANNED_FOR = 8_000
"""How long (ms) it looks, so that the answer comes before API Gateway gives up (29 s)."""
_BATCH = 200
_LARGEST_BATCH = 1_000
"""Up to which batches grow where one was not enough: records of 1 KB then fill what one query reads."""
_FEW = 100
"""So many mailboxes are read at once, and of so few nobody asks who is online."""
_OTHERS = 2
"""As many entries as devices, and as many of others between them, are read of the index of who is online."""
_MOST_CONNECTORS = 20
_MOST_STREAMS = 30
"""Of how many values an index is read side by side; for more of them the devices themselves are looked at."""

Found = tuple[Device, Mailbox | None]
Next = Callable[[str | None], Page[Device]]


@dataclass(frozen=True, slots=True)
class _Batch:
    """`last` is the id that was looked at last; `more` where there may be others behind, `beyond` where too many."""

    devices: Sequence[Device]
    last: str | None
    more: bool
    beyond: bool = False


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
        until, before = self._ports.clock.now() + SCANNED_FOR, after
        for batch in self._batches(after, descending=descending):
            wanted = [device for device in batch.devices if self._selection.wants(device)]
            yield from self._present(wanted, before, descending=descending, mailboxes=mailboxes)
            self.last = before = batch.last or self.last
            self.exhausted = batch.beyond
            self.late = batch.more and not self.exhausted and self._ports.clock.now() > until
            if self.exhausted or self.late:
                return

    def _present(
        self, wanted: Sequence[Device], before: str | None, *, descending: bool, mailboxes: bool
    ) -> Iterator[Found]:
        """Those of which the mailboxes say what is asked for; they are read where who is online does not tell it."""
        present = self._selection.present
        asked, known = wanted, frozenset[str]()
        if present is not None and len(wanted) > _FEW:
            online = self._online_among(wanted, before, descending=descending)
            answers = {d.id: present.known(d, online=d.id in online) for d in wanted} if online is not None else {}
            wanted = [device for device in wanted if answers.get(device.id) is not False]
            known = frozenset(device.id for device in wanted if answers.get(device.id))
            asked = wanted if mailboxes else [device for device in wanted if device.id not in known]
        needed = asked and (mailboxes or present is not None)
        boxes = self._ports.mailboxes.some(self._tenant, [device.id for device in asked]) if needed else {}
        now = self._ports.clock.now()
        for device in wanted:
            kept = boxes.get(device.id)
            box = kept.at(now) if kept is not None else None
            if present is None or (device.id in known and not mailboxes) or present.holds(device, box):
                yield device, box

    def _online_among(self, devices: Sequence[Device], before: str | None, *, descending: bool) -> set[str] | None:
        """Those that are online, a moment late; None where too many others are between them."""
        page = self._ports.mailboxes.online(
            self._tenant, after=before, limit=_OTHERS * len(devices), descending=descending
        )
        last = devices[-1].id
        passed = page.cursor is None or (page.cursor <= last if descending else page.cursor >= last)
        return set(page.items) if passed else None

    def _batches(self, after: str | None, *, descending: bool) -> Iterator[_Batch]:
        chosen, looked = self._selection, 0
        candidates = self._indexed(after, descending=descending)
        if candidates is None and chosen.says:
            yield from self._saying(after, descending=descending)
            return
        candidates = self._every(after, descending=descending) if candidates is None else candidates
        while drawn := list(islice(candidates, self._batch)):
            whole = len(drawn) == self._batch
            self._batch = min(2 * self._batch, _LARGEST_BATCH)
            batch = drawn[: SCANNED - looked]
            looked += len(drawn)
            yield _Batch(batch, batch[-1].id if batch else None, whole, looked > SCANNED)

    def _saying(self, after: str | None, *, descending: bool) -> Iterator[_Batch]:
        chosen, looked, cursor = self._selection, 0, after
        while True:
            limit = min(self._batch, SCANNED_BY_TEXT - looked)
            page = self._ports.devices.saying(
                self._tenant, chosen.texts, chosen.parts, after=cursor, limit=limit, descending=descending
            )
            looked, cursor = looked + limit, page.cursor
            self._batch = min(2 * self._batch, _LARGEST_BATCH)
            more = cursor is not None
            yield _Batch(page.items, cursor, more, more and looked >= SCANNED_BY_TEXT)
            if not more:
                return

    def _indexed(self, after: str | None, *, descending: bool) -> Iterator[Device] | None:
        """None where no index has less than all of them."""
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
        return None

    def _every(self, after: str | None, *, descending: bool) -> Iterator[Device]:
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
