"""Identities of handshakes: one holder each in the whole stage, and for how long one goes on that was replaced."""

from dataclasses import replace

import pytest

from chalicelib.fleet.errors import InterfaceDuplicate, Invalid
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.twin import identities
from chalicelib.fleet.twin.identities import IDENTITIES, Holder
from chalicelib.fleet.twin.library import EVERYBODY
from tests.fakes import START, MemoryPorts

NAME, KEY = "identity", b"k" * 16
MINE, THEIRS = Holder("acme", "d1", "node"), Holder("other", "d2", "node")
DAY = 86_400_000


def interface(identity: str | None = NAME, *, enabled: bool = True) -> Interface:
    named = {} if identity is None else {"security": {"pskInfo": {"identity": identity}}}
    definition = {"endpointName": "node", **named}
    return Interface("lwm2m", "node", "lwm2m", START, START, enabled=enabled, definition=definition)


def present(ports: MemoryPorts, holder: Holder, *interfaces: Interface) -> Device:
    device = Device(tenant=holder.tenant, id=holder.device, created=START, updated=START, interfaces=interfaces)
    ports.devices.rows[holder.tenant, holder.device] = device
    return device


@pytest.fixture
def ports() -> MemoryPorts:
    ports = MemoryPorts()
    present(ports, MINE, interface())
    identities.reserve(ports, NAME, MINE, KEY)
    return ports


def holder(ports: MemoryPorts) -> str:
    known = IDENTITIES.get(ports, EVERYBODY, NAME)
    assert known is not None
    return known.tenant


def test_it_is_nobody_elses_while_its_interface_names_it(ports: MemoryPorts) -> None:
    with pytest.raises(InterfaceDuplicate):
        identities.reserve(ports, NAME, THEIRS, KEY)
    assert holder(ports) == MINE.tenant
    present(ports, MINE, interface("another"))
    identities.reserve(ports, NAME, THEIRS, KEY)
    assert holder(ports) == THEIRS.tenant


@pytest.mark.parametrize("left", ["no interface", "no device", "another node", "another connector"])
def test_what_a_crash_left_is_taken_over(ports: MemoryPorts, left: str) -> None:
    here = {
        "no interface": (),
        "another node": (replace(interface(), node="elsewhere"),),
        "another connector": (replace(interface(), connector="mqtt"),),
    }
    if left in here:
        present(ports, MINE, *here[left])
    else:
        del ports.devices.rows[MINE.tenant, MINE.device]
    identities.reserve(ports, NAME, THEIRS, KEY)
    assert holder(ports) == THEIRS.tenant


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("passed", [0, DAY - 1, DAY])
def test_one_that_was_replaced_is_its_holders_for_a_day_as_long_as_that_has_an_interface(
    ports: MemoryPorts,
    passed: int,
    there: bool,  # noqa: FBT001 - a parameter
) -> None:
    present(ports, MINE, *[interface("another")] * there)
    principal = str(IDENTITIES.get(ports, EVERYBODY, NAME).principal)  # type: ignore[union-attr]
    identities.retire(ports, NAME, THEIRS)
    identities.retire(ports, NAME, MINE)
    ports.clock.advance(ms=passed)
    goes_on = there and passed < DAY
    assert (identities.speaker(ports, principal) is not None) == goes_on
    assert (identities.reporter(ports, principal) is not None) == goes_on
    if goes_on:
        with pytest.raises(InterfaceDuplicate):
            identities.reserve(ports, NAME, THEIRS, KEY)
    else:
        identities.reserve(ports, NAME, THEIRS, KEY)
    assert holder(ports) == (MINE if goes_on else THEIRS).tenant


def test_only_its_holder_gives_it_back(ports: MemoryPorts) -> None:
    identities.release(ports, NAME, THEIRS)
    assert holder(ports) == MINE.tenant
    identities.release(ports, NAME, MINE)
    assert IDENTITIES.get(ports, EVERYBODY, NAME) is None


def test_an_interface_that_is_disabled_or_names_another_opens_nothing(ports: MemoryPorts) -> None:
    found = identities.look_up(ports, NAME.encode())
    assert found is not None
    assert found[1] == KEY
    for changed in (interface(enabled=False), interface("another"), interface(None)):
        present(ports, MINE, changed)
        assert identities.look_up(ports, NAME.encode()) is None
        assert identities.speaker(ports, found[0].credential.principal) is None
    assert identities.look_up(ports, b"\xff") is None
    assert identities.look_up(ports, b"nobody") is None


def test_a_new_secret_ends_what_came_in_with_the_old_one(ports: MemoryPorts) -> None:
    before = IDENTITIES.get(ports, EVERYBODY, NAME)
    assert before is not None
    identities.reserve(ports, NAME, MINE, b"other")
    assert ports.coaps.forgotten == [before.principal]
    assert identities.speaker(ports, before.principal) is None
    assert identities.speaker(ports, "") is None


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("00ff" * 4, bytes.fromhex("00ff" * 4)),
        ("00ff" * 3 + "00", b"00ff" * 3 + b"00"),
        ("00ff" * 4 + "0", b"00ff" * 4 + b"0"),
        ("00fg" * 4, b"00fg" * 4),
        ("ab" * 64, bytes.fromhex("ab" * 64)),
        ("é" * 32, "é".encode() * 32),
        ("x", b"x"),
    ],
)
def test_a_secret_is_hexadecimal_or_its_own_text(text: str, secret: bytes) -> None:
    assert identities.secret_bytes(text, "secret") == secret


@pytest.mark.parametrize("text", ["", "x" * 65, "é" * 33, "ab" * 65])
def test_a_secret_has_1_to_64_bytes(text: str) -> None:
    with pytest.raises(Invalid):
        identities.secret_bytes(text, "secret")


def test_an_identity_has_1_to_128_bytes_that_can_be_printed() -> None:
    for text in ("x", "é" * 64, "x" * 128):
        assert identities.checked_identity(text, "identity") == text
    for text in ("", "é" * 65, "x" * 129, "a\n"):
        with pytest.raises(Invalid):
            identities.checked_identity(text, "identity")
