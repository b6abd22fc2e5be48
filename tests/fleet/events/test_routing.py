"""Events reach the queues and webhooks of the policies that ask for them, and nobody else."""

import json
from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.commands.records import Status
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, Value
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import LimitReached, PolicyNotFound
from chalicelib.fleet.events import policies, routing
from chalicelib.fleet.events.events import EventKind, of_command
from chalicelib.fleet.events.records import ActionPolicy, Filter, GroupPath, HttpPush, QueuePublish
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.queues import lifecycle, queues
from chalicelib.fleet.queues.records import MAX_PAYLOAD
from tests.fakes import MemoryPolicies
from tests.fleet.rig import DEVICE, TENANT, Rig

QUEUE = "events"


def policy(kind: EventKind, chosen: Filter = Filter(), policy_id: str = "p1", **changes: Any) -> ActionPolicy:  # noqa: B008 - frozen
    made = ActionPolicy(
        TENANT, policy_id, "dialect", "n", 0, triggers={kind: chosen}, queues=(QueuePublish("a", QUEUE),)
    )
    return replace(made, **changes)


def message(number: int = 1, **changes: Any) -> DataMessage:
    metadata = {"source": DEVICE, "connector": "mqtt", "group": {"id": "g", "path": "/france/paris"}}
    made = DataMessage(TENANT, f"{number:024x}", "s", number, number, {}, tags=("hot", "prod"), metadata=metadata)
    return replace(made, **changes)


def told(rig: Rig, queue: str = QUEUE) -> list[dict[str, Any]]:
    """What is in the queue."""
    found = queues.get(rig.ports, TENANT, queue)
    return [json.loads(m.payload) for m in rig.ports.queued.oldest(found, rig.ports.clock.now(), limit=100)]


class TestFilters:
    @pytest.mark.parametrize(
        ("chosen", "accepted"),
        [
            (Filter(), True),
            (Filter(connectors=frozenset({"mqtt", "lora"})), True),
            (Filter(connectors=frozenset({"lora"})), False),
            (Filter(devices=frozenset({DEVICE})), True),
            (Filter(devices=frozenset({"other"})), False),
            (Filter(groups=(GroupPath("/france/paris"),)), True),
            (Filter(groups=(GroupPath("/france"),)), False),
            (Filter(groups=(GroupPath("/france", below=True),)), True),
            (Filter(groups=(GroupPath("/fran", below=True),)), False),
            (Filter(groups=(GroupPath("/", below=True),)), True),
            (Filter(tags=(frozenset({"hot"}),)), True),
            (Filter(tags=(frozenset({"hot", "test"}), frozenset({"prod"}))), True),
            (Filter(tags=(frozenset({"hot", "test"}),)), False),
            (Filter(devices=frozenset({DEVICE}), connectors=frozenset({"lora"})), False),
        ],
    )
    def test_a_filter_accepts_what_fits_all_of_its_fields(self, rig: Rig, chosen: Filter, *, accepted: bool) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, chosen))
        messages.store(rig.ports, message())
        assert len(told(rig)) == accepted


