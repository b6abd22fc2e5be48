"""What the rest of the tests say of events, once from end to end: sockets, functions, tables, REST API."""

import json
from base64 import urlsafe_b64decode

import pytest

from infra.gateway.coap.message import Response
from infra.gateway.coap.numbers import Code
from tests.clients import Rest, until
from tests.local.running import RunningStack
from tests.lwm2m.conftest import DEVICES, KEY, Devices, Provision
from tests.lwm2m.device import content


def status(rest: Rest, device: str) -> str:
    return str(rest.get(device)["interfaces"][0]["status"])


def test_a_device_registers_updates_and_goes(rest: Rest, provision: Provision) -> None:
    path, device = provision()
    assert status(rest, path) == "REGISTERED"
    device.connect()
    assert device.register("</1/0>,</3/0>") == Code.CREATED
    assert status(rest, path) == "ONLINE"
    assert rest.get(path)["interfaces"][0]["activity"]["remoteAddress"] == "127.0.0.1"
    assert device.update("lt=600") == Code.CHANGED
    assert device.ask(Code.POST, "rd", "00").code == Code.NOT_FOUND
    assert device.ask(Code.DELETE, "rd", device.location).code == Code.DELETED
    assert status(rest, path) == "OFFLINE"


def outcome(rest: Rest, operations: str, operation: str) -> str:
    return str(rest.get(f"{operations}/{operation}")["status"])


@pytest.mark.row("F2")
def test_a_device_is_read_written_executed_and_observed(rest: Rest, provision: Provision) -> None:
    path, device = provision()
    twin = f"{path}/twin"
    device.model.answers |= {
        "GET /3/0/9": content(b"77"),
        "PUT /1/0/1": Response(Code.CHANGED),
        "POST /3/0/4": Response(Code.CHANGED),
        "GET /3303/0/5700": content(b"20.5"),
    }
    device.connect()
    assert device.register("</1/0>,</3/0>,</3303/0>") == Code.CREATED
    asked = [
        {"type": "READ", "paths": ["/3/0/9"]},
        {"type": "WRITE", "paths": ["/1/0/1"], "values": [{"path": "/1/0/1", "value": "60"}]},
        {"type": "EXECUTE", "paths": ["/3/0/4"]},
    ]
    made = [rest.post(f"{twin}/operations", body)["id"] for body in asked]
    until(lambda: all(outcome(rest, f"{twin}/operations", each) == "OK" for each in made))
    paths = [request.path for request in device.model.requests]
    assert paths == [("3", "0", "9"), ("1", "0", "1"), ("3", "0", "4")]
    shown = rest.get(f"{twin}/objects/3/0")["attributes"]
    assert shown[0]["content"]["reportedValue"] == "77"
    observation = rest.post(f"{twin}/observations", {"paths": ["/3303/0/5700"]})["id"]
    until(lambda: rest.get(f"{twin}/observations/{observation}")["status"] == "OBSERVING")
    device.notify("/3303/0/5700", content(b"21.5"))
    assert rest.get(f"{twin}/objects/3303/0")["attributes"][0]["content"]["reportedValue"] == "21.5"
    assert rest.call("DELETE", f"{twin}/observations/{observation}").status_code == 204
    until(lambda: not device.model.observed)


def test_an_operation_waits_until_a_device_comes(rest: Rest, provision: Provision) -> None:
    path, device = provision()
    operations = f"{path}/twin/operations"
    made = rest.post(operations, {"type": "READ", "paths": ["/3/0/9"]})["id"]
    device.model.answers["GET /3/0/9"] = content(b"1")
    device.connect()
    device.register("</3/0>", "lwm2m=1.1&lt=86400&Q")
    until(lambda: outcome(rest, operations, made) == "OK")


def test_a_report_is_kept_before_it_is_answered(rest: Rest, provision: Provision) -> None:
    path, device = provision()
    device.connect()
    assert device.ask(Code.POST, "dp", payload=b"[]", format=110).code == Code.NOT_FOUND
    device.register("</3/0>")
    told = b'[{"n": "/3/0/9", "v": 42}]'
    assert device.ask(Code.POST, "dp", payload=told, format=110).code == Code.CHANGED
    assert rest.get(f"{path}/twin/objects/3/0")["attributes"][0]["content"]["reportedValue"] == "42"


def test_a_secret_that_was_changed_ends_what_was_opened_with_it(rest: Rest, provision: Provision) -> None:
    path, device = provision()
    device.connect()
    device.register("</3/0>")
    interface = rest.get(path)["interfaces"][0]
    security = {"pskInfo": {**interface["definition"]["security"]["pskInfo"], "secret": "ff" * 16}}
    rest.ok("PATCH", f"{path}/interfaces/lwm2m:{interface['nodeId']}", {"definition": {"security": security}})
    until(lambda: device.over)


@pytest.mark.row("F8")
def test_a_device_is_bootstrapped_and_registers_with_what_it_was_told(
    rest: Rest, stack: RunningStack, devices: Devices
) -> None:
    name = f"bootstrapped-{stack.pid}"
    urn, entries = f"urn:lo:nsid:lwm2m:{name}", "/api/v1/bootstrap/lwm2m"
    definition = {"endpointName": name, "bootstrap": {"managed": True}}
    rest.post(DEVICES, {"id": urn, "interfaces": [{"connector": "lwm2m", "definition": definition}]})
    told = {"security": {"shortServerId": 1}, "server": {"shortServerId": 1, "lifetime": 300}}
    server = {"id": "here", "useLiveObjects": True, "renewSecurityOnBootstrap": True, "lwm2mDefinition": told}
    config = rest.post(f"{entries}/configs", {"name": name, "runServers": [server]})["id"]
    info = {"pskInfo": {"identity": name, "secret": KEY.hex()}}
    rest.post(
        f"{entries}/entries",
        {"endpointName": name, "security": info, "definition": {"bootstrapConfigId": config}},
    )
    first = devices.made(stack.coaps_bootstrap, name.encode(), KEY, name)
    deleted, changed = Response(Code.DELETED), Response(Code.CHANGED)
    first.model.answers |= {
        "GET /0": content(b"</0/0>", 40),
        **dict.fromkeys(("DELETE /0", "DELETE /1", "DELETE /21"), deleted),
        **dict.fromkeys(("PUT /0/1", "PUT /1/0", "POST /bs"), changed),
    }
    first.connect()
    assert first.ask(Code.POST, "bs", query=f"ep={name}&pct=110").code == Code.CHANGED
    until(lambda: rest.get(f"{entries}/entries/{name}")["activity"]["status"] == "FINISHED")
    (written,) = [each.payload for each in first.model.requests if each.path == ("0", "1")]
    security = {each["n"]: each for each in json.loads(written)}
    assert security["/0/1/0"]["vs"] == f"coaps://localhost:{stack.coaps}"
    identity, key = (urlsafe_b64decode(security[f"/0/1/{number}"]["vd"] + "==") for number in (3, 5))
    second = devices.made(stack.coaps, identity, key, name)
    second.connect()
    assert second.register("</3/0>") == Code.CREATED
    assert status(rest, f"{DEVICES}/{urn}") == "ONLINE"
