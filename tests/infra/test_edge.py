"""The edge against a running stack: its functions are reached through Lambda's API, as on AWS."""

import datetime as dt
import json
import socket
import ssl
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from infra.description import answers
from infra.edge.__main__ import start
from infra.edge.settings import read_settings
from infra.edge.uplink import Uplink
from infra.local.ordering import Ordering
from infra.local.settings import SettingsError
from infra.local.spool import Spool
from infra.local.taken import PortTakenError
from infra.local.vital import Vital
from tests import pki
from tests.clients import PATIENCE_S, Rest, until
from tests.ibm.clients import Organization
from tests.infra.edges import bare_key, connect, settings
from tests.local.running import RunningStack


def test_a_client_of_mqtt_3_1_at_quality_of_service_2_is_served(stack: RunningStack, edge: dict[str, int]) -> None:
    urn = "urn:lo:nsid:edge:old"
    client, codes = connect(edge["mqtt"], urn, bare_key(stack), MQTTProtocolVersion.MQTTv31)
    client.publish("dev/data", json.dumps({"v": {"via": "edge"}}), 2).wait_for_publish(20)
    client.disconnect()
    client.loop_stop()
    assert codes == [0]
    rest = Rest(stack)
    (message,) = until(lambda: rest.get(f"/api/v0/data/streams/{urn}"))
    rest.close()
    assert message["value"] == {"via": "edge"}


def test_a_plain_connection_is_shown_as_unsecured(stack: RunningStack, edge: dict[str, int]) -> None:
    urn = "urn:lo:nsid:edge:plain"
    client, _ = connect(edge["mqtt"], urn, bare_key(stack), MQTTProtocolVersion.MQTTv311)
    rest = Rest(stack)
    (shown,) = until(lambda: [i for i in rest.get(f"/api/v1/deviceMgt/devices/{urn}/interfaces") if i.get("activity")])
    rest.close()
    client.disconnect()
    client.loop_stop()
    assert shown["activity"]["security"] == {"secured": False, "clientCertAuthentication": False}


def test_a_connector_without_tls_is_refused(stack: RunningStack, edge: dict[str, int]) -> None:
    client, codes = connect(
        edge["mqtt"], "connector-1", stack.api_key, MQTTProtocolVersion.MQTTv311, username="connector"
    )
    client.loop_stop()
    assert codes[0] == 135  # CONNACK 5, "not authorized", by MQTT 5's number


def test_a_key_that_may_do_more_is_refused_without_tls(stack: RunningStack, edge: dict[str, int]) -> None:
    client, codes = connect(edge["mqtt"], "urn:lo:nsid:edge:more", stack.api_key, MQTTProtocolVersion.MQTTv311)
    client.loop_stop()
    assert codes[0] == 135


def test_a_wrong_key_gets_the_code_that_the_vendor_gives(stack: RunningStack, edge: dict[str, int]) -> None:
    client, codes = connect(edge["mqtt"], "urn:lo:nsid:edge:x", "wrong", MQTTProtocolVersion.MQTTv311)
    client.loop_stop()
    assert codes[0] == 134  # paho 2 shows CONNACK 4, "bad user name or password", by MQTT 5's number


