"""Of two who want the same at the same moment one goes on, though what is written is what both wanted to write."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.dialects.cumulocity import device_users
from chalicelib.fleet import delivering
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, Value
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.queues import lifecycle
from chalicelib.fleet.resources import updating
from chalicelib.fleet.resources.updates import DeviceResources, UpdateStatus
from chalicelib.fleet.twin import bootstrap, bootstrapping, observing, operating
from chalicelib.fleet.twin.bootstrap import BootstrapSpeaker
from chalicelib.fleet.twin.records import BootstrapEntry, Credential, Operation, OperationType, Sequence
from tests.fakes import START, MemoryPorts
from tests.fleet import updating_rig
from tests.fleet.rig import DEVICE, EVERYTHING, TENANT, Rig

OTHERS = pytest.mark.parametrize("others", [1, 2])


def overtake(table: Any, write: str, others: int, other: Callable[[], object]) -> None:
    """So many others do the whole of it between the first one's look and its write."""
    waiting, written = [other] * others, getattr(table, write)

    def overtaken(*given: Any, **named: Any) -> Any:
        if waiting:
            waiting.pop()()
        return written(*given, **named)

    setattr(table, write, overtaken)


def test_an_update_of_a_resource_that_another_run_is_sending_is_not_sent() -> None:
    ports = updating_rig.stocked()
    updating_rig.connect(ports, "s1")
    updating.request(ports, updating_rig.TENANT, updating_rig.DEVICE, updating_rig.FIRMWARE, "1.1", {})
    sent = ports.delivery.resource

    def deliver() -> None:
        delivering.deliver(ports, updating_rig.TENANT, updating_rig.DEVICE, ports.clock.now() + 60_000)

    def still_sending(*given: Any) -> Outcome:
        sent(*given)
        raise ConnectionError

    def deliver_for_long() -> None:
        ports.delivery.resource = still_sending  # type: ignore[assignment,method-assign]
        with pytest.raises(ConnectionError):
            deliver()
        ports.delivery.resource = sent  # type: ignore[method-assign]

    overtake(ports.resources, "replace", 1, deliver_for_long)
    deliver()
    assert len(ports.delivery.offers) == 1
    assert updating_rig.newest(ports).status is UpdateStatus.SENT


@OTHERS
def test_an_update_of_the_configuration_is_sent_once(rig: Rig, others: int) -> None:
    rig.connect(capabilities=EVERYTHING)
    target = Value(ParameterType.INT32, 1, rig.ports.clock.now())
    synchronizing.request(rig.ports, TENANT, DEVICE, {"p": target}, None)
    overtake(rig.ports.configurations, "replace", others, rig.deliver)
    rig.deliver()
    assert len(rig.ports.delivery.updates) == 1


@OTHERS
def test_an_operation_is_given_to_one_request_of_the_run_that_asks_twice_at_once(
    ports: MemoryPorts, others: int
) -> None:
    def read(id_: str, now: int) -> Operation:
        return Operation(id_, OperationType.EXECUTE, ("/3/0/4",), now, now, now)

    made = operating.create(ports, TENANT, DEVICE, read)
    given: list[object] = []

    def take() -> None:
        given.append(operating.take(ports, TENANT, DEVICE, "run-1", awaited=True))

    overtake(ports.records, "replace", others, take)
    take()
    (taken,) = [one for one in given if isinstance(one, Operation)]
    assert (taken.id, taken.tried) == (made.id, 1)
    assert operating.get(ports, TENANT, DEVICE, made.id).tried == 1


@OTHERS
def test_a_step_of_a_bootstrap_is_given_to_one_request_of_the_run(ports: MemoryPorts, others: int) -> None:
    entry = BootstrapEntry("e", "i", START, START, sequence=Sequence("s", ()))
    bootstrap.ENTRIES.create(ports, TENANT, "e", entry)
    speaker = BootstrapSpeaker(TENANT, entry, Credential("i", TENANT, "", "e", "1", ""))
    given: list[Sequence | None] = []

    def take() -> None:
        given.append(bootstrapping.take(ports, speaker, "run-1"))

    overtake(ports.records, "replace", others, take)
    take()
    assert len([one for one in given if one is not None]) == 1


@OTHERS
def test_a_request_to_observe_is_given_to_one(ports: MemoryPorts, others: int) -> None:
    observing.create(ports, TENANT, DEVICE, ("/3303/0",), None)
    given: list[object] = []

    def take() -> None:
        given.append(observing.take(ports, TENANT, DEVICE, "run-1"))

    overtake(ports.records, "replace", others, take)
    take()
    assert len([one for one in given if one is not None]) == 1


@OTHERS
def test_a_group_is_for_the_first_device_alone(ports: MemoryPorts, others: int) -> None:
    device_users.issue(ports, TENANT, "device_x", "password", START, group="7")
    given: list[str | None] = []

    def take() -> None:
        given.append(device_users.take_group(ports, TENANT, "device_x"))

    overtake(ports.records, "replace", others, take)
    take()
    take()
    assert [one for one in given if one is not None] == ["7"]


def test_who_asked_for_an_update_is_told_though_the_answer_of_each_write_was_lost() -> None:
    ports = updating_rig.stocked()
    lifecycle.create(ports, updating_rig.TENANT, "news")
    updating_rig.connect(ports, "s1")
    written = ports.resources.replace
    lost: list[DeviceResources] = []

    def losing(old: DeviceResources, new: DeviceResources) -> bool:
        if written(old, new):
            lost.append(new)
        return False

    ports.resources.replace = losing  # type: ignore[method-assign]
    tenant, device = updating_rig.TENANT, updating_rig.DEVICE
    updating.request(ports, tenant, device, updating_rig.FIRMWARE, "1.1", {}, "queue/news")
    ports.run_background()
    assert len(lost) == 3
    queue = ports.queues.get(tenant, "news")
    assert queue is not None
    # That it waits, and that it was sent.
    assert queue.number == 2
    assert (updating_rig.newest(ports).sending, updating_rig.newest(ports).draw) == (None, "")
