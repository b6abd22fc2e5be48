"""Devices that register, for tests that need one."""

from typing import Any

from chalicelib.dialects.cumulocity import bootstrap
from tests.dialects.cumulocity.client import Client, Reply

REQUESTS, CREDENTIALS = "/devicecontrol/newDeviceRequests", "/devicecontrol/deviceCredentials"
BOOTSTRAP = ("management/devicebootstrap", "a password of this stage")


def poll(client: Client, device: str, auth: tuple[str, str] = BOOTSTRAP, **said: Any) -> Reply:
    """What the device is answered that asks a second after whatever went before."""
    client.ports.clock.advance(seconds=1)
    return client.call("POST", CREDENTIALS, {"id": device, **said}, auth=auth)


def open_door(client: Client) -> None:
    """Let devices come in that have no credentials yet."""
    bootstrap.put(client.ports, *BOOTSTRAP)


def accept(client: Client, device: str, **said: Any) -> Reply:
    return client.call("PUT", f"{REQUESTS}/{device}", {"status": "ACCEPTED", **said})


def registered(client: Client, device: str) -> tuple[str, str]:
    """User and password of a device that was registered, has asked and was accepted."""
    open_door(client)
    client.made(REQUESTS, {"id": device})
    assert poll(client, device).status == 404
    assert accept(client, device).status == 200
    given = poll(client, device).body
    return f"{given['tenantId']}/{given['username']}", given["password"]
