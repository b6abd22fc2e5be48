"""The `iot-data` API, called by botocore as the back end calls it."""

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import botocore.session
import pytest
import waitress
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.local.iot_core import Limits, packets
from infra.local.iot_core.packets import Publish
from tests.clients import PATIENCE_S

from .cloud import EVERYTHING, allow, policy
from .conftest import MakeSite, Site
from .device5 import CONTENT_TYPE, CORRELATION, EXPIRY, FORMAT, RESPONSE_TOPIC, USER, Device5


class Api:
    """A broker, its HTTP interface and a client of it."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._server = waitress.create_server(site.core.iot_data, host="127.0.0.1", port=0, threads=4)
        self.port = self._server.effective_port
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        self.client: Any = botocore.session.get_session().create_client(
            "iot-data",
            region_name="us-east-1",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def close(self) -> None:
        self.client.close()
        server = self._server
        # A loop that is awake closes everything before it could be woken.
        with contextlib.suppress(OSError):
            server.trigger.pull_trigger(lambda: server.asyncore.close_all(server._map))
        self._thread.join(5)
        server.task_dispatcher.shutdown()


@pytest.fixture
def make_api(make_site: MakeSite) -> Iterator[Any]:
    apis: list[Api] = []

    def make(**options: Any) -> Api:
        site = make_site(**options)
        site.cloud.policy = EVERYTHING
        apis.append(Api(site))
        return apis[-1]

    yield make
    for api in apis:
        api.close()


@pytest.fixture
def api(make_api: Any) -> Api:
    api: Api = make_api(limits=Limits(connection_api_per_client=None))
    return api


def _refused(call: Any, code: str, status: int, **arguments: Any) -> str:
    """The message of the error that the call must end with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    assert caught.value.response["Error"]["Code"] == code
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    return str(caught.value.response["Error"]["Message"])


class TestPublish:
    def test_reaches_rules_and_subscribers(self, api: Api) -> None:
        device = api.site.connected()
        device.subscribe(("dev/a b", 1))
        api.client.publish(topic="dev/a b", qos=1, payload=b"\x00x")
        assert device.message().payload == b"\x00x"
        (event,) = api.site.cloud.events("uplink")
        assert event["client"] == "n/a"

    def test_may_be_retained(self, api: Api) -> None:
        api.client.publish(topic="a", qos=1, retain=True, payload=b"last")
        assert api.client.get_retained_message(topic="a")["payload"] == b"last"

    def test_answers_only_when_the_rules_accepted(self, api: Api) -> None:
        def fail(_function: str, _event: dict[str, Any]) -> None:
            raise OSError("the disk is full")

        api.site.cloud.before_invoke = fail
        _refused(api.client.publish, "InternalFailureException", 500, topic="dev/data")

    @pytest.mark.parametrize("topic", ["a/#", "$aws/x", "1/2/3/4/5/6/7/8/9", "x" * 257])
    def test_refuses_topics_that_nobody_may_publish_on(self, api: Api, topic: str) -> None:
        _refused(api.client.publish, "InvalidRequestException", 400, topic=topic)

    def test_refuses_a_payload_over_the_quota(self, api: Api) -> None:
        _refused(api.client.publish, "InvalidRequestException", 400, topic="a", payload=b"x" * (128 * 1024 + 1))


_TOLD = {
    "contentType": "text/plain",
    "responseTopic": "dev/answer",
    "payloadFormatIndicator": "UTF8_DATA",
    "correlationData": base64.b64encode(b"\0\1").decode(),
    "userProperties": [{"a": "1"}, {"b": "2"}, {"a": "3"}],
}
_READ = {
    CONTENT_TYPE: "text/plain",
    RESPONSE_TOPIC: "dev/answer",
    FORMAT: 1,
    CORRELATION: b"\0\1",
    USER: [("a", "1"), ("b", "2"), ("a", "3")],
}


