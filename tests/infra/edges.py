"""An edge against a running stack, and clients that come to it over TCP."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from infra.edge.__main__ import start
from infra.edge.settings import EdgeSettings
from infra.local.vital import Vital
from tests.clients import PATIENCE_S, Rest, until
from tests.infra.elsewhere import ELSEWHERE
from tests.local.running import RunningStack


def settings(stack: RunningStack, folder: Path) -> EdgeSettings:
    """With ports of every kind, free ones."""
    (folder / "clients.pem").write_text(stack.ca.read_text())
    return EdgeSettings(
        functions="homeport-local-",
        region=ELSEWHERE,
        data=folder,
        bind="127.0.0.1",
        mqtts_port=0,
        mqtt_port=0,
        control_bind="127.0.0.1",
        control_port=0,
        certificate=next(stack.data.glob("server*.pem")),
        key=next(stack.data.glob("server*.key")),
        client_ca=folder / "clients.pem",
        reread_s=0.05,
        api=stack.url,
        https_port=0,
        http_port=0,
        further_mqtts_ports=(0, 0),
        further_mqtt_ports=(0,),
    )


@contextmanager
def running_edge(stack: RunningStack, folder: Path) -> Iterator[dict[str, int]]:
    """Its ports by their names. Its AWS is whatever the environment says."""
    with ExitStack() as closing:
        yield start(settings(stack, folder), closing, Vital())


def client(client_id: str, username: str, password: str, level: MQTTProtocolVersion) -> paho.Client:
    """One that stays away once it is disconnected: two of one id would throw each other out for ever."""
    made = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=level, reconnect_on_failure=False)
    made.username_pw_set(username, password)
    return made


def let_in(made: paho.Client, port: int) -> list[int]:
    """Connect and go on in the background; the codes of CONNACK, by MQTT 5's numbers."""
    codes: list[int] = []
    made.on_connect = lambda *a: codes.append(a[3].value)
    made.connect_timeout = PATIENCE_S
    made.connect("127.0.0.1", port, 30)
    made.loop_start()
    until(lambda: codes)
    return codes


def connect(
    port: int, client_id: str, password: str, level: MQTTProtocolVersion, username: str = "json+device"
) -> tuple[paho.Client, list[int]]:
    made = client(client_id, username, password, level)
    return made, let_in(made, port)


def bare_key(stack: RunningStack) -> str:
    """One that may be read on the way: a device's and nothing more."""
    rest = Rest(stack)
    parent = rest.get("/api/v0/apiKeys/current_key")["id"]
    made = rest.post("/api/v0/apiKeys", {"parentId": parent, "roles": ["DEVICE_ACCESS"]})
    rest.close()
    return str(made["value"])