def test_one_port_serves_mqtt_over_websocket_and_the_stages_api(stack: RunningStack, edge: dict[str, int]) -> None:
    urn, joined = "urn:lo:nsid:edge:wss", list[int]()
    client = paho.Client(
        CallbackAPIVersion.VERSION2, urn, transport="websockets", protocol=MQTTProtocolVersion.MQTTv311
    )
    client.ws_set_options("/mqtt")
    client.tls_set(str(stack.ca))
    client.username_pw_set("json+device", stack.api_key)
    client.on_connect = lambda *a: joined.append(a[3].value)
    client.connect_timeout = PATIENCE_S
    client.connect("localhost", edge["https"], 30)
    client.loop_start()
    until(lambda: joined)
    client.publish("dev/data", json.dumps({"v": {"via": "wss"}}), 1).wait_for_publish(PATIENCE_S)
    client.disconnect()
    client.loop_stop()
    with requests.Session() as session:
        session.headers["X-API-Key"] = stack.api_key
        ca = str(stack.ca)
        url = f"https://localhost:{edge['https']}"
        (message,) = until(
            lambda: session.get(f"{url}/api/v0/data/streams/{urn}", verify=ca, timeout=PATIENCE_S).json()
        )
        assert message["value"] == {"via": "wss"}
        assert session.get(f"{url}/health", verify=ca, timeout=PATIENCE_S).json() == {"status": "UP"}
        assert (
            session.get(f"http://127.0.0.1:{edge['http']}/api/v0/data/streams/{urn}", timeout=PATIENCE_S).status_code
            == 403
        )
    assert requests.get(f"http://127.0.0.1:{edge['control']}/health", timeout=PATIENCE_S).json() == {"status": "UP"}


def test_what_no_function_could_be_given_is_refused_at_the_door(stack: RunningStack, edge: dict[str, int]) -> None:
    urn = "urn:lo:nsid:edge:large"
    gone: list[int] = []
    acknowledged: list[int] = []
    client, _ = connect(edge["mqtt"], urn, bare_key(stack), MQTTProtocolVersion.MQTTv311)
    client.on_disconnect = lambda *_: gone.append(1)
    client.on_publish = lambda *a: acknowledged.append(a[2])
    taken = client.publish("dev/data", json.dumps({"v": {"text": "x" * 400_000}}), 1)
    until(lambda: acknowledged)
    # The answer to a message is where the client may still be writing it: what it says of its own sending is no sign.
    client.publish("dev/data", b"x" * 800_000, 1)
    until(lambda: gone)
    client.loop_stop()
    assert acknowledged == [taken.mid]
    other, _ = connect(edge["mqtt"], f"{urn}:other", bare_key(stack), MQTTProtocolVersion.MQTTv311)
    other.publish("dev/data", json.dumps({"v": {"n": 1}}), 1).wait_for_publish(PATIENCE_S)
    other.disconnect()
    other.loop_stop()
    rest = Rest(stack)
    assert until(lambda: rest.get(f"/api/v0/data/streams/{urn}:other"))[0]["value"] == {"n": 1}
    rest.close()


def test_nothing_passes_directly_between_clients(stack: RunningStack, edge: dict[str, int]) -> None:
    owner = Organization(stack)
    heard: list[str] = []
    listener, speaker = (_application(edge["mqtts"], stack.ca, owner, name) for name in ("listener", "speaker"))
    listener.on_message = lambda *a: heard.append(a[2].topic)
    granted: list[int] = []
    listener.on_subscribe = lambda *a: granted.append(a[2])
    listener.subscribe("iot-2/type/+/id/+/evt/+/fmt/+", 1)
    until(lambda: granted)
    speaker.publish("iot-2/type/pump/id/p1/evt/status/fmt/json", "{}", 1).wait_for_publish(20)
    # The answer to this comes behind whatever the broker had for the listener.
    listener.subscribe("iot-2/type/+/id/+/mon", 0)
    until(lambda: len(granted) > 1)
    for client in (listener, speaker):
        client.disconnect()
        client.loop_stop()
    assert heard == []


def _application(port: int, ca: Path, owner: Organization, name: str) -> paho.Client:
    joined: list[int] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, f"a:{owner.id}:{name}", protocol=MQTTProtocolVersion.MQTTv311)
    client.username_pw_set(owner.key, owner.token)
    client.tls_set_context(ssl.create_default_context(cafile=str(ca)))
    client.on_connect = lambda *a: joined.append(a[3].value)
    client.connect_timeout = PATIENCE_S
    client.connect("localhost", port, 30)
    client.loop_start()
    until(lambda: joined)
    assert joined == [0]
    return client