class TestMqtt5Properties:
    def test_a_message_carries_them_to_subscribers(self, api: Api) -> None:
        device = Device5(api.site)
        device.connect()
        device.subscribe(("a", 1))
        api.client.publish(topic="a", payload=b"x", messageExpiry=600, retain=True, **_TOLD)
        assert device.message().told == _READ | {EXPIRY: 600}
        kept = api.client.get_retained_message(topic="a")
        assert json.loads(kept["userProperties"]) == [{"a": "1"}, {"b": "2"}, {"a": "3"}]

    def test_a_direct_message_carries_them_to_its_receiver(self, api: Api) -> None:
        device = Device5(api.site)
        device.connect("sensor-1")
        api.client.send_direct_message(clientId="sensor-1", topic="dev/cmd", payload=b"x", **_TOLD)
        assert device.message().told == _READ

    def test_a_receiver_that_speaks_mqtt_3_does_not_get_them(self, api: Api) -> None:
        device = api.site.connected("sensor-1")
        api.client.send_direct_message(clientId="sensor-1", topic="dev/cmd", payload=b"x", **_TOLD)
        assert device.message() == Publish("dev/cmd", b"x")

    @pytest.mark.parametrize(
        "told",
        [
            {"responseTopic": "a/#"},
            {"payloadFormatIndicator": "utf-8"},
            {"correlationData": "%"},
            {"userProperties": {"a": "1"}},
            {"userProperties": [{"a": 1}]},
        ],
    )
    def test_what_makes_no_sense_is_refused(self, api: Api, told: dict[str, Any]) -> None:
        _refused(api.client.publish, "InvalidRequestException", 400, topic="a", **told)

    @pytest.mark.parametrize("seconds", [0, 604_801])
    def test_an_expiry_outside_the_quota_is_refused(self, api: Api, seconds: int) -> None:
        _refused(api.client.publish, "InvalidRequestException", 400, topic="a", messageExpiry=seconds)


class TestSendDirectMessage:
    @pytest.mark.parametrize("client_id", ["sensor-1", "urn:lo:nsid:x:1", "d:org/a b/ü", "messages", "a/messages"])
    def test_reaches_any_client_id(self, api: Api, client_id: str) -> None:
        device = api.site.connected(client_id)
        answer = api.client.send_direct_message(clientId=client_id, topic="dev/cmd", payload=b"{}")
        assert len(answer["traceId"]) == 36
        assert device.message() == Publish("dev/cmd", b"{}")

    def test_waits_for_the_puback(self, api: Api) -> None:
        device = api.site.connected("sensor-1")
        answers: list[Any] = []
        call = threading.Thread(
            target=lambda: answers.append(
                api.client.send_direct_message(clientId="sensor-1", topic="dev/cmd", confirmation=True, timeout=15),
            ),
        )
        call.start()
        message = device.message()
        assert not answers
        device.send(packets.puback(message.packet_id))
        call.join()
        assert answers[0]["message"]

    def test_times_out_without_a_puback(self, api: Api) -> None:
        api.site.connected("sensor-1")
        _refused(
            api.client.send_direct_message,
            "GatewayTimeoutException",
            504,
            clientId="sensor-1",
            topic="dev/cmd",
            confirmation=True,
            timeout=1,
        )

    def test_a_late_puback_does_not_confirm_the_next_message(self, api: Api) -> None:
        device = api.site.connected("sensor-1")
        arguments = {"clientId": "sensor-1", "topic": "dev/cmd", "confirmation": True, "timeout": 1}
        _refused(api.client.send_direct_message, "GatewayTimeoutException", 504, **arguments)
        late = device.message()
        refused = threading.Thread(
            target=_refused,
            args=(api.client.send_direct_message, "GatewayTimeoutException", 504),
            kwargs=arguments,
        )
        refused.start()
        assert device.message().packet_id != late.packet_id
        device.send(packets.puback(late.packet_id))
        refused.join()

    def test_is_not_found_when_the_client_is_away(self, api: Api) -> None:
        call = api.client.send_direct_message
        assert "persistent" not in _refused(call, "ResourceNotFoundException", 404, clientId="x", topic="dev/cmd")
        api.site.connected("x", clean=False).leave()
        api.site.cloud.lifecycle("disconnected", "x")
        message = _refused(call, "ResourceNotFoundException", 404, clientId="x", topic="dev/cmd")
        assert message == "The target client ID is not connected, but it has an active persistent session"

    def test_is_forbidden_where_the_client_may_not_receive(self, api: Api) -> None:
        api.site.cloud.policy = policy(allow("iot:Connect", "client/*"))
        api.site.connected("sensor-1")
        _refused(api.client.send_direct_message, "ForbiddenException", 403, clientId="sensor-1", topic="dev/cmd")

    def test_is_throttled_with_the_receivers_quota(self, make_api: Any) -> None:
        api: Api = make_api(limits=Limits(publishes_per_second=2))
        api.site.connected("sensor-1")
        for _ in range(2):
            api.client.send_direct_message(clientId="sensor-1", topic="dev/cmd")
        _refused(api.client.send_direct_message, "ThrottlingException", 429, clientId="sensor-1", topic="dev/cmd")

    def test_is_too_large_over_128_kib(self, api: Api) -> None:
        api.site.connected("sensor-1")
        _refused(
            api.client.send_direct_message,
            "RequestEntityTooLargeException",
            413,
            clientId="sensor-1",
            topic="dev/cmd",
            payload=b"x" * (128 * 1024 + 1),
        )

    @pytest.mark.parametrize(
        "arguments",
        [{"topic": "$aws/x"}, {"topic": "a/+"}, {"topic": "a", "confirmation": True, "timeout": 16}, {"topic": ""}],
    )
    def test_refuses_what_makes_no_sense(self, api: Api, arguments: dict[str, Any]) -> None:
        _refused(api.client.send_direct_message, "InvalidRequestException", 400, clientId="sensor-1", **arguments)


