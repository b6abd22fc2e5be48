"""What an organization has set for this dialect."""

from dataclasses import replace

from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.documents import Record
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind, in_place_of

KIND = "ibm.settings"
_CACHE = "last-event-cache"


@dataclass(frozen=True, slots=True)
class EventCache(Extensible):
    """Whether the last events can be read, and how many days back they may be."""

    enabled: bool = True
    days: int = 7


EVENT_CACHE = Kind(EventCache)


def last_event_cache(ports: Ports, tenant: str) -> EventCache:
    record = ports.records.get(tenant, KIND, _CACHE)
    return EVENT_CACHE.read(record.body) if record else EventCache()


def set_last_event_cache(ports: Ports, tenant: str, wanted: EventCache) -> None:
    def written() -> bool | Again:
        old = ports.records.get(tenant, KIND, _CACHE)
        body = EVENT_CACHE.body(in_place_of(EVENT_CACHE.read(old.body) if old else None, wanted))
        # Two clients at once: the later one writes over the first. What was lost is written once more.
        if old is None:
            return ports.records.create(Record(tenant, KIND, _CACHE, body)) or AGAIN
        return old.body == body or ports.records.replace(old, replace(old, body=body)) or AGAIN

    insist(ports, "this setting", written)
