"""Messages in bytes, both ways, and whatever else arrives."""

import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.gateway.coap.message import MalformedError, Message, decode, uint
from infra.gateway.coap.numbers import Code, Transmission, text
from infra.gateway.coap.observing import is_newer
from tests.gateway.coap.rig import pair, settle

OPTIONS = st.lists(st.tuples(st.integers(0, 65_535 + 269), st.binary(max_size=300)), max_size=6)


@given(
    st.integers(0, 3),
    st.integers(1, 255),
    st.integers(0, 65_535),
    st.binary(max_size=8),
    OPTIONS,
    st.binary(max_size=40),
)
def test_a_message_survives_the_wire(
    kind: int, code: int, id_: int, token: bytes, options: list[tuple[int, bytes]], payload: bytes
) -> None:
    options = sorted(options, key=lambda option: option[0])
    got = decode(Message(kind, code, id_, token, options, payload).encode())
    assert (got.type, got.code, got.id, got.token) == (kind, code, id_, token)
    assert (got.options, got.payload) == (options, payload)


def test_a_message_is_the_rfcs_bytes() -> None:
    """RFC 7252, appendix A, figures 16 and 17; options of one number keep their order."""
    request = Message(0, Code.GET, 0x7D34, options=[(11, b"temperature")])
    assert request.encode().hex() == "40017d34bb74656d7065726174757265"
    response = Message(2, Code.CONTENT, 0x7D34, payload=b"22.3 C")
    assert response.encode().hex() == "60457d34ff32322e332043"
    unsorted = Message(0, Code.GET, options=[(15, b"b"), (11, b"2"), (15, b"a"), (11, b"1")])
    assert [value for _, value in decode(unsorted.encode()).options] == [b"2", b"1", b"b", b"a"]


@pytest.mark.parametrize(
    "datagram",
    [
        *("", "40", "4001", "80010000", "00010000", "49010000000000000000000000", "4401000000", "40010000ff"),
        *("40000000ff", "40010000d0", "40010000f0", "400100000f", "40010000b5616263", "40010000e0", "40000000b161"),
    ],
)
def test_what_is_no_message_says_why(datagram: str) -> None:
    with pytest.raises(MalformedError, match=" "):
        decode(bytes.fromhex(datagram))


@given(st.binary(max_size=64))
def test_whatever_arrives_is_a_message_or_malformed(datagram: bytes) -> None:
    with contextlib.suppress(MalformedError):
        message = decode(datagram)
        assert decode(message.encode()).payload == message.payload


async def test_changed_messages_do_no_harm() -> None:
    """Requests, answers, blocks and notifications, with some bytes changed on the way in both directions."""
    from infra.gateway.coap.requests import Request
    from infra.gateway.coap.transmissions import DeliveryError

    chance = random.Random(5)
    device, server = pair()

    def change(_: int, datagram: bytes) -> list[bytes]:
        if chance.random() < 0.6:
            return [datagram]
        changed = bytearray(datagram)
        for _ in range(chance.randint(1, 3)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
        return [bytes(changed[: chance.randint(0, len(changed))]) if chance.random() < 0.3 else bytes(changed)]

    device.filter = server.filter = change
    for _ in range(300):
        side = chance.choice((device, server))
        request = Request(chance.choice(list(Code)[1:8]), ("3", "0"), chance.randbytes(chance.choice((0, 10, 1500))))
        with contextlib.suppress(DeliveryError):
            await side.peer.ask(request, within=5)
    device.filter = server.filter = lambda _, datagram: [datagram]
    await settle()
    assert (await device.peer.ask(Request(Code.POST, ("dp",), b"alive"))).payload == b"alive"
    assert device.application.complaints
    assert server.application.complaints
    assert (device.endpoint.counts.failed, server.endpoint.counts.failed) == (0, 0)
    for side in (device, server):
        assert not side.peer._pending
        assert not side.peer._transmissions._sent
        assert len(side.peer._duplicates._seen) <= 256


def test_numbers_are_written_short_and_codes_as_people_write_them() -> None:
    assert [uint(0), uint(1), uint(256), uint(11542)] == [b"", b"\1", b"\1\0", b"\x2d\x16"]
    assert [text(code) for code in (0x01, 0x45, 0x84, 0xA3)] == ["0.01", "2.05", "4.04", "5.03"]
    assert (Transmission().exchange_lifetime, Transmission().max_transmit_wait) == (247, 93)


@pytest.mark.parametrize(
    ("number", "seconds", "newer"),
    [
        (6, 0, True),
        (5, 0, False),
        (4, 0, False),
        (5 + (1 << 23) - 1, 0, True),
        (5 + (1 << 23), 0, False),
        (0, 128, False),
        (0, 129, True),
    ],
)
def test_the_order_of_notifications_is_that_of_rfc_7641(number: int, seconds: float, newer: bool) -> None:  # noqa: FBT001 - a case
    assert is_newer(number, 1000 + seconds, 5, 1000) is newer
    assert is_newer(2, 0, (1 << 24) - 1, 0)  # around the end of 24 bits