class TestData:
    def test_without_a_policy_nothing_is_read_and_nothing_written(self, rig: Rig) -> None:
        messages.store(rig.ports, message())
        assert rig.ports.policies.asked == 0
        assert rig.ports.queued.rows == {}
        assert rig.ports.pushes.sent == []

    def test_a_message_is_told_once_however_often_it_arrives(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE))
        for _ in range(2):
            messages.store(rig.ports, message())
        assert len(told(rig)) == 1

    def test_two_policies_with_one_queue_tell_it_once(self, rig: Rig) -> None:
        for name in ("p1", "p2"):
            policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, policy_id=name))
        messages.store(rig.ports, message())
        assert len(told(rig)) == 1

    def test_a_disabled_policy_does_nothing(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, enabled=False))
        messages.store(rig.ports, message())
        assert told(rig) == []

    def test_without_retention_it_is_told_to_those_who_listen_only(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, queues=(QueuePublish("a", QUEUE, retain=False),)))
        messages.store(rig.ports, message())
        assert told(rig) == []

    def test_a_queue_that_is_gone_is_told_to_the_audit_log_and_keeps_nothing_from_others(self, rig: Rig) -> None:
        policies.save(
            rig.ports, policy(EventKind.DATA_MESSAGE, queues=(QueuePublish("a", "gone"), QueuePublish("b", QUEUE)))
        )
        lifecycle.delete(rig.ports, TENANT, "gone")
        messages.store(rig.ports, message())
        assert "queue gone" in next(iter(rig.ports.audit.rows.values())).reason
        assert len(told(rig)) == 1

    def test_a_webhook_gets_the_event_through_the_queue_of_pushes(self, rig: Rig) -> None:
        push = HttpPush("h", "https://example.org/")
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, queues=(), pushes=(push,)))
        messages.store(rig.ports, message())
        (sent,) = rig.ports.pushes.sent
        assert (sent.policy, sent.action, json.loads(sent.body)["kind"]) == ("p1", "h", "data")

    def test_messages_in_bulk_are_told_in_order_with_the_calls_of_one(self, rig: Rig) -> None:
        for name in ("p1", "p2"):
            policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, policy_id=name))
        messages.store_all(rig.ports, [(message(number), None) for number in range(1, 51)])
        assert [e["id"] for e in told(rig)] == [f"{number:024x}" for number in range(1, 51)]
        assert queues.get(rig.ports, TENANT, QUEUE).number == 50

    def test_what_is_too_big_for_a_queue_is_told_to_the_audit_log_and_holds_up_nothing(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE))
        big = message(1, metadata={"source": "x" * MAX_PAYLOAD, "connector": "mqtt"})
        messages.store_all(rig.ports, [(big, None), (message(2), None)])
        assert [e["id"] for e in told(rig)] == [f"{2:024x}"]
        assert "more than" in next(iter(rig.ports.audit.rows.values())).reason


class TestDevices:
    def test_a_device_that_is_registered_and_deleted_is_told(self, rig: Rig) -> None:
        both = {EventKind.DEVICE_CREATED: Filter(), EventKind.DEVICE_DELETED: Filter()}
        policies.save(rig.ports, policy(EventKind.DEVICE_CREATED, triggers=both))
        devices.register(rig.ports, Device(TENANT, "new", 1, 1))
        devices.delete(rig.ports, TENANT, "new")
        assert [(e["kind"], e["device"]) for e in told(rig)] == [("device created", "new"), ("device deleted", "new")]

    def test_coming_and_going_is_told(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DEVICE_STATUS))
        rig.connect()
        rig.pass_time(1)
        rig.disconnect()
        assert [e["status"] for e in told(rig)] == ["online", "offline"]

    def test_a_repeated_lifecycle_event_is_told_once(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DEVICE_STATUS))
        for _ in range(2):
            connecting.connected(rig.ports, rig.claim, "s1", 5_000)
        for _ in range(2):
            connecting.disconnected(rig.ports, rig.claim, "s1", 6_000)
        assert [e["status"] for e in told(rig)] == ["online", "offline"]

    def test_the_late_end_of_an_earlier_session_is_not_told(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DEVICE_STATUS))
        connecting.connected(rig.ports, rig.claim, "s2", 5_000)
        connecting.disconnected(rig.ports, rig.claim, "s1", 6_000)
        assert [e["status"] for e in told(rig)] == ["online"]


