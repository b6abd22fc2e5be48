"""Messages of queues leave as direct messages, one under way to a client, at a rate that the broker takes."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.delivery.iot_core import IotCoreDelivery
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import Route
from chalicelib.fleet.queues import QueuedMessage


class IotData:
    """The `iot-data` client as far as messages use it; `errors` by client id. With `together` it waits for so many."""

    def __init__(self, together: int = 1, **errors: str) -> None:
        self.errors = errors
        self.sent: list[dict[str, Any]] = []
        self._barrier = threading.Barrier(together, timeout=5)

    def send_direct_message(self, **message: Any) -> None:
        self._barrier.wait()
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


def test_a_message_goes_to_its_consumer_on_the_queues_topic_and_waits_for_the_acknowledgement() -> None:
    client = IotData()
    outcomes = IotCoreDelivery(lambda: client).messages([(route("app"), message("m"))], 0)
    assert outcomes == [Outcome.CONFIRMED]
    expected = {"clientId": "app", "topic": "fifo/q", "payload": b"m", "confirmation": True, "timeout": 15}
    assert client.sent == [expected]


def test_clients_are_served_side_by_side_and_answered_for_in_order() -> None:
    client = IotData(together=3, two="GatewayTimeoutException", three="ResourceNotFoundException")
    batch = [(route(name), message(name)) for name in ("one", "two", "three")]
    outcomes = IotCoreDelivery(lambda: client).messages(batch, 0)
    assert outcomes == [Outcome.CONFIRMED, Outcome.UNCONFIRMED, Outcome.ABSENT]


@pytest.mark.parametrize(("took", "rests"), [(0.0, [0.012]), (0.004, [0.008]), (0.1, [])])
def test_the_rest_of_the_interval_is_waited(took: float, rests: list[float]) -> None:
    moments, slept = iter([10.0, 10.0 + took]), list[float]()
    delivery = IotCoreDelivery(IotData, monotonic=lambda: next(moments), sleep=slept.append)
    delivery.messages([(route("app"), message("m"))], 12)
    assert slept == pytest.approx(rests)


def test_the_broker_names_the_queues_of_a_client_it_is_asked_about() -> None:
    assert IotCoreDelivery(IotData).capabilities(route("app")) == frozenset({"q"})
