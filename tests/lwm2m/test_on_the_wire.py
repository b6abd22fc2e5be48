"""What the rest of the tests say of events, once from end to end: sockets, functions, tables, REST API."""

from infra.gateway.coap.numbers import Code
from tests.clients import Rest
from tests.lwm2m.conftest import Provision


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
