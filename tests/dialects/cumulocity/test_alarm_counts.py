"""`c8y_ActiveAlarmsStatus`: how many alarms of an object are open (reference, "Managed objects")."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.fleet.data import alarm_counts, alarms
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from tests.dialects.cumulocity.client import Client
from tests.fakes import MemoryPorts
from tests.fakes.objects import MemoryObjects

pytestmark = pytest.mark.row("G6")
OBJECTS, ALARMS, NAME = "/inventory/managedObjects", "/alarm/alarms", "c8y_ActiveAlarmsStatus"
NONE = {"critical": 0, "major": 0, "minor": 0, "warning": 0}


class Pump:
    def __init__(self) -> None:
        self.client = Client()
        self.id = self.client.made(OBJECTS, {"name": "pump", "type": "p", "c8y_IsDevice": {}})["id"]

    def raised(self, type_: str, severity: str = "MAJOR", **more: Any) -> str:
        body = {"source": {"id": self.id}, "type": type_, "text": "x", "time": "2026-01-02T03:04:05Z"}
        return str(self.client.made(ALARMS, {**body, "severity": severity, **more})["id"])

    def changed(self, alarm: str, **body: Any) -> None:
        assert self.client.call("PUT", f"{ALARMS}/{alarm}", body).status == 200

    def shown(self) -> Any:
        return self.client.get(f"{OBJECTS}/{self.id}").body.get(NAME)


@pytest.fixture
def pump() -> Pump:
    return Pump()


def counted(**severities: int) -> dict[str, int]:
    return {**NONE, **severities}


def test_what_is_open_is_counted_by_severity_through_an_alarms_life(pump: Pump) -> None:
    assert pump.shown() is None
    hot, cold = pump.raised("hot"), pump.raised("cold", "CRITICAL")
    assert pump.shown() == counted(major=1, critical=1)
    assert pump.raised("hot") == hot
    pump.changed(hot, status="ACKNOWLEDGED")
    assert pump.shown() == counted(major=1, critical=1)
    pump.changed(hot, severity="WARNING")
    assert pump.shown() == counted(warning=1, critical=1)
    pump.changed(cold, status="CLEARED")
    assert pump.shown() == counted(warning=1)
    pump.changed(cold, status="ACTIVE")
    assert pump.shown() == counted(warning=1, critical=1)
    pump.changed(cold, status="CLEARED")
    pump.raised("over", status="CLEARED")
    assert pump.client.call("DELETE", ALARMS, source=pump.id).status == 204
    assert pump.shown() == NONE


def test_lists_show_it_and_are_filtered_by_it(pump: Pump) -> None:
    other = pump.client.made(OBJECTS, {"name": "calm", "type": "p"})["id"]
    pump.raised("hot", "CRITICAL")

    def found(**query: str) -> list[str]:
        return [one["id"] for one in pump.client.get(OBJECTS, **query).body["managedObjects"]]

    assert found(query=f"{NAME}.critical gt 0") == [pump.id]
    assert found(query=f"has({NAME})") == found(fragmentType=NAME) == [pump.id]
    assert found(query=f"type eq 'p' and not has({NAME})") == [other]
    every = pump.client.get(OBJECTS, type="p").body["managedObjects"]
    assert [one.get(NAME) for one in every] == [counted(critical=1), None]


def test_nobody_says_it_and_a_change_of_the_object_leaves_it(pump: Pump) -> None:
    pump.raised("hot")
    pump.client.call("PUT", f"{OBJECTS}/{pump.id}", {NAME: {"major": 7}, "mine": {"n": 1}})
    assert pump.shown() == counted(major=1)


def test_whoever_clears_it_another_way_has_it_counted(pump: Pump) -> None:
    client, alarm = pump.client, pump.raised("hot")
    client.ports.clock.advance(ms=1)
    alarms.clear(client.ports, client.tenant.id, f"urn:lo:nsid:c8y:{pump.id}", "hot", alarms.stamp(client.ports))
    assert pump.shown() == NONE
    assert client.get(f"{ALARMS}/{alarm}").body["status"] == "CLEARED"


def test_a_raise_that_is_told_again_counts_once(pump: Pump) -> None:
    ports, tenant, source = pump.client.ports, pump.client.tenant.id, f"urn:lo:nsid:c8y:{pump.id}"
    report = alarms.Report(source, "hot", Severity.MINOR, "x", ports.clock.now())
    stamped = alarms.stamp(ports)
    for _ in range(3):
        alarms.raise_(ports, tenant, report, stamped)
    assert pump.shown() == counted(minor=1)


class Overtaken(MemoryObjects):
    """Before a count is written, another alarm is raised and counted."""

    def __init__(self, ports: MemoryPorts, *types: str) -> None:
        super().__init__(**vars(ports.objects))
        self.ports, self.types = ports, list(types)

    def count_alarms(self, old: ManagedObject, alarms_: Mapping[str, int]) -> bool:
        if self.types:
            report = alarms.Report(old.source, self.types.pop(), Severity.MINOR, "x", self.ports.clock.now())
            alarms.raise_(self.ports, old.tenant, report, alarms.stamp(self.ports))
        return super().count_alarms(old, alarms_)


@pytest.mark.parametrize("others", [1, 2, 3, 7])
def test_counts_that_overtake_each_other_miss_nothing(pump: Pump, others: int) -> None:
    ports = pump.client.ports
    ports.objects = Overtaken(ports, *(f"other {n}" for n in range(others)))
    pump.raised("hot")
    assert pump.shown() == counted(major=1, minor=others)


def test_what_is_gone_is_not_counted(pump: Pump) -> None:
    ports, tenant = pump.client.ports, pump.client.tenant.id
    pump.raised("hot")
    pump.client.call("DELETE", f"{OBJECTS}/{pump.id}")
    alarm_counts.count(ports, tenant, f"urn:lo:nsid:c8y:{pump.id}")
    alarm_counts.count(ports, tenant, "somebody")
    assert pump.client.get(f"{OBJECTS}/{pump.id}").status == 404
