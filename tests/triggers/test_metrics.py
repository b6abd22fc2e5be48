import json

import pytest

from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import AckMode, Policy
from chalicelib.fleet.commands.transitions import claimed
from chalicelib.fleet.inventory.records import Device
from chalicelib.triggers import metrics
from tests.fakes import START, MemoryPorts


def processing(ports: MemoryPorts) -> None:
    """A command that was sent and whose acknowledgement is due in 60 s."""
    ports.devices.create(Device("t", "d", START, START))
    policy = Policy(ack_mode=AckMode.APPLICATIVE, ack_timeout=60, expiration=600)
    made = creating.create(ports, "t", "d", Order("mqtt", {"req": "x"}, policy))
    sent = claimed(made, START, 1, "node")
    assert ports.commands.replace(made, sent)


def test_nothing_overdue_is_said_as_zero() -> None:
    said: list[str] = []
    metrics.tell_overdue(MemoryPorts(), said.append)
    assert json.loads(said[0])[metrics.OLDEST_OVERDUE] == [0]


def test_a_command_left_behind_is_as_late_as_its_deadline_is_past() -> None:
    ports = MemoryPorts()
    processing(ports)
    ports.clock.advance(seconds=60 + 7 * 24 * 3600)
    assert metrics.most_overdue(ports) == 7 * 24 * 3600


def test_a_figure_is_told_by_stage_alone_in_the_embedded_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOMEPORT_STAGE", "blue")
    said: list[str] = []
    ports = MemoryPorts()
    metrics.tell_overdue(ports, said.append)
    line = json.loads(said[0])
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive == {
        "Namespace": metrics.NAMESPACE,
        "Dimensions": [["Stage"]],
        "Metrics": [{"Name": metrics.OLDEST_OVERDUE, "Unit": "Seconds"}],
    }
    assert (line["Stage"], line["_aws"]["Timestamp"]) == ("blue", ports.clock.now())
