"""Messages of queues leave as direct messages, one under way to a client, at a rate that the broker takes."""

import threading
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.delivery.iot_core import IotCoreDelivery
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Route
from chalicelib.fleet.queues.records import QueuedMessage
from tests.clients import PATIENCE_S


class IotData:
    """The `iot-data` client as far as messages use it; `errors` by client id. With `together` it waits for so many.

    Who is in `waiting` acknowledges only then.
    """

    def __init__(self, together: int = 1, waiting: Mapping[str, threading.Event] | None = None, **errors: str) -> None:
        self.errors = errors
        self.waiting = waiting or {}
        self.sent: list[dict[str, Any]] = []
        self._barrier = threading.Barrier(together, timeout=PATIENCE_S)

    def send_direct_message(self, **message: Any) -> None:
        self._barrier.wait()
        if message["clientId"] in self.waiting:
            assert self.waiting[message["clientId"]].wait(5)
        self.sent.append(message)
        code = self.errors.get(message["clientId"])
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "…"}}, "SendDirectMessage")

    def get_connection(self, **_: Any) -> dict[str, Any]:
        return {"connected": True}

    def list_subscriptions(self, **_: Any) -> dict[str, Any]:
        return {"subscriptions": [{"topicFilter": name, "qos": 1} for name in ("fifo/q", "fifo/+", "fifo/a/b", "x")]}


def route(client: str) -> Route:
    return Route("live_objects", client, "", client, "s1")


def message(text: str) -> QueuedMessage:
    return QueuedMessage("t", "q", "id", "0", text, text.encode(), 1, 1)


def outcomes(delivery: IotCoreDelivery, *clients: str) -> dict[str, Outcome]:
    """What became of one message to each client, named after it."""
    with delivery.dispatch() as dispatch:
        for name in clients:
            dispatch.send(route(name), message(name))
        found: dict[str, Outcome] = {}
        while len(found) < len(clients):
            found |= {sent.event: outcome for sent, outcome in dispatch.ended(5_000)}
    return found


def test_a_message_goes_to_its_consumer_on_the_queues_topic_and_waits_for_the_acknowledgement() -> None:
    client = IotData()
    assert outcomes(IotCoreDelivery(lambda: client), "app") == {"app": Outcome.CONFIRMED}
    expected = {"clientId": "app", "topic": "fifo/q", "payload": b"app", "confirmation": True, "timeout": 15}
    assert client.sent == [expected]


def test_clients_are_served_side_by_side_and_each_has_its_own_outcome() -> None:
    client = IotData(together=3, two="GatewayTimeoutException", three="ResourceNotFoundException")
    found = outcomes(IotCoreDelivery(lambda: client), "one", "two", "three")
    assert found == {"one": Outcome.CONFIRMED, "two": Outcome.UNCONFIRMED, "three": Outcome.ABSENT}


def test_whoever_acknowledges_is_told_of_while_others_are_waited_for() -> None:
    late = threading.Event()
    client = IotData(waiting={"late": late})
    with IotCoreDelivery(lambda: client).dispatch() as dispatch:
        dispatch.send(route("late"), message("late"))
        dispatch.send(route("app"), message("app"))
        assert [sent.event for sent, _ in dispatch.ended(5_000)] == ["app"]
        assert dispatch.ended(1) == []
        late.set()
        assert [sent.event for sent, _ in dispatch.ended(5_000)] == ["late"]


def test_where_nothing_is_under_way_the_time_is_waited() -> None:
    slept = list[float]()
    with IotCoreDelivery(IotData, sleep=slept.append).dispatch() as dispatch:
        assert dispatch.ended(12) == []
    assert slept == [0.012]


def test_the_broker_names_the_queues_of_a_client_it_is_asked_about() -> None:
    assert IotCoreDelivery(IotData).capabilities(route("app")) == frozenset({"q"})
