"""LwM2M clients as they are against the local stack: registered, driven over the REST API, bootstrapped."""

import contextlib
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.dialects.lwm2m import senml
from chalicelib.dialects.lwm2m.content_formats import ContentFormat
from chalicelib.dialects.lwm2m.entries import Item
from chalicelib.fleet.twin.values import ResourceType
from infra.gateway.coap.message import Response
from infra.gateway.coap.numbers import Code
from infra.gateway.dtls.client import Identity
from tests.clients import PATIENCE_S, Rest, until
from tests.conformance import wakaama
from tests.conformance.wakaama import Wakaama
from tests.gateway.dtls.rig import LIB
from tests.local.running import RunningStack
from tests.lwm2m.device import WireDevice, content

pytestmark = [pytest.mark.conformance, pytest.mark.row("F1", "F2", "F5", "F6", "F8")]

DEVICES = "/api/v1/deviceMgt/devices"
BOOTSTRAP = "/api/v1/bootstrap/lwm2m"
KEY = "000102030405060708090a0b0c0d0e0f"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def rest(running_stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(running_stack)
    yield rest
    rest.close()


class Device:
    """What the platform knows of one."""

    def __init__(self, rest: Rest, definition: dict[str, Any], name: str) -> None:
        self._rest, self.name = rest, name
        urn = f"urn:lo:nsid:conformance:{name}"
        self.path = f"{DEVICES}/{urn}"
        rest.post(DEVICES, {"id": urn, "interfaces": [{"connector": "lwm2m", "definition": definition}]})

    def status(self) -> str:
        return str(self._rest.get(self.path)["interfaces"][0]["status"])

    def operate(self, **operation: Any) -> Any:
        """The operation when it has ended."""
        operations = f"{self.path}/twin/operations"
        made = self._rest.post(operations, operation)["id"]
        return until(lambda: self._ended(self._rest.get(f"{operations}/{made}")))

    @staticmethod
    def _ended(operation: Any) -> Any:
        return None if operation["status"] in ("PENDING", "SENT", "RETRYING") else operation

    def succeed(self, **operation: Any) -> None:
        done = self.operate(**operation)
        assert done["status"] == "OK", done

    def shown(self, path: str) -> dict[str, str]:
        """Values of an object instance, by the paths of their resources."""
        attributes = self._rest.get(f"{self.path}/twin/objects{path}")["attributes"]
        return {each["path"]: each["content"]["reportedValue"] for each in attributes if "content" in each}


def fresh() -> str:
    return f"lwm2m-{os.getpid()}-{next(_numbers)}"


def secured(rest: Rest, secret: str = KEY) -> Device:
    name = fresh()
    security = {"mode": "PSK", "pskInfo": {"identity": name, "secret": secret}}
    return Device(rest, {"endpointName": name, "security": security}, name)


def test_wakaama_is_read_written_executed_observed_and_goes(running_stack: RunningStack, rest: Rest) -> None:
    program = wakaama.built()
    device = secured(rest)
    with Wakaama(program, endpoint=device.name, identity=device.name, key=KEY, port=running_stack.coaps) as client:
        until(lambda: device.status() == "ONLINE")
        assert rest.get(device.path)["interfaces"][0]["activity"]["lwm2mVersion"] == "1.0"
        device.succeed(type="READ", paths=["/3/0"])
        assert device.shown("/3/0")["/3/0/0"] == "Open Mobile Alliance"
        device.succeed(type="WRITE", paths=["/3/0/14"], values=[{"path": "/3/0/14", "value": "+03:00"}])
        device.succeed(type="READ", paths=["/3/0/14"])
        assert device.shown("/3/0")["/3/0/14"] == "+03:00"
        device.succeed(type="EXECUTE", paths=["/3/0/12"])
        metadata = [{"name": "pmin", "value": "1"}, {"name": "pmax", "value": "60"}]
        device.succeed(type="WRITE-METADATA", paths=["/3/0/9"], values=[{"path": "/3/0/9", "metadata": metadata}])
        refused = device.operate(type="READ", paths=["/3/0/99"])
        assert (refused["status"], refused["error"]["deviceCode"]["value"]) == ("FAILED", 404)
        observations = f"{device.path}/twin/observations"
        observation = rest.post(observations, {"paths": ["/3/0/9"]})["id"]
        until(lambda: rest.get(f"{observations}/{observation}")["status"] == "OBSERVING")
        client.type("change /3/0/9 42")
        until(lambda: device.shown("/3/0")["/3/0/9"] == "42")
        assert rest.call("DELETE", f"{observations}/{observation}").status_code == 204
        device.succeed(type="READ", paths=["/3/0/9"])
        client.type("quit")
        until(lambda: device.status() == "OFFLINE")


def test_wakaama_is_bootstrapped_and_registers(running_stack: RunningStack, rest: Rest) -> None:
    """It answers Discover with Bad Request, as LwM2M 1.0 does not have it here: its own instance is taken to be 0."""
    program = wakaama.built()
    name = fresh()
    device = Device(rest, {"endpointName": name, "bootstrap": {"managed": True}}, name)
    server = {
        "id": "run",
        "useLiveObjects": True,
        "renewSecurityOnBootstrap": True,
        "lwm2mDefinition": {
            "security": {"shortServerId": 123},
            "server": {"shortServerId": 123, "lifetime": 300, "binding": "U"},
        },
    }
    config = rest.post(f"{BOOTSTRAP}/configs", {"name": name, "runServers": [server]})["id"]
    entry = {
        "endpointName": name,
        "security": {"pskInfo": {"identity": name, "secret": KEY}},
        "definition": {"bootstrapConfigId": config},
    }
    rest.post(f"{BOOTSTRAP}/entries", entry)
    port = running_stack.coaps_bootstrap
    with Wakaama(program, endpoint=name, identity=name, key=KEY, port=port, options="-b"):
        until(lambda: rest.get(f"{BOOTSTRAP}/entries/{name}")["activity"]["status"] == "FINISHED")
        until(lambda: device.status() == "ONLINE")
        device.succeed(type="READ", paths=["/1"])
        assert "/1/0/1" in device.shown("/1/0")


@pytest.mark.parametrize("stack", ["openssl", "gnutls"])
def test_libcoap_registers_and_sends(running_stack: RunningStack, rest: Rest, tmp_path: Path, stack: str) -> None:
    """Each call is an association of its own: what was registered by one goes on with the next of the same identity."""
    program = shutil.which(f"coap-client-{stack}")
    if program is None:
        pytest.skip(f"coap-client-{stack} is not installed")
    device = secured(rest, "a key of text")

    def ask(method: str, path: str, content: str, *more: str) -> str:
        payload = tmp_path / "payload"
        payload.write_text(content, encoding="utf-8")
        command = [program, "-v", "6", "-u", device.name, "-k", "a key of text", "-B", "30", "-m", method]
        command += ["-f", str(payload), *more, f"coaps://127.0.0.1:{running_stack.coaps}{path}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout + done.stderr

    links = "</>;ct=110,</1/0>,</3/0>,</3303/0>"
    ask("post", f"/rd?ep={device.name}&lt=300&lwm2m=1.1&b=U", links, "-t", "40")
    assert device.status() == "ONLINE"
    ask("post", "/dp", '[{"bn":"/3303/0/","n":"5700","v":21.5},{"n":"5701","vs":"Cel"}]', "-t", "110")
    assert device.shown("/3303/0") == {"/3303/0/5700": "21.5", "/3303/0/5701": "Cel"}


@pytest.fixture(scope="module", autouse=True)
def sleeper(running_stack: RunningStack, rest: Rest) -> Iterator[tuple[Device, WireDevice]]:
    """Our own client of LwM2M 1.1, in queue mode; it says nothing from here on, until it is asked to."""
    known = secured(rest)
    told = Identity(known.name.encode(), bytes.fromhex(KEY), cid=b"me")
    device = WireDevice(LIB, running_stack.coaps, told, known.name)
    device.connect()
    assert device.register('</>;rt="oma.lwm2m";ct="60 110 112",</1/0>,</3/0>,</3303/0>', "lwm2m=1.1&Q") == Code.CREATED
    yield known, device
    device.close()


def test_our_client_is_asked_for_several_values_at_once_and_sends(running_stack: RunningStack, rest: Rest) -> None:
    known = secured(rest)
    told = Identity(known.name.encode(), bytes.fromhex(KEY), cid=b"me")
    with contextlib.closing(WireDevice(LIB, running_stack.coaps, told, known.name)) as device:
        device.connect()
        device.register('</>;rt="oma.lwm2m";ct="60 110",</1/0>,</3/0>,</3303/0>')
        read = [Item((3, 0, 0), ResourceType.STRING, "Ours"), Item((3303, 0, 5700), ResourceType.FLOAT, 4.5)]
        device.model.answers["FETCH /"] = content(senml.encode(read, binary=False), ContentFormat.SENML_JSON)
        device.model.answers["IPATCH /"] = Response(Code.CHANGED)
        known.succeed(type="READ", paths=["/3/0/0", "/3303/0/5700"])
        assert (known.shown("/3/0"), known.shown("/3303/0")) == ({"/3/0/0": "Ours"}, {"/3303/0/5700": "4.5"})
        values = [{"path": "/1/0/1", "value": "600"}, {"path": "/3/0/15", "value": "Europe/Paris"}]
        known.succeed(type="WRITE", paths=["/"], values=values)
        written = device.model.requests[-1]
        assert (written.code, written.content_format) == (Code.IPATCH, ContentFormat.SENML_JSON)
        assert json.loads(written.payload) == [{"n": "/1/0/1", "v": 600}, {"n": "/3/0/15", "vs": "Europe/Paris"}]
        observations = f"{known.path}/twin/observations"
        observation = rest.post(observations, {"paths": ["/3/0/0", "/3303/0/5700"]})["id"]
        until(lambda: rest.get(f"{observations}/{observation}")["status"] == "OBSERVING")
        binary = senml.encode([read[1]._replace(value=5.25)], binary=True)
        assert device.ask(Code.POST, "dp", payload=binary, format=ContentFormat.SENML_CBOR).code == Code.CHANGED
        assert known.shown("/3303/0") == {"/3303/0/5700": "5.25"}


def test_our_client_sleeps_and_is_asked_when_it_wakes(sleeper: tuple[Device, WireDevice], rest: Rest) -> None:
    """The last of this file: until it is asleep, which takes its time, the others have theirs."""
    known, device = sleeper
    until(lambda: known.status() == "SLEEPING")
    device.model.answers["GET /3/0/9"] = content(b"12")
    operations = f"{known.path}/twin/operations"
    made = rest.post(operations, {"type": "READ", "paths": ["/3/0/9"]})["id"]
    assert rest.get(f"{operations}/{made}")["status"] == "PENDING"
    assert not device.model.requests
    assert device.update() == Code.CHANGED
    until(lambda: rest.get(f"{operations}/{made}")["status"] == "OK")
    assert known.status() == "ONLINE"
    assert known.shown("/3/0") == {"/3/0/9": "12"}
