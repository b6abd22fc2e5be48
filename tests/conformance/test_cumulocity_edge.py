"""Clients of Cumulocity at an edge of a stage in another account and region, which serves them all on one host name."""

import json
import queue
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.clients import PATIENCE_S, until
from tests.conformance.cumulocity_programs import ran_by_node
from tests.conformance.mosquitto_bridge import Tenant, bridged, is_checked_speaks_and_obeys
from tests.infra.edge_process import EdgeProcess
from tests.infra.elsewhere import elsewhere
from tests.local.running import RunningStack, unused

pytestmark = pytest.mark.conformance
REQUESTS = "/devicecontrol/newDeviceRequests"
LISTENED = (
    *(
        "s/ds",
        "s/e",
        "s/dt",
        "s/dat",
        "s/dc/tedge",
        "s/dc/other",
        "s/dd",
        "s/dl",
        "devicecontrol/notifications",
        "error",
    ),
)


@dataclass(frozen=True)
class Edge:
    """A stage that delivers through its edge, whose ports without and with TLS these are."""

    stack: RunningStack
    tenant: Tenant
    mqtt: int
    https: int

    def registered(self, serial: str) -> tuple[str, str]:
        """User and password of a device that was accepted, over HTTP at the edge's host."""
        self.tenant.call("POST", REQUESTS, {"id": serial})
        assert self._asked(serial) is None
        self.tenant.call("PUT", f"{REQUESTS}/{serial}", {"status": "ACCEPTED"})
        given = until(lambda: self._asked(serial))
        return f"{given['tenantId']}/{given['username']}", given["password"]

    def _asked(self, serial: str) -> Any:
        url = f"https://localhost:{self.https}/devicecontrol/deviceCredentials"
        given = requests.post(
            url, json={"id": serial}, auth=self.tenant.bootstrap, verify=str(self.stack.ca), timeout=PATIENCE_S
        )
        assert given.status_code in (201, 404), given.text
        return given.json() if given.status_code == 201 else None


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    control, mqtt, https = unused(), unused(), unused()
    ports = {"CONTROL": control, "MQTT": mqtt, "HTTPS": https}
    with RunningStack(HOMEPORT_IOT_ENDPOINT=f"http://127.0.0.1:{control}") as stack, elsewhere(stack.aws) as aws:
        variables: dict[str, Any] = {f"HOMEPORT_EDGE_{name}_PORT": port for name, port in ports.items()}
        with EdgeProcess(
            stack, tmp_path_factory.mktemp("edge"), aws, HOMEPORT_EDGE_API=stack.url, **variables
        ) as process:
            yield Edge(stack, Tenant(stack), mqtt, https)
        assert "Traceback" not in process.log, process.log


@pytest.mark.row("G7", "G8", "G9")
@pytest.mark.skipif(shutil.which("mosquitto") is None, reason="mosquitto is not installed")
def test_a_bridge_without_tls_is_checked_speaks_and_obeys(edge: Edge, tmp_path: Path) -> None:
    serial = "tedge-plain"
    with bridged(tmp_path, f"localhost:{edge.mqtt}", serial, edge.registered(serial)) as local:
        is_checked_speaks_and_obeys(edge.tenant, local, serial)


@pytest.mark.row("G5", "G9")
@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_the_javascript_client_listens_where_its_rest_api_is(edge: Edge, tmp_path: Path, transport: str) -> None:
    told = ran_by_node(
        edge.stack, tmp_path, "c8y_realtime.mjs", url=f"https://localhost:{edge.https}", transport=transport
    )
    # Each of the two channels has a WebSocket of its own.
    sockets = {"websockets": 2} if transport == "websocket" else {}
    assert told == {"operation": [True, True, True], "alarm": [True, "js"], **sockets}


@pytest.mark.row("G7")
@pytest.mark.parametrize("level", [MQTTProtocolVersion.MQTTv31, MQTTProtocolVersion.MQTTv311], ids=["3.1", "3.1.1"])
def test_what_iot_core_does_not_carry_is_carried(edge: Edge, level: MQTTProtocolVersion) -> None:
    """No TLS, QoS 2 both ways, and ten topics in one SUBSCRIBE, until its user is disabled."""
    serial = f"old-{level.value}"
    agent = paho.Client(CallbackAPIVersion.VERSION2, serial, protocol=level, reconnect_on_failure=False)
    agent.username_pw_set(*edge.registered(serial))
    agent.connect_timeout = PATIENCE_S
    granted: queue.Queue[list[int]] = queue.Queue()
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
    agent.on_subscribe = lambda *a: granted.put([code.value for code in a[3]])
    agent.on_message = lambda *a: heard.put((a[2].topic, a[2].payload))
    agent.connect("127.0.0.1", edge.mqtt, 60)
    agent.loop_start()
    try:
        agent.publish("s/us", "100,Old,c8y_Linux", 2).wait_for_publish(PATIENCE_S)
        agent.subscribe([(name, 2) for name in LISTENED])
        assert granted.get(timeout=PATIENCE_S) == [2] * len(LISTENED)
        number = until(lambda: edge.tenant.number(serial))
        until(lambda: edge.tenant.call("GET", f"/inventory/managedObjects/{number}")["name"] == "Old")
        body = {"deviceId": number, "c8y_Restart": {}}
        operation = edge.tenant.call("POST", "/devicecontrol/operations", body)["id"]
        came = dict(heard.get(timeout=PATIENCE_S) for _ in range(2))
        assert came["s/ds"].decode() == f"510,{serial}"
        assert json.loads(came["devicecontrol/notifications"])["id"] == operation
        for row in (f"504,{operation}", f"506,{operation}"):
            agent.publish("s/us", row, 2).wait_for_publish(PATIENCE_S)
        path = f"/devicecontrol/operations/{operation}"
        shown = until(lambda: one if (one := edge.tenant.call("GET", path))["status"] == "SUCCESSFUL" else None)
        assert shown["delivery"]["status"] == "DELIVERED"
        gone: list[int] = []
        agent.on_disconnect = lambda *_: gone.append(1)
        edge.tenant.call("PUT", f"/inventory/managedObjects/{number}/user", {"enabled": False})
        until(lambda: gone)
    finally:
        agent.disconnect()
        agent.loop_stop()
