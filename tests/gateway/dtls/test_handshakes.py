"""Handshakes from outside: what goes over the wire, and whom the server then believes to speak to."""

import asyncio
from functools import partial
from itertools import count

import pytest

from infra.gateway.dtls import records
from infra.gateway.dtls.contexts import HandshakeError
from infra.gateway.dtls.half_open import Credential, Refusal
from infra.gateway.dtls.records import CLIENT_HELLO, CLIENT_KEY_EXCHANGE, HANDSHAKE, HEADER, WITH_CID, Record
from infra.gateway.dtls.server import Limits
from infra.gateway.dtls.suites import SUITES
from tests.gateway.dtls.rig import KEY, SERVER, Rig, Sent, until


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("cid", [None, b"", b"\x07device"])
async def test_every_suite_carries_data_both_ways(suite: str, cid: bytes | None) -> None:
    async with Rig() as rig:
        device = rig.device(suites=(suite,), cid=cid)
        association = await device.connect()
        assert await device.ask(b"21.5") == b"echo 21.5"
        assert await device.ask(b"21.6") == b"echo 21.6"
        (seen,) = rig.application.opened_
        assert (seen.peer.identity, seen.peer.principal) == (b"thermometer", "tenant/thermometer")
        assert seen.secrets.suite.name == association.secrets.suite.name == suite
        assert not seen.resumed
        assert len(seen.cid) == (0 if cid is None else 8)
        assert seen.peer_cid == (cid or b"")


async def test_the_clients_order_of_suites_is_kept() -> None:
    async with Rig() as rig:
        for suites in (tuple(SUITES), tuple(reversed(SUITES))):
            association = await rig.device(suites=suites).connect()
            assert association.secrets.suite.name == suites[0]


async def test_nothing_is_kept_before_the_cookie_comes_back() -> None:
    async with Rig() as rig:
        rig.network.filter = lambda sent: [] if sent.source == SERVER else [sent.datagram]
        waiting = [asyncio.create_task(rig.device().client.connect()) for _ in range(50)]
        await until(lambda: len(rig.network.from_(SERVER)) >= 50)
        assert rig.server.half_open == 0
        assert not rig.asked
        for task in waiting:
            task.cancel()


async def test_a_flood_from_forged_addresses_costs_nothing_that_stays() -> None:
    """Whole hellos and pieces of them, each from another address; answers are no larger than their questions."""
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        (hello,) = records.read(rig.network.from_(device.address)[0], 0)
        rig.network.filter = lambda _: []
        rig.network.log.clear()
        for number in range(3000):
            address = (f"203.0.{number // 250}.{number % 250}", number)
            rig.server.datagram_received(hello.raw, address)
            piece = records.plain(HANDSHAKE, hello.number, in_pieces(hello, 20)[-1])
            rig.server.datagram_received(piece, address)
        assert rig.server.half_open == 0
        assert len(rig.server._hellos._piecemeal) <= 64
        assert len(rig.network.log) == 3000
        assert max(len(sent.datagram) for sent in rig.network.log) <= len(hello.raw)
        assert rig.server.counts.hellos == 2 + 3000


async def test_a_cookie_is_good_at_its_address_only() -> None:
    """A second hello replayed from elsewhere is answered like a first."""
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        with_cookie = rig.network.from_(device.address)[1]
        before = len(rig.network.log)
        rig.network.send(with_cookie, ("203.0.113.9", 999), SERVER)
        await until(lambda: any(sent.source == SERVER for sent in rig.network.log[before:]))
        (answer,) = [sent.datagram for sent in rig.network.log[before:] if sent.source == SERVER]
        assert (answer[0], answer[HEADER]) == (HANDSHAKE, 3)  # HelloVerifyRequest
        assert rig.server.half_open == 0


@pytest.mark.parametrize(
    ("sent", "answered"), [(b"\xfe\xfd", b"\xfe\xfd"), (b"\xfe\xff", b"\xfe\xff"), (b"\xfe\x00", b"\xfe\xff")]
)
async def test_the_answer_to_a_hello_mirrors_its_version(sent: bytes, answered: bytes) -> None:
    async with Rig() as rig:
        rig.network.filter = lambda each: [
            each.datagram[:1] + sent + each.datagram[3:]
            if each.target == SERVER and each.datagram[HEADER] == CLIENT_HELLO
            else each.datagram
        ]
        device = rig.device()
        await device.connect()
        verify = rig.network.from_(SERVER)[0]
        assert verify[1:3] == verify[25:27] == answered


