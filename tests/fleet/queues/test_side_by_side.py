"""Several messages under way to one consumer: those of different devices, never two of one device."""

from collections.abc import Iterable
from itertools import pairwise
from random import Random

import pytest

from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.queues import consumer_groups, publishing
from chalicelib.fleet.queues.consumer_groups import Lane
from chalicelib.fleet.queues.publishing import Arrival
from chalicelib.fleet.queues.pumping import AHEAD, BATCH
from tests.fleet.queue_rig import QUEUE, TENANT, QueueRig

APP = "app"
ROUND_TRIP = 100


@pytest.fixture
def rig() -> QueueRig:
    rig = QueueRig()
    rig.ports.delivery.takes = {APP: ROUND_TRIP}
    return rig


def publish(rig: QueueRig, devices: Iterable[str | None], at: int = 0) -> None:
    """One message about each, whose payload is the device and its number, in that order."""
    now = at or rig.ports.clock.now()
    arrivals = list[Arrival]()
    for device in devices:
        rig.published += 1
        arrivals.append(Arrival(f"{device}/{rig.published:05}".encode(), now, f"e{rig.published}", device))
    publishing.publish_all(rig.ports, TENANT, QUEUE, arrivals)


def seconds(rig: QueueRig, client: str = APP) -> float:
    moments = rig.departures(client)
    return (moments[-1] - moments[0]) / 1000


def under_way(rig: QueueRig, client: str = APP) -> int:
    """The most at any moment, where each took the same time."""
    moments = rig.departures(client)
    return max(sum(1 for m in moments if at - rig.ports.delivery.takes[client] < m <= at) for at in moments)


def test_a_fleet_is_delivered_at_the_rate_that_the_broker_takes_however_long_the_way(rig: QueueRig) -> None:
    publish(rig, [f"d{number % 50}" for number in range(800)])
    rig.listen(APP)
    rig.pump()
    assert rig.waiting() == []
    assert seconds(rig) <= 800 / consumer_groups.RATE * 1.2
    moments = rig.departures(APP)
    assert max(sum(1 for m in moments if at <= m < at + 1_000) for at in moments) <= consumer_groups.RATE


def test_the_order_of_each_device_is_kept(rig: QueueRig) -> None:
    random = Random(5)
    publish(rig, [f"d{random.randint(0, 9)}" for _ in range(500)])
    rig.listen(APP)
    rig.pump()
    for device in range(10):
        mine = [text for text in rig.received() if text.startswith(f"d{device}/")]
        assert mine == sorted(mine)
    assert len(set(rig.received())) == 500


@pytest.mark.parametrize("device", ["d1", None])
def test_what_is_about_one_device_or_about_none_goes_one_after_the_other(rig: QueueRig, device: str | None) -> None:
    publish(rig, [device] * 30)
    rig.listen(APP)
    rig.pump()
    assert rig.received() == sorted(rig.received())
    assert all(later - earlier >= ROUND_TRIP for earlier, later in pairwise(rig.departures(APP)))


def test_who_has_acknowledged_nothing_yet_has_one_message_under_way(rig: QueueRig) -> None:
    rig.ports.delivery.takes = {APP: 10_000}
    rig.ports.delivery.mute = {APP}
    publish(rig, [f"d{number}" for number in range(50)])
    rig.listen(APP)
    rig.pump()
    assert under_way(rig) == 1
    assert len(rig.waiting()) == 50


def test_no_more_are_under_way_than_a_window_holds(rig: QueueRig) -> None:
    rig.ports.delivery.takes = {APP: 2_000}
    publish(rig, [f"d{number}" for number in range(50)])
    rig.listen(APP)
    rig.pump()
    assert under_way(rig) == consumer_groups.WINDOW


def test_the_devices_behind_a_long_row_of_one_need_not_wait_for_it(rig: QueueRig) -> None:
    publish(rig, ["busy"] * (BATCH + 50) + ["other"])
    rig.listen(APP)
    rig.pump()
    places = [text.split("/")[0] for text in rig.received()]
    assert places.index("other") < 10
    assert rig.waiting() == []


