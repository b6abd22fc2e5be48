"""Devices on the wire beside a running stack; skipped where the interpreter has no OpenSSL to serve them with."""

import itertools
import os
from collections.abc import Callable, Iterator

import pytest

from infra.gateway.dtls.client import Identity
from tests.clients import Rest
from tests.gateway.dtls.rig import LIB
from tests.local.running import RunningStack
from tests.lwm2m.device import WireDevice

DEVICES = "/api/v1/deviceMgt/devices"
RULES = "/api/v1/deviceMgt/twin/data/rules"
KEY = bytes(range(16))
Provision = Callable[[], tuple[str, WireDevice]]
_numbers = itertools.count(1)


@pytest.fixture
def rest(stack: RunningStack) -> Iterator[Rest]:
    rest = Rest(stack)
    yield rest
    rest.close()


class Devices:
    """Those of one test, closed at its end."""

    def __init__(self) -> None:
        self.all: list[WireDevice] = []

    def made(self, port: int, identity: bytes, key: bytes, endpoint: str) -> WireDevice:
        """Not connected."""
        device = WireDevice(LIB, port, Identity(identity, key, cid=b"me"), endpoint)
        self.all.append(device)
        return device


@pytest.fixture
def devices() -> Iterator[Devices]:
    made = Devices()
    yield made
    for device in made.all:
        device.close()


@pytest.fixture
def provision(stack: RunningStack, rest: Rest, devices: Devices) -> Provision:
    return provisioning(stack, rest, devices)


def provisioning(stack: RunningStack, rest: Rest, devices: Devices) -> Provision:
    """Registers a device over the API and makes it, not connected; its path and itself."""

    def provision() -> tuple[str, WireDevice]:
        name = f"wire-{os.getpid()}-{next(_numbers)}"
        security = {"mode": "PSK", "pskInfo": {"identity": name, "secret": KEY.hex()}}
        interface = {"connector": "lwm2m", "definition": {"endpointName": f"urn:{name}", "security": security}}
        urn = f"urn:lo:nsid:lwm2m:{name}"
        rest.post(DEVICES, {"id": urn, "interfaces": [interface]})
        return f"{DEVICES}/{urn}", devices.made(stack.coaps, name.encode(), KEY, f"urn:{name}")

    return provision