def in_pieces(record: Record, size: int) -> list[bytes]:
    """A handshake message as constrained clients send it: bodies of a record for each fragment, the last one first."""
    (message,) = records.messages(record.body)
    pieces = []
    for at in range(0, message.length, size):
        part = message.fragment[at : at + size]
        pieces.append(record.body[:6] + at.to_bytes(3, "big") + len(part).to_bytes(3, "big") + part)
    return pieces[::-1]


@pytest.mark.parametrize(
    ("kind", "size"), [(CLIENT_HELLO, 5), (CLIENT_HELLO, 40), (CLIENT_KEY_EXCHANGE, 1), (CLIENT_KEY_EXCHANGE, 5)]
)
async def test_messages_in_pieces_are_put_together(kind: int, size: int) -> None:
    numbers = count()

    def fragment(sent: Sent) -> list[bytes]:
        out = []
        for record in records.read(sent.datagram, 0) if sent.target == SERVER else ():
            is_ours = record.epoch == 0 and record.content_type == HANDSHAKE and record.body[0] == kind
            for body in in_pieces(record, size) if is_ours else [record.body]:
                number = record.number if record.epoch else records.numbered(0, next(numbers))
                out.append(records.plain(record.content_type, number, body))
        return out or [sent.datagram]

    async with Rig() as rig:
        rig.network.filter = fragment
        device = rig.device(b"valve")
        await device.connect()
        assert await device.ask(b"x") == b"echo x"


async def test_the_name_that_the_client_called_is_told_to_the_look_up() -> None:
    async with Rig() as rig:
        await rig.device(host_name="iot.example.com").connect()
        await rig.device().connect()
        assert rig.asked == [(b"thermometer", "iot.example.com"), (b"thermometer", None)]
        assert rig.application.opened_[0].peer.server_name == "iot.example.com"


async def test_an_unknown_identity_looks_like_a_wrong_key() -> None:
    """Byte for byte but for randoms: the same sizes in the same order, and no alert."""
    async with Rig() as rig:
        answers: list[list[list[tuple[int, int]]]] = []
        refused = rig.application.refused_
        for told, device in enumerate((rig.device(b"stranger"), rig.device(b"valve", bytes(16)))):
            task = asyncio.create_task(device.client.connect())
            await until(partial(refused.__getitem__, slice(told, None)))
            heard = [sent.datagram for sent in rig.network.log if sent.target == device.address]
            answers.append([[(each.content_type, len(each.body)) for each in records.read(one, 0)] for one in heard])
            task.cancel()
        assert answers[0][:2] == answers[1][:2]
        assert all(kind == HANDSHAKE for answer in answers for datagram in answer for kind, _ in datagram)
        assert rig.application.refused_ == [(Refusal.UNKNOWN_IDENTITY, b"stranger"), (Refusal.BAD_KEY, b"valve")]
        assert (rig.server.counts.unknown, rig.server.counts.bad_keys) == (1, 1)
        assert not rig.application.opened_


@pytest.mark.parametrize("identity", [b"\xff\xfe\x00raw", b"x" * 128])
async def test_an_identity_is_bytes(identity: bytes) -> None:
    """OpenSSL would cut it at its first NUL, also as a client: here it is put in on the way."""

    def exchange(sent: Sent) -> list[bytes]:
        out = b""
        for record in records.read(sent.datagram, 0):
            is_key_exchange = record.epoch == 0 and record.body[:1] == bytes((CLIENT_KEY_EXCHANGE,))
            body = record.body.replace(b"?" * len(identity), identity) if is_key_exchange else record.body
            out += record.raw[:HEADER] + body
        return [out]

    async with Rig() as rig:
        rig.keys[identity] = Credential(KEY, "tenant/raw")
        rig.network.filter = exchange
        device = rig.device(b"?" * len(identity))
        connecting = asyncio.create_task(device.client.connect())
        await until(lambda: rig.asked)
        assert rig.asked == [(identity, None)]
        connecting.cancel()


