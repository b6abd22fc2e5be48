"""How many devices there are under each value of a facet, and when they were counted.

Counting reads a unit for about 100 devices. So a fleet of less than AT_ONCE is counted whenever somebody asks, and of a
bigger one a count is kept for all who ask in the next minutes: what an open page of an operator costs does not grow
with the fleet.
"""

from chalicelib.fleet.documents import Record
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.facets import MOST_COUNTED, Facet
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind

KIND = "inventory/counts"
PRESENCE = "presence"
ONLINE, NOT_ONLINE = "online", "not online"
AT_ONCE = 10_000
MOST_VALUES = 200
"""Each value costs two reads of an index, one after the other; of groups, all are counted."""
_LONGEST = 15
"""The most minutes that a count is kept."""
_MINUTE = 60_000


@dataclass(frozen=True, slots=True)
class Tally(Extensible):
    """`counts` are pairs of a value and how many devices have it; a device with several is counted under each.

    `complete` is False where counting ended before everything was counted. `at` is when (ms).
    """

    at: int
    total: int
    counts: tuple[tuple[str, int], ...]
    complete: bool = True

    @property
    def until(self) -> int:
        """Until when (ms) it is told: a minute for each AT_ONCE devices."""
        return self.at + min(self.total // AT_ONCE, _LONGEST) * _MINUTE


TALLY = Kind(Tally)


def by_facet(ports: Ports, tenant: str, facet: Facet, most: int = MOST_VALUES) -> Tally:
    """Under at most that many values; more than are there for all."""
    return _kept(ports, tenant, facet.value) or _keep(ports, tenant, facet.value, _facet(ports, tenant, facet, most))


def by_presence(ports: Ports, tenant: str) -> Tally:
    """Of how many an interface is ONLINE, and of how many none is: NOT_ONLINE."""
    return _kept(ports, tenant, PRESENCE) or _keep(ports, tenant, PRESENCE, _presence(ports, tenant))


def _facet(ports: Ports, tenant: str, facet: Facet, most: int) -> Tally:
    at, total = ports.clock.now(), ports.devices.count(tenant)
    values = ports.devices.values(tenant, facet, most + 1)
    counts = tuple((value, ports.devices.count(tenant, facet, value)) for value in values[:most])
    return Tally(at, total, counts, total < MOST_COUNTED and len(values) <= most)


def _presence(ports: Ports, tenant: str) -> Tally:
    at, total = ports.clock.now(), ports.devices.count(tenant)
    online = ports.mailboxes.count_online(tenant, MOST_COUNTED)
    return Tally(at, total, ((ONLINE, online), (NOT_ONLINE, max(total - online, 0))), total < MOST_COUNTED)


def _kept(ports: Ports, tenant: str, by: str) -> Tally | None:
    record = ports.records.get(tenant, KIND, by)
    tally = TALLY.read(record.body) if record is not None else None
    return tally if tally is not None and ports.clock.now() < tally.until else None


def _keep(ports: Ports, tenant: str, by: str, tally: Tally) -> Tally:
    """Of several who count at once the last one's is kept: each is true."""
    if tally.until > tally.at:
        ports.records.put(Record(tenant, KIND, by, TALLY.body(tally), expires=tally.until // 1000 + 1))
    return tally
