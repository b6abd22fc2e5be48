"""Many messages of one request."""

from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.ports import Ports
from chalicelib.store.messages import MAX_ITEM
from tests.fakes import START

DEVICE = "urn:lo:nsid:a:b"


def made(tenant: str, number: int, text: str = "") -> DataMessage:
    stream = "even" if number % 2 == 0 else "odd"
    return DataMessage(tenant, f"{number:024x}", stream, START + number, START, {"n": number, "text": text})


def test_all_are_kept_in_order_and_counted_by_stream(ports: Ports, tenant: str) -> None:
    sent = [(made(tenant, number), DEVICE) for number in range(61)]
    messages.store_all(ports, sent)
    for stream, first in (("even", 60), ("odd", 59)):
        found = messages.read(ports, tenant, stream, limit=100)
        assert [message.value["n"] for message in found] == list(range(first, -1, -2))
    used = {use.stream: use.count for use in messages.streams(ports, tenant, DEVICE, 10)}
    assert used == {"even": 31, "odd": 30}


def test_those_of_no_device_are_counted_nowhere(ports: Ports, tenant: str) -> None:
    messages.store_all(ports, [(made(tenant, 0), None), (made(tenant, 2), DEVICE)])
    assert [use.count for use in messages.streams(ports, tenant, DEVICE, 10)] == [1]


def test_none_is_nothing(ports: Ports) -> None:
    assert messages.store_all(ports, []) == []


def test_a_request_of_three_hundred_takes_a_write_for_twenty_five(dynamodb: Ports) -> None:
    from chalicelib.store.tables import shared_connection

    tenant, asked = "many", list[str]()
    events = shared_connection().client.meta.events
    events.register("before-call.dynamodb", lambda model, **_: asked.append(model.name), unique_id="counting")
    try:
        messages.store_all(dynamodb, [(made(tenant, number, "x" * 100), DEVICE) for number in range(300)])
    finally:
        events.unregister("before-call.dynamodb", unique_id="counting")
    assert asked.count("BatchWriteItem") == 12
    assert asked.count("UpdateItem") == 2
    assert asked.count("PutItem") == 0
    assert MAX_ITEM * 25 < 16 * 1024 * 1024
