"""What an organization has set for this dialect."""

from dataclasses import dataclass, replace

from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.documents import Record
from chalicelib.fleet.errors import Contended
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
    for _ in tries(ports):
        old = ports.records.get(tenant, KIND, _CACHE)
        body = EVENT_CACHE.body(in_place_of(EVENT_CACHE.read(old.body) if old else None, wanted))
        new = Record(tenant, KIND, _CACHE, body)
        if ports.records.create(new) if old is None else ports.records.replace(old, replace(old, body=body)):
            return
    raise Contended("this setting is written by too many at once")
