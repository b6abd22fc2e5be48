"""What is seen of devices when the process that serves them is killed: all of it; they go on without a handshake."""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from infra.gateway.coap.message import Response
from infra.gateway.coap.numbers import Code
from tests.clients import Rest, until
from tests.local.running import RunningStack
from tests.lwm2m.conftest import RULES, Devices, Provision, provisioning
from tests.lwm2m.device import content

OBSERVED = "/3303/0/5700"


def associations(stack: RunningStack) -> int:
    """How many the gateway has saved."""
    with contextlib.closing(sqlite3.connect(f"file:{stack.data}/coaps-run.sqlite3?mode=ro", uri=True)) as kept:
        return int(kept.execute("SELECT count(*) FROM associations").fetchone()[0])


@pytest.fixture(scope="module")
def mortal() -> Iterator[RunningStack]:
    with RunningStack() as stack:
        yield stack


@pytest.fixture
def rest(mortal: RunningStack) -> Iterator[Rest]:
    rest = Rest(mortal)
    yield rest
    rest.close()


@pytest.fixture
def provision(mortal: RunningStack, rest: Rest, devices: Devices) -> Provision:
    return provisioning(mortal, rest, devices)


def test_nothing_that_was_seen_is_gone(mortal: RunningStack, rest: Rest, provision: Provision) -> None:
    path, device = provision()
    twin = f"{path}/twin"
    device.model.answers |= {f"GET {OBSERVED}": content(b"20.5"), "POST /3/0/12": Response(Code.CHANGED)}
    device.connect()
    assert device.register("</1/0>,</3/0>,</3303/0>") == Code.CREATED
    rest.post(RULES, {"name": "all", "type": "PASSTHROUGH", "paths": ["/3303"]})
    observation = rest.post(f"{twin}/observations", {"paths": [OBSERVED]})["id"]
    until(lambda: rest.get(f"{twin}/observations/{observation}")["status"] == "OBSERVING")
    device.notify(OBSERVED, content(b"21.5"))
    done = rest.post(f"{twin}/operations", {"type": "EXECUTE", "paths": ["/3/0/12"]})["id"]
    until(lambda: rest.get(f"{twin}/operations/{done}")["status"] == "OK")
    away, _ = provision()
    waiting = rest.post(f"{away}/twin/operations", {"type": "READ", "paths": ["/3/0/9"]})["id"]
    seen = [
        *(f"{twin}/objects", f"{twin}/objects/3303/0", f"{twin}/operations", f"{twin}/observations", path),
        *(f"{away}/twin/operations/{waiting}", f"/api/v0/data/streams/{path.rpartition('/')[2]}"),
    ]
    before = {each: rest.get(each) for each in seen}
    until(lambda: associations(mortal) == 1)
    mortal.kill9()
    mortal.restart()
    assert {each: rest.get(each) for each in seen} == before
    device.notify(OBSERVED, content(b"22.5"))
    shown = rest.get(f"{twin}/objects/3303/0")["attributes"]
    assert shown[0]["content"]["reportedValue"] == "22.5"
    again = rest.post(f"{twin}/operations", {"type": "READ", "paths": [OBSERVED]})["id"]
    until(lambda: rest.get(f"{twin}/operations/{again}")["status"] == "OK")
    assert not device.over
