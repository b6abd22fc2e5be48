"""The gateway as it runs in an account: a process of its own, which reaches the platform through AWS alone."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.gateway.coap.numbers import Code
from tests.clients import Rest, until
from tests.infra.containers import container_rights
from tests.infra.elsewhere import elsewhere
from tests.infra.gateways import RunningGateway, prepare
from tests.local.running import RunningStack
from tests.lwm2m.conftest import RULES, Devices, Provision, provisioning
from tests.lwm2m.device import content

pytestmark = pytest.mark.row("F1")
OBSERVED = "/3303/0/5700"


@pytest.fixture(scope="module")
def hinting() -> Iterator[RunningStack]:
    """A stack that tells two nodes; its own gateway hears what is for the first."""
    with RunningStack(HOMEPORT_COAPS_NODES="2") as stack:
        prepare(stack, number=1)
        yield stack


@pytest.fixture
def process(hinting: RunningStack, tmp_path: Path) -> Iterator[RunningGateway]:
    variables = {"HOMEPORT_GATEWAY_NODES": "2", "HOMEPORT_GATEWAY_FORWARD_PORT": "0"}
    address = {"HOMEPORT_GATEWAY_ADDRESS": "127.0.0.1"}
    gateway = RunningGateway(hinting, tmp_path, rights=container_rights("infra.gateway.node"), **address, **variables)
    yield gateway
    gateway.close()


@pytest.fixture
def rest(hinting: RunningStack) -> Iterator[Rest]:
    rest = Rest(hinting)
    yield rest
    rest.close()


@pytest.fixture
def provision(hinting: RunningStack, rest: Rest, devices: Devices) -> Provision:
    return provisioning(hinting, rest, devices)


def looks_well(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def test_a_device_is_served_through_deployments_and_a_crash(
    process: RunningGateway, rest: Rest, provision: Provision
) -> None:
    process.start()
    path, device = provision()
    device.redirect(process.port)
    device.model.answers |= {f"GET {OBSERVED}": content(b"20.5"), "GET /3/0/9": content(b"77")}
    device.connect()
    assert device.register("</1/0>,</3/0>,</3303/0>") == Code.CREATED
    rest.post(RULES, {"name": "all", "type": "PASSTHROUGH", "paths": ["/3303"]})
    observation = rest.post(f"{path}/twin/observations", {"paths": [OBSERVED]})["id"]
    until(lambda: rest.get(f"{path}/twin/observations/{observation}")["status"] == "OBSERVING")
    until(lambda: looks_well(process.health_port))
    for number, ends in enumerate((process.stop, process.kill9)):
        device.notify(OBSERVED, content(b"%d" % (30 + number)))
        assert ends() in (0, None)
        assert not looks_well(process.health_port)
        rest.post(f"{path}/twin/operations", {"type": "READ", "paths": ["/3/0/9"]})
        process.start()
        until(lambda: {each["status"] for each in rest.get(f"{path}/twin/operations")} == {"OK"})
        assert "restored 1" in process.log
        assert "node 1" in process.log
    stream = rest.get(f"/api/v0/data/streams/{path.rpartition('/')[2]}")
    values = [message["value"]["temperature"]["0"]["sensorValue"] for message in stream]
    assert values == [31.0, 30.0]
    assert not device.over
    assert rest.call("DELETE", path).status_code == 204
    until(lambda: device.over)
    assert process.stop() == 0


def test_a_node_of_another_region_and_partition_asks_there_and_nowhere_else(
    hinting: RunningStack, rest: Rest, provision: Provision, tmp_path: Path
) -> None:
    """Table, queue, key and function: whatever is not signed for that region is refused."""
    told = {
        "HOMEPORT_GATEWAY_NODES": "2",
        "HOMEPORT_GATEWAY_FORWARD_PORT": "0",
        "HOMEPORT_GATEWAY_ADDRESS": "127.0.0.1",
    }
    with elsewhere(hinting.aws) as environment:
        gateway = RunningGateway(
            hinting, tmp_path, rights=container_rights("infra.gateway.node"), **environment, **told
        )
        try:
            gateway.start()
            path, device = provision()
            device.redirect(gateway.port)
            device.model.answers |= {"GET /3/0/9": content(b"77")}
            device.connect()
            assert device.register("</1/0>,</3/0>") == Code.CREATED
            for ends in (gateway.stop, gateway.kill9):
                rest.post(f"{path}/twin/operations", {"type": "READ", "paths": ["/3/0/9"]})
                until(lambda: {each["status"] for each in rest.get(f"{path}/twin/operations")} == {"OK"})
                ends()
                gateway.start()
                assert "restored 1" in gateway.log
            assert gateway.stop() == 0
        finally:
            gateway.close()


def test_what_is_missing_is_said(hinting: RunningStack, tmp_path: Path) -> None:
    gateway = RunningGateway(hinting, tmp_path, HOMEPORT_STAGE="nowhere")
    gateway.launch()
    assert gateway.wait() == 2
    assert "its key cannot be read" in gateway.log
    assert "Traceback" not in gateway.log