class TestConnections:
    def test_a_connected_client(self, api: Api) -> None:
        api.site.connected("d:org/a", keep_alive=77)
        answer = api.client.get_connection(clientId="d:org/a", includeSocketInformation=True)
        answer.pop("ResponseMetadata")
        assert answer.pop("sourcePort") > 0
        assert answer == {
            "clientId": "d:org/a",
            "connected": True,
            "cleanSession": True,
            "keepAliveDuration": 77,
            "connectedSince": int(api.site.cloud.now * 1000),
            "sessionExpiry": 0,
            "sourceIp": "127.0.0.1",
            "targetIp": "127.0.0.1",
            "targetPort": api.site.port,
        }

    def test_a_client_that_left(self, api: Api) -> None:
        api.site.connected("sensor-1").leave()
        api.site.cloud.lifecycle("disconnected", "sensor-1")
        answer = api.client.get_connection(clientId="sensor-1")
        assert (answer["connected"], answer["disconnectReason"]) == (False, "CLIENT_INITIATED_DISCONNECT")
        assert answer["disconnectedSince"] == int(api.site.cloud.now * 1000)
        api.site.cloud.elapsed += 1801
        _refused(api.client.get_connection, "ResourceNotFoundException", 404, clientId="sensor-1")

    def test_subscriptions_come_in_pages(self, api: Api) -> None:
        device = api.site.connected("sensor-1")
        for start in range(0, 24, 8):
            device.subscribe(*((f"a/{n:02}", n % 2) for n in range(start, start + 8)))
        first = api.client.list_subscriptions(clientId="sensor-1")
        rest = api.client.list_subscriptions(clientId="sensor-1", nextToken=first["nextToken"], maxResults=200)
        assert len(first["subscriptions"]) == 20
        assert "nextToken" not in rest
        assert first["subscriptions"] + rest["subscriptions"] == [
            {"topicFilter": f"a/{n:02}", "qos": n % 2} for n in range(24)
        ]

    def test_subscriptions_of_an_absent_session(self, api: Api) -> None:
        device = api.site.connected("sensor-1", clean=False)
        device.subscribe(("a", 1))
        device.leave()
        api.site.cloud.lifecycle("disconnected", "sensor-1")
        answer = api.client.list_subscriptions(clientId="sensor-1")
        assert answer["subscriptions"] == [{"topicFilter": "a", "qos": 1}]
        _refused(api.client.list_subscriptions, "ResourceNotFoundException", 404, clientId="nobody")

    def test_a_deleted_connection_is_closed_and_its_will_published(self, api: Api) -> None:
        device = api.site.connected("sensor-1", will=Publish("dev/gone", b"x"))
        api.client.delete_connection(clientId="sensor-1")
        assert device.closed
        event = api.site.cloud.lifecycle("disconnected", "sensor-1")
        assert event["disconnectReason"] == "API_INITIATED_DISCONNECT"
        api.site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/gone")

    def test_deleting_may_prevent_the_will_and_drop_the_session(self, api: Api) -> None:
        device = api.site.connected("sensor-1", clean=False, will=Publish("dev/gone", b"x"))
        api.client.delete_connection(clientId="sensor-1", cleanSession=True, preventWillMessage=True)
        assert device.closed
        api.site.cloud.lifecycle("disconnected", "sensor-1")
        assert api.site.cloud.uplinks() == []
        assert api.site.device().connect("sensor-1", clean=False) == (False, packets.ACCEPTED)

    def test_deleting_nobody_is_not_found(self, api: Api) -> None:
        _refused(api.client.delete_connection, "ResourceNotFoundException", 404, clientId="nobody")

    def test_each_operation_is_allowed_once_a_second_and_client(self, make_api: Any) -> None:
        api: Api = make_api()
        api.site.connected("sensor-1")
        api.client.get_connection(clientId="sensor-1")
        _refused(api.client.get_connection, "ThrottlingException", 429, clientId="sensor-1")
        api.client.list_subscriptions(clientId="sensor-1")
        api.site.cloud.elapsed += 1
        api.client.get_connection(clientId="sensor-1")

    @pytest.mark.parametrize("client_id", ["$x", "x" * 129])
    def test_a_client_id_has_the_form_of_the_model(self, api: Api, client_id: str) -> None:
        _refused(api.client.get_connection, "InvalidRequestException", 400, clientId=client_id)