class TestCommands:
    def test_each_status_of_a_command_is_told(self, online: Rig) -> None:
        policies.save(online.ports, policy(EventKind.COMMAND_STATUS))
        command = online.sent()
        online.answer(command)
        assert [e["status"] for e in told(online)] == ["PENDING", "PROCESSING", "PROCESSED"]

    def test_a_filter_by_status_holds(self, online: Rig) -> None:
        policies.save(online.ports, policy(EventKind.COMMAND_STATUS, Filter(statuses=frozenset({"PROCESSED"}))))
        online.answer(online.sent())
        assert [e["status"] for e in told(online)] == ["PROCESSED"]

    def test_a_status_is_told_to_the_queue_that_the_command_names(self, rig: Rig) -> None:
        lifecycle.create(rig.ports, TENANT, QUEUE)
        command = replace(rig.create(), notify_to=f"queue/{QUEUE}")
        routing.command(rig.ports, command)
        assert [e["status"] for e in told(rig)] == ["PENDING"]

    @pytest.mark.parametrize("destination", ["topic/events", "queue", "queue/"])
    def test_a_destination_that_is_no_queue_is_passed_over(self, rig: Rig, destination: str) -> None:
        routing.command(rig.ports, replace(rig.create(), notify_to=destination))
        assert rig.ports.audit.rows == {}
        assert rig.ports.queued.rows == {}


class TestConfiguration:
    def test_a_change_of_its_status_is_told_to_the_queue_that_the_request_names(self, rig: Rig) -> None:
        lifecycle.create(rig.ports, TENANT, QUEUE)
        asked = {"p": Value(ParameterType.INT32, 1, 1)}
        synchronizing.request(rig.ports, TENANT, DEVICE, asked, f"queue/{QUEUE}")
        rig.pass_time(1)
        synchronizing.report(rig.ports, TENANT, DEVICE, asked, None)
        rig.pass_time(1)
        synchronizing.report(rig.ports, TENANT, DEVICE, asked, None)
        assert [e["kind"] for e in told(rig)] == ["configuration status"] * 2


class Vanishing(MemoryPolicies):
    """Somebody else deletes what is about to be changed."""

    def change(self, policy: ActionPolicy) -> bool:
        self.rows.pop((policy.tenant, policy.id), None)
        return super().change(policy)


class TestPolicies:
    def test_the_queues_that_a_policy_names_are_made(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE))
        assert queues.get(rig.ports, TENANT, QUEUE).max_bytes is None

    def test_a_policy_can_be_switched_and_deleted(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE))
        assert not policies.enable(rig.ports, TENANT, "p1", enabled=False).enabled
        policies.delete(rig.ports, TENANT, "p1")
        with pytest.raises(PolicyNotFound):
            policies.get(rig.ports, TENANT, "p1")

    def test_a_policy_that_is_deleted_while_it_is_switched_stays_away(self, rig: Rig) -> None:
        made = policies.save(rig.ports, policy(EventKind.DATA_MESSAGE))
        rig.ports.policies = Vanishing({(made.tenant, made.id): made})
        with pytest.raises(PolicyNotFound):
            policies.enable(rig.ports, TENANT, "p1", enabled=False)
        assert policies.every(rig.ports, TENANT) == []

    def test_a_policy_that_is_deleted_while_it_is_changed_is_made_anew(self, rig: Rig) -> None:
        made = policies.save(rig.ports, policy(EventKind.DATA_MESSAGE))
        rig.ports.policies = Vanishing({(made.tenant, made.id): made})
        changed = policies.save(rig.ports, replace(made, name="changed"))
        assert policies.every(rig.ports, TENANT) == [changed]

    def test_a_policy_of_another_tenant_is_not_there(self, rig: Rig) -> None:
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE))
        with pytest.raises(PolicyNotFound):
            policies.delete(rig.ports, "other", "p1")

    def test_a_tenant_has_a_hundred_policies(self, rig: Rig) -> None:
        for number in range(policies.MAX_POLICIES):
            policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, policy_id=f"p{number}"))
        with pytest.raises(LimitReached):
            policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, policy_id="more"))
        policies.save(rig.ports, policy(EventKind.DATA_MESSAGE, policy_id="p1", enabled=False))


def test_an_event_has_one_id_however_often_it_is_told(online: Rig) -> None:
    command = online.sent()
    assert of_command(command) == of_command(command)
    assert of_command(command).id != of_command(replace(command, status=Status.PROCESSED)).id