async def test_a_look_up_that_fails_is_made_again_when_the_client_repeats() -> None:
    async with Rig() as rig:
        rig.failing = 1
        device = rig.device()
        await device.connect()
        assert len(rig.asked) == 2
        assert await device.ask(b"x") == b"echo x"


async def test_others_go_on_while_one_is_looked_up() -> None:
    async with Rig() as rig:
        await (ready := rig.device(b"valve")).connect()
        asked, answer = asyncio.Event(), asyncio.Event()
        lookup = rig.server._lookup

        async def slow(identity: bytes, server_name: str | None) -> Credential | None:
            if identity == b"thermometer":
                asked.set()
                await answer.wait()
            return await lookup(identity, server_name)

        rig.server._lookup = slow
        task = asyncio.create_task(rig.device().connect())
        await asked.wait()
        assert await ready.ask(b"still here") == b"echo still here"
        rig.keys[b"third"] = Credential(KEY, "tenant/third")
        await rig.device(b"third").connect()
        answer.set()
        await task
        assert [identity for identity, _ in rig.asked] == [b"valve", b"third", b"thermometer"]


async def test_a_client_without_a_common_suite_is_told() -> None:
    async with Rig() as rig:
        device = rig.device(suites=("PSK-AES128-CBC-SHA256",))
        with pytest.raises(HandshakeError):
            await device.connect()
        assert rig.server.half_open == 0


@pytest.mark.parametrize("cid", [None, b"\x01\x02"])
async def test_every_datagram_of_a_handshake_may_be_lost_once(cid: bytes | None) -> None:
    """Whichever: both sides repeat, and data flows afterwards. The server's last flight is the one that it keeps."""
    async with Rig() as rig:
        await rig.device(cid=cid).connect()
        for lost in range(len(rig.network.log)):
            seen = 0

            def lose(sent: Sent, lost: int = lost) -> list[bytes]:
                nonlocal seen
                seen += 1
                return [] if seen == lost + 1 else [sent.datagram]

            rig.network.filter = lose
            device = rig.device(cid=cid)
            await device.connect()
            rig.network.filter = lambda sent: [sent.datagram]  # data would not be repeated
            assert await device.ask(b"x") == b"echo x"
        assert rig.server.counts.handshakes == 1 + lost + 1


async def test_datagrams_may_come_twice() -> None:
    async with Rig() as rig:
        rig.network.filter = lambda sent: [sent.datagram] * 2
        device = rig.device(cid=b"")
        await device.connect()
        assert await device.ask(b"x") == b"echo x"
        assert rig.application.received_ == [b"x"]
        assert len(rig.asked) == 1


async def test_a_handshake_that_never_ends_is_forgotten_and_the_oldest_makes_room() -> None:
    async with Rig(limits=Limits(half_open=3, handshakes_a_second=1000)) as rig:
        rig.network.filter = lambda sent: (
            [] if sent.source == SERVER and len(sent.datagram) > 80 else [sent.datagram]
        )  # the client hears no ServerHello
        tasks = [asyncio.create_task(rig.device().client.connect()) for _ in range(5)]
        await until(lambda: rig.server.counts.crowded_out >= 2)
        assert rig.server.half_open == 3
        for task in tasks:
            task.cancel()


async def test_handshakes_of_one_address_are_limited() -> None:
    async with Rig(limits=Limits(handshakes_a_second=2)) as rig:
        tasks = [asyncio.create_task(rig.device().client.connect()) for _ in range(6)]
        await until(lambda: rig.server.counts.throttled >= 1)
        assert (Refusal.TOO_MANY, b"") in rig.application.refused_
        for task in tasks:
            task.cancel()


async def test_connection_ids_carry_the_gateways_number() -> None:
    async with Rig() as rig:
        device = rig.device(cid=b"mine")
        await device.connect()
        await device.ask(b"x")
        (association,) = rig.application.opened_
        assert association.cid[:2] == (258).to_bytes(2, "big")
        to_device = [each for each in rig.network.log if each.target == device.address][-1].datagram
        to_server = rig.network.from_(device.address)[-1]
        assert (to_device[0], to_device[11:15]) == (WITH_CID, b"mine")
        assert (to_server[0], to_server[11:19]) == (WITH_CID, association.cid)
