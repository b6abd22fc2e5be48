"""A command that goes to one client on several topics, or on none."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.delivery.iot_core import IotCoreDelivery
from chalicelib.dialects.cumulocity.ordering import POLICY
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Route

ASKED = {"req": "c8y_Restart", "arg": {}, "agent": "1", "operation": {"c8y_Restart": {}}}
COMMAND = Command("acme", "0" * 24, "urn:lo:nsid:c8y:1", None, ASKED, POLICY, 1, 1, None, None)


class Broker:
    """Answers each message with what is next, a success where nothing is left."""

    def __init__(self, *codes: str) -> None:
        self.codes = list(codes)
        self.topics: list[str] = []

    def send_direct_message(self, *, topic: str, **_: Any) -> None:
        self.topics.append(topic)
        code = self.codes.pop(0) if self.codes else ""
        if code:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "SendDirectMessage")


def sent(broker: Broker, *heard: str) -> Outcome:
    route = Route("cumulocity", "pump", "mqtt", "pump", "s1", heard=frozenset(heard))
    return IotCoreDelivery(lambda: broker).command(route, COMMAND, 5)


BOTH = ("s/ds", "devicecontrol/notifications")


@pytest.mark.parametrize(
    ("codes", "outcome", "messages"),
    [
        ((), Outcome.CONFIRMED, 2),
        (("GatewayTimeoutException",), Outcome.CONFIRMED, 2),
        (("", "GatewayTimeoutException"), Outcome.CONFIRMED, 2),
        (("GatewayTimeoutException", "GatewayTimeoutException"), Outcome.UNCONFIRMED, 2),
        (("ResourceNotFoundException",), Outcome.ABSENT, 1),
        (("ThrottlingException",), Outcome.BUSY, 1),
    ],
)
def test_what_is_acknowledged_first_counts(codes: tuple[str, ...], outcome: Outcome, messages: int) -> None:
    broker = Broker(*codes)
    assert sent(broker, *BOTH) is outcome
    assert broker.topics == list(BOTH)[:messages]


def test_to_who_listens_to_nothing_of_it_nothing_is_sent() -> None:
    broker = Broker()
    assert sent(broker, "s/dc/other") is Outcome.UNHEARD
    assert broker.topics == []
