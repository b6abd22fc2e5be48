"""A device that is reached in two ways (manual 5.5): what waits for the one holds up nothing of the other."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.clients import MqttClient, Rest, until
from tests.local.running import RunningStack

pytestmark = pytest.mark.row("D2")
DEVICES = "/api/v1/deviceMgt/devices"
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


def order(rest: Rest, urn: str, connector: str, number: int) -> Any:
    request = {"connector": connector, "value": {"req": "count", "arg": {"number": number}}}
    return rest.post(f"{DEVICES}/{urn}/commands", {"request": request, "policy": {"ackMode": "NETWORK"}})


def status(rest: Rest, command: Any) -> Any:
    return rest.get(f"/api/v1/deviceMgt/commands/{command['id']}")["status"]


def test_a_gateway_that_is_away_holds_up_nothing_that_goes_by_mqtt(stack: RunningStack, rest: Rest) -> None:
    urn = f"urn:lo:nsid:two-routes:{next(_numbers)}"
    interfaces = [
        {"connector": "x-connector", "definition": {"nodeId": f"behind-{urn}"}},
        {"connector": "mqtt", "definition": {"clientId": urn}},
    ]
    rest.post(DEVICES, {"id": urn, "interfaces": interfaces})
    with MqttClient(stack, urn, "json+device", stack.api_key) as device:
        device.subscribe("dev/cmd")
        lost = order(rest, urn, "x-connector", 1)
        first, second = order(rest, urn, "mqtt", 2), order(rest, urn, "mqtt", 3)
        assert [device.next("dev/cmd")["arg"]["number"] for _ in range(2)] == [2, 3]
        until(lambda: {status(rest, c) for c in (first, second)} == {"PROCESSED"})
        assert status(rest, lost) == "PENDING"
