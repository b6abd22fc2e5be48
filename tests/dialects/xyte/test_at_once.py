"""Two who claim, give up or delete one device at once: whoever has it in the end, all agree who that is."""

import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count, takewhile

import pytest

from tests.dialects.live_objects.client import DEVICES as LO
from tests.dialects.preempting import preempted
from tests.dialects.xyte.client import Client, Device, Reply
from tests.dialects.xyte.test_claiming import CHILD, DEVICES, PROOF, had, owner
from tests.dialects.xyte.test_ownership import elsewhere
from tests.dialects.xyte.wire import Wire
from tests.fakes import MemoryPorts

PORTS = ("directory", "mailboxes", "devices", "configurations", "records", "claims", "groups")
FEW, EVERY = 9, 1


@dataclass(frozen=True)
class Pair:
    """A device and its child, and two that may have them."""

    ports: MemoryPorts
    one: Client
    two: Client
    device: Device
    child: Device


def unclaimed() -> Pair:
    ports = MemoryPorts()
    one, two, maker = Client(ports, "one"), Client(ports, "two"), Client(ports, "maker")
    device = maker.register(maker.model())
    made = device.call("POST", "/children", CHILD).body
    return Pair(ports, one, two, device, Device(ports, made["id"], made["access_key"]))


def owned() -> Pair:
    pair = unclaimed()
    assert claim_for_one(pair).status == 200
    return pair


def claim_for_one(pair: Pair) -> Reply:
    return pair.one.call("POST", f"{DEVICES}/claim", PROOF)


def claim_for_two(pair: Pair) -> Reply:
    return pair.two.call("POST", f"{DEVICES}/claim", PROOF)


def give_up(pair: Pair) -> Reply:
    return pair.one.call("DELETE", f"{DEVICES}/{pair.device.id}")


def delete_elsewhere(pair: Pair) -> Reply:
    reply = elsewhere(pair.one).call("DELETE", f"{LO}/urn:lo:nsid:xyte:{pair.device.id}")
    return Reply(reply.status, {}, b"{}")


def delete_itself(pair: Pair) -> Reply:
    return pair.device.call("DELETE")


def speak(pair: Pair) -> Reply:
    return pair.device.call("POST", "/telemetry", {"status": "online"})


def speak_of_child(pair: Pair) -> Reply:
    return pair.child.call("POST", "/telemetry", {"status": "online"})


def register_child(pair: Pair) -> Reply:
    return pair.device.call("POST", "/children", {**CHILD, "sn": "another"})


def come_in(pair: Pair) -> Reply:
    Wire(pair.device).knock()
    return Reply(200, {}, b"{}")


Action = Callable[[Pair], Reply]
CLAIMS: tuple[Action, ...] = (claim_for_one, claim_for_two)
AT_ONCE: tuple[tuple[Callable[[], Pair], Action, Action], ...] = (
    *((unclaimed, run, other) for run in CLAIMS for other in (*CLAIMS, delete_itself, register_child, speak_of_child)),
    *((owned, run, claim_for_two) for run in (give_up, delete_elsewhere, delete_itself, speak, register_child)),
    *((owned, run, give_up) for run in (give_up, delete_itself, speak, speak_of_child, register_child, come_in)),
    *((owned, run, delete_elsewhere) for run in (give_up, speak, speak_of_child, register_child, come_in)),
    *((owned, claim_for_two, other) for other in (give_up, delete_elsewhere, delete_itself)),
    *((owned, run, delete_itself) for run in (give_up, speak, speak_of_child, register_child, come_in)),
)


def at_once(make: Callable[[], Pair], run: Action, other: Action, at: int) -> bool:
    pair, replies = make(), list[Reply]()
    came = preempted(pair.ports, PORTS, at, lambda: replies.append(run(pair)), lambda: replies.append(other(pair)))
    for reply in replies:
        assert reply.status < 500 or reply.status == 503, (at, reply.raw)
    pair.ports.run_background()
    ensure_agreed(pair, at)
    return came


def ensure_agreed(pair: Pair, at: int) -> None:
    """As soon as the device and its children were heard once more."""
    gone = pair.device.call("POST", "/telemetry", {"status": "online"}).status == 401
    pair.child.call("POST", "/telemetry", {"status": "online"})
    rows = pair.ports.directory.rows
    assert gone is (pair.device.id not in rows), at
    assert not gone or pair.child.id not in rows, at
    every = [] if gone else [pair.device.id, *rows[pair.device.id].children]
    has = None if gone else owner(pair.device)
    for who in (pair.one, pair.two):
        assert set(had(who)) == (set(every) if who.tenant.id == has else set()), (at, has)
    assert {rows[uuid].owner for uuid in every} <= {has}, at


@pytest.mark.parametrize(("make", "run", "other"), AT_ONCE)
def test_all_agree_whose_it_is(make: Callable[[], Pair], run: Action, other: Action) -> None:
    name = f"{run.__name__} {other.__name__}"
    assert at_once(make, run, other, 0)
    walk = partial(at_once, make, run, other)
    deque(takewhile(walk, count(1 + zlib.crc32(name.encode()) % FEW, FEW)), maxlen=0)


@pytest.mark.soak
def test_all_agree_whose_it_is_before_each_call() -> None:
    for make, run, other in AT_ONCE:
        deque(takewhile(partial(at_once, make, run, other), count(0, EVERY)), maxlen=0)
