"""The alarms of a source that are open, as they are now."""

from chalicelib.fleet.data.alarm_records import Alarm
from chalicelib.fleet.ports import Ports


def of_source(ports: Ports, tenant: str, source: str) -> list[Alarm]:
    """Oldest first."""
    found = ports.alarms.some(tenant, ports.alarms.seated(tenant, source))
    return sorted((one for one in found if one.open and one.source == source), key=lambda one: int(one.id))
