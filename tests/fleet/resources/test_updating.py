"""Resources of devices: from the target version to the report that the device has it."""

import json
from dataclasses import replace

import pytest

from chalicelib.fleet import delivering
from chalicelib.fleet.errors import (
    Conflict,
    DeviceNotFound,
    Invalid,
    ResourceNotFound,
    TemporarilyUnavailable,
    VersionNotFound,
)
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.mailbox import LEASE
from chalicelib.fleet.presence.records import Capability
from chalicelib.fleet.queues import lifecycle, queues
from chalicelib.fleet.resources import catalog, links, updating
from chalicelib.fleet.resources.records import ResourceVersion
from chalicelib.fleet.resources.updates import MAX_HISTORY, Failure, Origin, UpdateStatus
from tests.fakes import START, MemoryPorts
from tests.fleet.updating_rig import (
    CONTENT,
    DEVICE,
    FIRMWARE,
    MD5,
    TENANT,
    accept,
    add,
    ask,
    connect,
    newest,
    report,
    stocked,
    todo,
)


@pytest.fixture
def ports() -> MemoryPorts:
    return stocked()


def test_a_connected_device_is_told_where_the_file_is(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    report(ports, "1.0")
    ask(ports, "1.1", reason="bug")
    ((_, offer),) = ports.delivery.offers
    assert (offer.resource, offer.initial, offer.version) == (FIRMWARE, "1.0", "1.1")
    assert (offer.md5, offer.size) == (MD5, len(CONTENT))
    assert offer.uri == f"https://files.test/f1.1?for={links.SIGNED_VALID}"
    assert offer.metadata == {"board": "X11", "reason": "bug"}
    assert newest(ports).status is UpdateStatus.SENT


def test_it_is_done_when_the_device_reports_the_version(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    assert accept(ports)
    assert newest(ports).status is UpdateStatus.ACCEPTED
    report(ports, "1.1")
    assert newest(ports).status is UpdateStatus.DONE
    assert updating.get(ports, TENANT, DEVICE).resources[FIRMWARE].reported is not None


def test_an_update_waits_for_the_device(ports: MemoryPorts) -> None:
    ask(ports, "1.1")
    assert newest(ports).status is UpdateStatus.PENDING
    connect(ports, "s1")
    assert newest(ports).status is UpdateStatus.SENT


def test_what_a_session_left_unanswered_is_told_to_the_next(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    delivering.deliver(ports, TENANT, DEVICE, ports.clock.now())
    assert len(ports.delivery.offers) == 1
    connect(ports, "s2")
    assert [offer.correlation for _, offer in ports.delivery.offers] == [newest(ports).correlation] * 2


def test_nothing_waits_once_it_is_accepted(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    assert todo(ports) == {Capability.RESOURCE}
    accept(ports)
    connect(ports, "s2")
    assert len(ports.delivery.offers) == 1
    assert todo(ports) == frozenset()


def test_a_refusal_ends_the_update_with_its_reason(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    updating.refuse(ports, TENANT, DEVICE, newest(ports).correlation, "WRONG_SOURCE_VERSION")
    assert newest(ports).status is UpdateStatus.FAILED
    assert newest(ports).failure == Failure(Origin.DEVICE, "WRONG_SOURCE_VERSION")


def test_asking_again_after_a_failure_is_a_new_update(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    updating.fail(ports, TENANT, DEVICE, None, Failure(Origin.DEVICE, "DEVICE_ERROR", "crc", "bad"))
    ask(ports, "1.1")
    assert [u.status for u in updating.get(ports, TENANT, DEVICE).updates] == [UpdateStatus.FAILED, UpdateStatus.SENT]
    assert len(ports.delivery.offers) == 2


def test_a_busy_device_is_asked_again_in_its_next_session(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    updating.put_off(ports, TENANT, DEVICE, newest(ports).correlation)
    delivering.deliver(ports, TENANT, DEVICE, ports.clock.now())
    assert (len(ports.delivery.offers), newest(ports).status) == (1, UpdateStatus.PENDING)
    connect(ports, "s2")
    assert (len(ports.delivery.offers), newest(ports).status) == (2, UpdateStatus.SENT)


def test_a_busy_device_is_asked_again_when_it_reports(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    updating.put_off(ports, TENANT, DEVICE, newest(ports).correlation)
    report(ports, "1.0")
    assert len(ports.delivery.offers) == 2


def test_another_target_takes_the_place_of_the_first(ports: MemoryPorts) -> None:
    ask(ports, "1.1")
    ask(ports, "1.2")
    statuses = [(u.requested, u.status) for u in updating.get(ports, TENANT, DEVICE).updates]
    assert statuses == [("1.1", UpdateStatus.CANCELED), ("1.2", UpdateStatus.PENDING)]


def test_asking_twice_is_asking_once(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    ask(ports, "1.1")
    assert len(updating.get(ports, TENANT, DEVICE).updates) == 1
    assert len(ports.delivery.offers) == 1


def test_asking_again_for_what_was_accepted_tries_again(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    accept(ports)
    ask(ports, "1.1")
    assert [u.status for u in updating.get(ports, TENANT, DEVICE).updates] == [UpdateStatus.CANCELED, UpdateStatus.SENT]


def test_what_the_device_has_needs_no_update(ports: MemoryPorts) -> None:
    report(ports, "1.1")
    ask(ports, "1.1")
    assert updating.get(ports, TENANT, DEVICE).updates == ()


def test_an_alias_names_a_version(ports: MemoryPorts) -> None:
    catalog.update(ports, TENANT, FIRMWARE, lambda r: replace(r, aliases={"prod": "1.2"}))
    ask(ports, "prod")
    assert newest(ports).requested == "1.2"


def test_only_compatible_versions_can_be_updated(ports: MemoryPorts) -> None:
    add(ports, "2.0", "1.2")
    report(ports, "1.1")
    with pytest.raises(Conflict):
        ask(ports, "2.0")
    report(ports, "1.2")
    ask(ports, "2.0")


def test_what_is_not_there_cannot_be_requested(ports: MemoryPorts) -> None:
    with pytest.raises(VersionNotFound):
        ask(ports, "9")
    with pytest.raises(ResourceNotFound):
        updating.request(ports, TENANT, DEVICE, "nothing", "1.1", {})
    with pytest.raises(DeviceNotFound):
        updating.request(ports, TENANT, "urn:lo:nsid:no:no", FIRMWARE, "1.1", {})


def test_a_canceled_update_is_not_sent(ports: MemoryPorts) -> None:
    ask(ports, "1.1")
    updating.cancel(ports, TENANT, DEVICE, FIRMWARE)
    connect(ports, "s1")
    assert ports.delivery.offers == []
    with pytest.raises(Conflict):
        updating.cancel(ports, TENANT, DEVICE, FIRMWARE)


def test_a_late_answer_does_not_revive_a_canceled_update(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ask(ports, "1.1")
    updating.cancel(ports, TENANT, DEVICE, None)
    assert accept(ports)
    assert not updating.fail(ports, TENANT, DEVICE, None, Failure(Origin.DEVICE))
    assert newest(ports).status is UpdateStatus.CANCELED


def test_an_unknown_correlation_id_is_said_to_be_unknown(ports: MemoryPorts) -> None:
    assert not updating.accept(ports, TENANT, DEVICE, 1, START)
    assert not updating.put_off(ports, TENANT, DEVICE, 1)
    assert not updating.refuse(ports, TENANT, DEVICE, 1, "INTERNAL_ERROR")


def test_an_answer_may_overtake_the_end_of_its_delivery(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ports.delivery.meanwhile = lambda: accept(ports)
    ports.delivery.outcomes.append(Outcome.UNCONFIRMED)
    ask(ports, "1.1")
    assert newest(ports).status is UpdateStatus.ACCEPTED


def test_a_broker_that_is_busy_is_tried_again(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ports.delivery.outcomes.append(Outcome.BUSY)
    with pytest.raises(TemporarilyUnavailable):
        ask(ports, "1.1")
    assert newest(ports).status is UpdateStatus.PENDING
    delivering.deliver(ports, TENANT, DEVICE, ports.clock.now())
    assert newest(ports).status is UpdateStatus.SENT


def test_a_device_that_has_gone_is_told_when_it_comes_back(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ports.delivery.outcomes.append(Outcome.ABSENT)
    ask(ports, "1.1")
    assert newest(ports).status is UpdateStatus.PENDING
    connect(ports, "s2")
    assert newest(ports).status is UpdateStatus.SENT


def test_what_can_never_be_delivered_has_failed(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ports.delivery.outcomes.append(Outcome.REFUSED)
    ask(ports, "1.1")
    assert newest(ports).failure == Failure(Origin.INTERNAL, "DELIVERY_REFUSED")


def test_a_version_deleted_meanwhile_fails_the_update(ports: MemoryPorts) -> None:
    ask(ports, "1.1")
    catalog.delete_version(ports, TENANT, FIRMWARE, "1.1")
    connect(ports, "s1")
    failure = newest(ports).failure
    assert failure is not None
    assert failure.code == "RESOURCE_VERSION_UNAVAILABLE"
    assert ports.delivery.offers == []


def test_two_deliveries_at_once_tell_the_device_once(ports: MemoryPorts) -> None:
    connect(ports, "s1")
    ports.delivery.meanwhile = lambda: delivering.deliver(ports, TENANT, DEVICE, ports.clock.now())
    ask(ports, "1.1")
    assert len(ports.delivery.offers) == 1


def test_whoever_crashed_while_telling_is_followed_by_another(ports: MemoryPorts) -> None:
    connect(ports, "s1")

    def crash() -> None:
        raise RuntimeError("out of memory")

    ports.delivery.meanwhile = crash
    with pytest.raises(RuntimeError):
        ask(ports, "1.1")
    ports.clock.advance(ms=LEASE)
    delivering.deliver(ports, TENANT, DEVICE, ports.clock.now())
    assert len(ports.delivery.offers) == 2


def test_a_withdrawn_request_cancels_its_update(ports: MemoryPorts) -> None:
    ask(ports, "1.1")
    updating.withdraw(ports, TENANT, DEVICE, FIRMWARE)
    assert newest(ports).status is UpdateStatus.CANCELED
    assert updating.get(ports, TENANT, DEVICE).resources[FIRMWARE].requested is None
    with pytest.raises(ResourceNotFound):
        updating.withdraw(ports, TENANT, DEVICE, FIRMWARE)


def test_the_history_ends_somewhere(ports: MemoryPorts) -> None:
    for number in range(MAX_HISTORY + 5):
        ask(ports, ("1.1", "1.2")[number % 2])
    assert len(updating.get(ports, TENANT, DEVICE).updates) == MAX_HISTORY
    assert newest(ports).status is UpdateStatus.PENDING


def test_a_wrong_checksum_is_refused(ports: MemoryPorts) -> None:
    version = ResourceVersion(TENANT, FIRMWARE, "3", START, START, "0" * 32, 0, "f3")
    with pytest.raises(Invalid):
        catalog.add_version(ports, version, CONTENT)


def test_a_file_that_is_to_be_uploaded_has_to_come_first(ports: MemoryPorts) -> None:
    version = ResourceVersion(TENANT, FIRMWARE, "3", START, START, MD5, len(CONTENT), "f3")
    catalog.announce_version(ports, version)
    with pytest.raises(Conflict):
        ask(ports, "3")
    ports.files.put("f3", b"something else")
    with pytest.raises(Conflict):
        ask(ports, "3")
    ports.files.put("f3", CONTENT)
    ask(ports, "3")


def test_a_deleted_resource_leaves_no_file(ports: MemoryPorts) -> None:
    catalog.delete(ports, TENANT, FIRMWARE)
    assert ports.files.rows == {}
    assert ports.catalog.versions(TENANT, FIRMWARE) == []


def test_a_deleted_device_leaves_no_resources(ports: MemoryPorts) -> None:
    ask(ports, "1.1")
    devices.delete(ports, TENANT, DEVICE)
    assert ports.resources.get(TENANT, DEVICE) is None


def test_each_status_is_told_once_to_the_queue_that_the_request_names(ports: MemoryPorts) -> None:
    lifecycle.create(ports, TENANT, "told")
    connect(ports, "s1")
    updating.request(ports, TENANT, DEVICE, FIRMWARE, "1.1", {}, "queue/told")
    ports.run_background()
    report(ports, "1.1")
    report(ports, "1.1")
    queue = queues.get(ports, TENANT, "told")
    told = [json.loads(message.payload) for message in ports.queued.oldest(queue, ports.clock.now(), limit=9)]
    assert [event["status"] for event in told] == ["PENDING", "SENT", "DONE"]
    assert {(event["kind"], event["device"]) for event in told} == {("resource status", DEVICE)}
