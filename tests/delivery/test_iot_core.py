import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from chalicelib.delivery.iot_core import IotCoreDelivery
from chalicelib.fleet.commands.records import Command, Policy
from chalicelib.fleet.configuration.records import ParameterType, Update, Value
from chalicelib.fleet.errors import TemporarilyUnavailable
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Capability, Route

ROUTE = Route("live_objects", "c1", "mqtt", "c1", "session-1")
COMMAND = Command(
    tenant="t",
    id="0" * 24,
    device="d",
    connector="mqtt",
    request={"arg": {"delay": 1}, "req": "reboot"},
    policy=Policy(),
    created=0,
    updated=0,
    expires=1,
    check_at=1,
)


class IotData:
    """The `iot-data` client as far as delivery uses it; raises what it is given."""

    def __init__(self, error: Exception | None = None, *, connected: bool = True) -> None:
        self.error = error
        self.connected = connected
        self.sent: list[dict[str, Any]] = []

    def send_direct_message(self, **message: Any) -> None:
        self.sent.append(message)
        if self.error:
            raise self.error

    def get_connection(self, **_: Any) -> dict[str, Any]:
        if self.error:
            raise self.error
        return {"connected": self.connected}

    def delete_connection(self, **asked: Any) -> None:
        self.sent.append(asked)
        if self.error:
            raise self.error

    def list_subscriptions(self, **_: Any) -> dict[str, Any]:
        return {"subscriptions": [{"topicFilter": "dev/cmd", "qos": 1}, {"topicFilter": "else", "qos": 0}]}


def aws_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "…"}}, "SendDirectMessage")


def send(client: IotData) -> Outcome:
    return IotCoreDelivery(lambda: client).command(ROUTE, COMMAND, 7)


def test_a_command_goes_to_one_client_with_confirmation() -> None:
    client = IotData()
    assert send(client) is Outcome.CONFIRMED
    (message,) = client.sent
    assert (message["clientId"], message["topic"]) == ("c1", "dev/cmd")
    assert (message["confirmation"], message["timeout"]) == (True, 7)


def test_the_body_has_the_order_that_the_c_sdk_parses() -> None:
    client = IotData()
    send(client)
    body = json.loads(client.sent[0]["payload"])
    assert list(body) == ["req", "arg", "cid"]
    assert body["arg"] == {"delay": 1}
    assert 0 < body["cid"] < 2**31


def test_an_update_of_the_configuration_has_coded_types() -> None:
    client = IotData()
    update = Update(77, {"freq": Value(ParameterType.UINT32, 5, 0), "level": Value(ParameterType.STRING, "é", 0)})
    IotCoreDelivery(lambda: client).configuration(ROUTE, update, 15)
    assert json.loads(client.sent[0]["payload"]) == {
        "cfg": {"freq": {"t": "u32", "v": 5}, "level": {"t": "str", "v": "é"}},
        "cid": 77,
    }


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (aws_error("ResourceNotFoundException"), Outcome.ABSENT),
        (aws_error("GatewayTimeoutException"), Outcome.UNCONFIRMED),
        (aws_error("ForbiddenException"), Outcome.REFUSED),
        (aws_error("RequestEntityTooLargeException"), Outcome.REFUSED),
        (aws_error("ThrottlingException"), Outcome.BUSY),
        (aws_error("InternalFailureException"), Outcome.BUSY),
        (ReadTimeoutError(endpoint_url="x"), Outcome.UNCONFIRMED),
        (EndpointConnectionError(endpoint_url="x"), Outcome.BUSY),
    ],
)
def test_every_error_of_iot_core_has_its_meaning(error: Exception, outcome: Outcome) -> None:
    assert send(IotData(error)) is outcome


def test_in_doubt_the_broker_says_what_a_client_listens_to() -> None:
    assert IotCoreDelivery(IotData).capabilities(ROUTE) == frozenset({Capability.COMMAND})


def test_a_client_that_is_not_connected_listens_to_nothing_whatever_its_session_kept() -> None:
    assert IotCoreDelivery(lambda: IotData(connected=False)).capabilities(ROUTE) is None


def test_a_client_that_the_broker_does_not_know_is_not_connected() -> None:
    assert IotCoreDelivery(lambda: IotData(aws_error("ResourceNotFoundException"))).capabilities(ROUTE) is None


def test_a_connection_is_closed_without_its_will_and_its_session() -> None:
    client = IotData()
    IotCoreDelivery(lambda: client).disconnect("c1")
    assert client.sent == [{"clientId": "c1", "cleanSession": True, "preventWillMessage": True}]
    IotCoreDelivery(lambda: IotData(aws_error("ResourceNotFoundException"))).disconnect("c1")


@pytest.mark.parametrize(
    ("client", "known"),
    [
        (IotData(), True),
        (IotData(connected=False), False),
        (IotData(aws_error("ResourceNotFoundException")), False),
        (IotData(aws_error("ThrottlingException")), True),
        (IotData(aws_error("InternalFailureException")), True),
        (IotData(EndpointConnectionError(endpoint_url="x")), True),
    ],
)
def test_a_connection_is_gone_only_where_the_broker_says_so(client: IotData, known: bool) -> None:  # noqa: FBT001
    assert IotCoreDelivery(lambda: client).connected("c1") is known


class OftenAsked(IotData):
    """Is throttled so many times before it says what a client has subscribed to."""

    def __init__(self, times: int, code: str = "ThrottlingException") -> None:
        super().__init__()
        self.times, self.code = times, code

    def list_subscriptions(self, **asked: Any) -> dict[str, Any]:
        self.times -= 1
        if self.times >= 0:
            raise aws_error(self.code)
        return super().list_subscriptions(**asked)


def test_who_asks_for_subscriptions_too_often_asks_again_a_second_later() -> None:
    pauses: list[float] = []
    client = OftenAsked(1)
    delivery = IotCoreDelivery(lambda: client, pauses.append)
    assert delivery.filters("c1") == ["dev/cmd", "else"]
    assert sum(pauses) > 1
    client.times = 1
    assert delivery.capabilities(ROUTE) == frozenset({Capability.COMMAND})


def test_who_is_not_told_in_time_is_tried_again_as_a_whole() -> None:
    client = OftenAsked(2)
    with pytest.raises(TemporarilyUnavailable):
        IotCoreDelivery(lambda: client, lambda _: None).filters("c1")
    client.times = 2
    with pytest.raises(TemporarilyUnavailable):
        IotCoreDelivery(lambda: client, lambda _: None).capabilities(ROUTE)


def test_other_errors_of_asking_are_not_waited_for() -> None:
    pauses: list[float] = []
    assert IotCoreDelivery(lambda: OftenAsked(9, "ResourceNotFoundException"), pauses.append).filters("c1") is None
    with pytest.raises(ClientError):
        IotCoreDelivery(lambda: OftenAsked(9, "InternalFailureException"), pauses.append).filters("c1")
    assert sum(pauses) == 0
