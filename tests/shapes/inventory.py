"""Objects, alarms and tombstones, as the use cases make them."""

from chalicelib.fleet.data import alarms, deleting
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.inventory import objects
from tests.fakes import START, MemoryPorts
from tests.fleet.rig import DEVICE, TENANT


def objected() -> MemoryPorts:
    ports = MemoryPorts()
    objects.create(ports, TENANT, objects.Draft("n", "t", "o", {"f": 1}))
    return ports


def object_of(ports: MemoryPorts) -> str:
    return next(number for _, number in ports.objects.rows)


def alarmed() -> MemoryPorts:
    ports = MemoryPorts()
    report = alarms.Report(DEVICE, "hot", Severity.MAJOR, "it is hot", START, {"f": 1})
    alarms.raise_(ports, TENANT, report, alarms.stamp(ports))
    return ports


def alarm_of(ports: MemoryPorts) -> str:
    return next(number for _, number in ports.alarms.rows)


def buried() -> MemoryPorts:
    ports = MemoryPorts()
    deleting.of_stream(ports, TENANT, DEVICE, deleting.Chosen(frozenset({"data"}), frozenset({"m"}), 1, START), DEVICE)
    return ports