class TestRetainedMessages:
    def test_are_listed_by_topic(self, api: Api) -> None:
        for topic in ("b", "a", "c"):
            api.client.publish(topic=topic, retain=True, payload=b"xyz")
        first = api.client.list_retained_messages(maxResults=2)
        assert [summary["topic"] for summary in first["retainedTopics"]] == ["a", "b"]
        rest = api.client.list_retained_messages(nextToken=first["nextToken"])
        assert rest["retainedTopics"] == [
            {"topic": "c", "payloadSize": 3, "qos": 0, "lastModifiedTime": int(api.site.cloud.now * 1000)},
        ]

    def test_an_unknown_one_is_not_found(self, api: Api) -> None:
        _refused(api.client.get_retained_message, "ResourceNotFoundException", 404, topic="a/b")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/topics/a", 405),
        ("PUT", "/connections/a", 405),
        ("POST", "/connections/a", 404),
        ("POST", "/connections/a/messages", 400),
        ("POST", "/topics/a?qos=x", 400),
        ("POST", "/topics/a?qos=2", 400),
        ("POST", "/topics/a?retain=maybe", 400),
        ("POST", "/topics/%ff", 400),
        ("GET", "/connections/a/subscriptions?maxResults=0", 404),
        ("GET", "/retainedMessage?maxResults=201", 400),
        ("GET", "/retainedMessage?nextToken=%21", 400),
        ("DELETE", "/connections/", 400),
    ],
)
def test_requests_that_make_no_sense_get_a_clear_answer(api: Api, method: str, path: str, status: int) -> None:
    connection = HTTPConnection("127.0.0.1", api.port, timeout=PATIENCE_S)
    connection.request(method, path)
    answer = connection.getresponse()
    body = json.loads(answer.read())
    connection.close()
    assert answer.status == status
    assert body["message"]
    assert answer.headers["x-amzn-errortype"].endswith("Exception")