def test_a_row_longer_than_is_known_at_once_is_delivered_whole(rig: QueueRig) -> None:
    publish(rig, ["busy"] * (AHEAD + 2 * BATCH) + ["other"] * 3)
    rig.listen(APP)
    rig.pump(60)
    assert rig.waiting() == []
    busy = [text for text in rig.received() if text.startswith("busy")]
    assert busy == sorted(busy)


def test_what_comes_for_another_device_meanwhile_is_found(rig: QueueRig) -> None:
    rig.ports.delivery.takes = {APP: 2_000}
    publish(rig, ["busy"] * 5)
    rig.listen(APP)
    rig.ports.delivery.meanwhile = lambda: publish(rig, ["other"])
    rig.pump()
    assert [text.split("/")[0] for text in rig.received()].index("other") <= 3


def test_what_was_not_acknowledged_comes_again_before_the_next_of_its_device(rig: QueueRig) -> None:
    publish(rig, ["a", "a", "b", "a", "b"])
    rig.ports.delivery.outcomes.extend([Outcome.CONFIRMED, Outcome.UNCONFIRMED, Outcome.UNCONFIRMED])
    rig.listen(APP)
    rig.pump()
    for device, mine in (("a", ["1", "2", "2", "4"]), ("b", ["3", "3", "5"])):
        assert [text[-1] for text in rig.received() if text.startswith(device)] == mine
    assert rig.waiting() == []


def test_all_that_fails_together_counts_as_one_failure(rig: QueueRig) -> None:
    """Its client was deaf for a moment: it does not rest for that."""
    publish(rig, [f"d{number}" for number in range(100)])
    rig.ports.delivery.outcomes.extend([Outcome.CONFIRMED, *[Outcome.UNCONFIRMED] * consumer_groups.WINDOW])
    rig.listen(APP)
    rig.pump()
    assert rig.waiting() == []
    assert seconds(rig) < 10


def test_a_client_that_went_is_asked_about_once_for_all_that_was_under_way(rig: QueueRig) -> None:
    publish(rig, [f"d{number}" for number in range(100)])
    rig.ports.delivery.outcomes.extend([Outcome.CONFIRMED, *[Outcome.ABSENT] * consumer_groups.WINDOW])
    rig.listen(APP)
    rig.pump()
    assert rig.ports.delivery.asked == [APP]
    assert len(rig.waiting()) == 99


def test_nothing_leaves_in_a_new_session_while_anything_is_under_way_to_the_old_one(rig: QueueRig) -> None:
    publish(rig, ["a", "b", "c"])
    first, second, third = rig.ports.queued.oldest(rig.queue, 0, limit=3)
    rig.listen(APP, session="s1")
    lane = Lane(rig.ports.consumers.rows[TENANT, APP])
    lane.begin(first, 0)
    lane.end(first, Outcome.CONFIRMED, 10)
    for message in (second, third):
        assert lane.has_room
        lane.begin(message, 20)
    rig.listen(APP, session="s2")
    lane.meet(rig.ports.consumers.rows[TENANT, APP])
    assert not lane.has_room
    assert lane.end(second, Outcome.CONFIRMED, 30) is None
    assert not lane.has_room
    assert lane.end(third, Outcome.UNCONFIRMED, 30) is None
    assert lane.has_room


def test_two_consumers_share_what_is_side_by_side(rig: QueueRig) -> None:
    rig.ports.delivery.takes = {APP: ROUND_TRIP, "bpp": ROUND_TRIP}
    publish(rig, [f"d{number}" for number in range(1_600)])
    rig.listen(APP)
    rig.listen("bpp")
    rig.pump()
    assert rig.waiting() == []
    assert min(len(rig.departures(client)) for client in (APP, "bpp")) > 600
