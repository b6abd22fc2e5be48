"""How many alarms of a managed object are open, by severity: counted beside it whenever that changes, not by reading.

What is kept is what was counted, never one more or less than before, so that whatever is told twice counts once.
"""

from collections import Counter

from chalicelib.fleet import ids
from chalicelib.fleet.data import open_alarms
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports

_TRIES = 3


def count(ports: Ports, tenant: str, source: str) -> None:
    """To be called after alarms of that source were opened, closed, or given another severity."""
    first: int | None = None
    for _ in range(_TRIES):
        found = _object(ports, tenant, source)
        if found is None:
            return
        if first is None:
            first = found.alarms_counted
        elif found.alarms_counted > first + 1:
            # Whoever counted last began after this was called, and so has seen what there was to be counted.
            return
        every = [one for name in found.sources for one in open_alarms.of_source(ports, tenant, name)]
        # Another count may have begun before this one, and end after it with what is no longer so.
        if ports.objects.count_alarms(found, Counter(one.severity.value for one in every)):
            return


def _object(ports: Ports, tenant: str, source: str) -> ManagedObject | None:
    number = source if ids.is_number(source) else (ids.device_name(source) or ("", ""))[1]
    found = ports.objects.get(tenant, number) if ids.is_number(number) else None
    if found is not None and source in found.sources:
        return found
    device = ports.devices.get(tenant, source)
    return ports.objects.get(tenant, device.number) if device is not None and device.number else None
