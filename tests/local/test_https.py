"""TLS in front of the API: the same answers, and the function learns that and from where it was asked over TLS."""

import datetime as dt
import queue
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
import pytest
import requests
from chalice.app import Chalice
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from infra.local.api_gateway import ApiGateway
from infra.local.certificates import Certificates, ensure_certificates
from infra.local.http_server import HttpServer, bind
from infra.local.iot_core import HttpBackend, IotCore, TlsIdentity
from tests.clients import PATIENCE_S
from tests.local.iot_core.cloud import Cloud


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("data"), [], now=dt.datetime.now(dt.UTC))


@pytest.fixture(scope="module")
def ports(certificates: Certificates) -> Iterator[tuple[int, int]]:
    """Plain and TLS port of one API that answers with the event it got."""
    app = Chalice(app_name="toy", configure_logs=False)

    @app.route("/echo", methods=["POST"], content_types=["text/plain"])
    def echo() -> dict[str, Any]:
        assert app.current_request is not None
        event: dict[str, Any] = app.current_request.to_original_event()
        return event

    http = bind("127.0.0.1", 0)
    backend = HttpBackend(*http.getsockname())
    cloud = Cloud()
    core = IotCore(authorize=cloud.authorize, invoke=cloud.invoke, rules=[])
    core.start()
    https = core.serve_tls(bind("127.0.0.1", 0), TlsIdentity(certificates.server, certificates.server_key), backend)
    gateway = ApiGateway(app, function_arn="a:toy", account="1", ready=lambda: True, peer_of=backend.peer)
    server = HttpServer(gateway, http, name="test", threads=2, max_body=1 << 26)
    server.start()
    yield server.port, https
    core.stop(5)
    server.stop(5)


def echo(url: str, certificates: Certificates, body: bytes = b"hello") -> dict[str, Any]:
    answer = requests.post(
        f"{url}/echo",
        body,
        headers={"Content-Type": "text/plain"},
        verify=str(certificates.authority),
        timeout=PATIENCE_S,
    )
    found: dict[str, Any] = answer.json()
    return found


def test_the_function_learns_whether_it_was_asked_over_tls(ports: tuple[int, int], certificates: Certificates) -> None:
    plain = echo(f"http://localhost:{ports[0]}", certificates)
    secured = echo(f"https://localhost:{ports[1]}", certificates)

    assert plain["headers"]["X-Forwarded-Proto"] == "http"
    assert secured["headers"]["X-Forwarded-Proto"] == "https"
    assert secured["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


def test_a_client_cannot_pretend_to_speak_tls(ports: tuple[int, int]) -> None:
    answer = requests.post(
        f"http://localhost:{ports[0]}/echo",
        headers={"Content-Type": "text/plain", "X-Forwarded-Proto": "https", "x-forwarded-for": "9.9.9.9"},
        timeout=PATIENCE_S,
    ).json()

    assert answer["headers"]["X-Forwarded-Proto"] == "http"
    assert answer["headers"]["X-Forwarded-For"] == "9.9.9.9, 127.0.0.1"
    assert answer["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"


def test_bodies_of_megabytes_pass_unharmed(ports: tuple[int, int], certificates: Certificates) -> None:
    body = b"0123456789abcdef" * 65536 * 2

    assert echo(f"https://localhost:{ports[1]}", certificates, body)["body"] == body.decode()


def test_what_is_no_tls_harms_nobody_else(ports: tuple[int, int], certificates: Certificates) -> None:
    with socket.create_connection(("127.0.0.1", ports[1]), timeout=PATIENCE_S) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionResetError):
            assert b"200" not in plain.recv(64)

    assert echo(f"https://localhost:{ports[1]}", certificates)["body"] == "hello"


@pytest.mark.parametrize("level", [4, 5])
def test_mqtt_over_websocket_is_on_the_same_port(
    ports: tuple[int, int], certificates: Certificates, level: int
) -> None:
    codes: queue.Queue[int] = queue.Queue()
    client = paho.Client(
        CallbackAPIVersion.VERSION2, "urn:lo:nsid:dev:1", transport="websockets", protocol=MQTTProtocolVersion(level)
    )
    client.username_pw_set("json+device", "secret")
    client.ws_set_options("/mqtt")
    client.tls_set(str(certificates.authority))
    client.on_connect = lambda *a: codes.put(a[3].value)
    client.connect_timeout = PATIENCE_S
    client.connect("localhost", ports[1], 30)
    client.loop_start()
    assert codes.get(timeout=PATIENCE_S) == 0
    client.disconnect()
    client.loop_stop()
    assert echo(f"https://localhost:{ports[1]}", certificates)["body"] == "hello"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_spoken(ports: tuple[int, int], certificates: Certificates, version: Any) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    context.minimum_version = context.maximum_version = version

    with (
        socket.create_connection(("127.0.0.1", ports[1]), timeout=PATIENCE_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as session,
    ):
        session.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert session.recv(64).startswith(b"HTTP/1.1 200")


def test_the_authority_outlives_python_3_13s_strict_verification(certificates: Certificates) -> None:
    context = ssl.create_default_context(cafile=certificates.authority)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    server = certificates.server_context().wrap_bio(outgoing, incoming, server_side=True)

    shake(client, server)

    assert client.getpeercert()


def shake(client: ssl.SSLObject, server: ssl.SSLObject) -> None:
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