def test_a_ca_of_clients_is_taken_up_while_the_edge_runs(edge: dict[str, int], tmp_path: Path) -> None:
    ca = pki.authority(now=dt.datetime.now(dt.UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    # With TLS 1.2 a client learns of the refusal in the handshake.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*pki.make("sensor", ca, now=dt.datetime.now(dt.UTC)).write(tmp_path, "sensor"))

    def is_let_in() -> bool:
        try:
            with (
                socket.create_connection(("127.0.0.1", edge["mqtts"]), timeout=PATIENCE_S) as plain,
                context.wrap_socket(plain, server_hostname="mtls.localhost"),
            ):
                return True
        except OSError:
            return False

    assert not is_let_in()
    (tmp_path / "clients.pem").write_text(ca.pem)
    until(is_let_in)


class Flaky:
    """A Lambda client that fails until it is told to work."""

    def __init__(self) -> None:
        self.works = False
        self.taken: list[str] = []

    def invoke(self, **call: Any) -> None:
        from botocore.exceptions import EndpointConnectionError

        if not self.works:
            raise EndpointConnectionError(endpoint_url="https://lambda")
        self.taken.append(call["Payload"])


def test_what_aws_does_not_take_is_handed_over_after_a_restart(tmp_path: Path) -> None:
    away, back = Flaky(), Flaky()
    back.works = True
    first = Spool(tmp_path / "s")
    uplink = Uplink(first, lambda: away, "homeport-x-")
    uplink.invoke("uplink", {"client": "c", "n": 1})
    time.sleep(0.05)
    uplink.stop(1)
    first.close()
    second = Spool(tmp_path / "s")
    again = Uplink(second, lambda: back, "homeport-x-")
    assert again.replay() == 1
    until(lambda: back.taken)
    again.stop(1)
    second.close()
    assert [json.loads(p) for p in back.taken] == [{"client": "c", "n": 1}]


class HeldUp:
    """A Lambda client that takes no data until it is told to."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.free = threading.Event()

    def invoke(self, **call: Any) -> None:
        topic = json.loads(call["Payload"])["topic"]
        if topic == "dev/data":
            assert self.free.wait(PATIENCE_S)
        self.taken.append(topic)


def test_an_answer_to_a_command_overtakes_its_devices_waiting_data(tmp_path: Path) -> None:
    lambdas = HeldUp()
    spool = Spool(tmp_path / "s")
    uplink = Uplink(spool, lambda: lambdas, "homeport-x-", Ordering(answers()))
    topics = ["dev/data", "dev/data", "dev/cmd/res", "iotdevice-1/response"]
    for topic in topics:
        uplink.invoke("uplink", {"client": "c", "topic": topic})
    until(lambda: lambdas.taken == topics[2:])
    lambdas.free.set()
    until(lambda: len(lambdas.taken) == len(topics))
    uplink.stop(1)
    spool.close()


@pytest.mark.parametrize("seconds", ["0", "-1", "soon", "1.5"])
def test_a_setting_that_makes_no_sense_is_named(seconds: str) -> None:
    with pytest.raises(SettingsError, match="HOMEPORT_EDGE_REREAD_SECONDS"):
        read_settings({**GIVEN, "HOMEPORT_EDGE_REREAD_SECONDS": seconds})


GIVEN = {
    "HOMEPORT_EDGE_FUNCTIONS": "homeport-prod-",
    "HOMEPORT_EDGE_CERTIFICATE": "c",
    "HOMEPORT_EDGE_KEY": "k",
    "AWS_DEFAULT_REGION": "eu-west-1",
}


@pytest.mark.parametrize("missing", ["HOMEPORT_EDGE_FUNCTIONS", "HOMEPORT_EDGE_CERTIFICATE", "AWS_DEFAULT_REGION"])
def test_a_missing_setting_is_named(missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        read_settings({name: value for name, value in GIVEN.items() if name != missing})


def test_clients_without_credentials_need_a_number() -> None:
    assert read_settings(GIVEN).quickstart_clients == 0
    assert read_settings({**GIVEN, "HOMEPORT_EDGE_QUICKSTART_CLIENTS": "50"}).quickstart_clients == 50
    with pytest.raises(SettingsError, match="QUICKSTART"):
        read_settings({**GIVEN, "HOMEPORT_EDGE_QUICKSTART_CLIENTS": "-1"})


def test_further_ports_are_a_list() -> None:
    given = {"HOMEPORT_EDGE_FURTHER_MQTTS_PORTS": "443, 8884 8885", "HOMEPORT_EDGE_FURTHER_MQTT_PORTS": "80"}
    settings = read_settings({**GIVEN, **given})
    assert settings.further_mqtts_ports == (443, 8884, 8885)
    assert settings.further_mqtt_ports == (80,)
    assert read_settings(GIVEN).further_mqtts_ports == ()
    with pytest.raises(SettingsError, match="FURTHER_MQTT_PORTS"):
        read_settings({**GIVEN, "HOMEPORT_EDGE_FURTHER_MQTT_PORTS": "80,ws"})


@pytest.mark.parametrize("port", ["mqtts", "mqtts2", "https"])
def test_http_is_told_from_mqtt_by_its_first_byte(stack: RunningStack, edge: dict[str, int], port: str) -> None:
    url = f"https://localhost:{edge[port]}/api/v0/apiKeys/current_key"
    answer = requests.get(url, headers={"X-API-Key": stack.api_key}, verify=str(stack.ca), timeout=30)
    assert (answer.status_code, answer.json()["tenantId"]) == (200, stack.tenant)


@pytest.mark.parametrize("port", ["mqtts2", "mqtts3", "mqtt2"])
@pytest.mark.parametrize("level", [MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5])
def test_further_ports_are_served_like_the_first(
    stack: RunningStack, edge: dict[str, int], port: str, level: MQTTProtocolVersion
) -> None:
    codes: list[int] = []
    client = paho.Client(CallbackAPIVersion.VERSION2, f"urn:lo:nsid:edge:{port}", protocol=level)
    client.username_pw_set("json+device", bare_key(stack))
    if port.startswith("mqtts"):
        client.tls_set(str(stack.ca))
    client.on_connect = lambda *a: codes.append(a[3].value)
    client.connect_timeout = PATIENCE_S
    client.connect("localhost", edge[port], 30)
    client.loop_start()
    until(lambda: codes)
    client.disconnect()
    client.loop_stop()
    assert codes == [0]


@pytest.mark.parametrize(
    ("variable", "field"),
    [
        ("HOMEPORT_EDGE_CONTROL_PORT", "control_port"),
        ("HOMEPORT_EDGE_MQTTS_PORT", "mqtts_port"),
        ("HOMEPORT_EDGE_MQTT_PORT", "mqtt_port"),
        ("HOMEPORT_EDGE_HTTPS_PORT", "https_port"),
        ("HOMEPORT_EDGE_HTTP_PORT", "http_port"),
        ("HOMEPORT_EDGE_FURTHER_MQTTS_PORTS", "further_mqtts_ports"),
        ("HOMEPORT_EDGE_FURTHER_MQTT_PORTS", "further_mqtt_ports"),
    ],
)
def test_a_port_that_is_taken_is_named_with_its_setting(
    stack: RunningStack, tmp_path: Path, variable: str, field: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, ExitStack() as closing:
        port = taken.getsockname()[1]
        given: dict[str, Any] = {field: (port,) if field.startswith("further") else port}
        changed = replace(settings(stack, tmp_path), **given)
        with pytest.raises(PortTakenError) as told:
            start(changed, closing, Vital())
    assert f"port {port}" in str(told.value)
    assert variable in str(told.value)
