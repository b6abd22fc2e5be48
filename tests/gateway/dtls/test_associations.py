"""After the handshake: who may move, close, resume or replay an association, and what outlives the process."""

import asyncio

import pytest

from infra.gateway.dtls import records
from infra.gateway.dtls.association import ClosedError
from infra.gateway.dtls.half_open import Credential, Refusal
from infra.gateway.dtls.numbers import LAST, SPAN, Numbers, NumbersSpentError
from infra.gateway.dtls.server import Limits
from infra.gateway.dtls.states import GOOD_MS, Sealer, UnreadableError, state_of
from tests.gateway.dtls.rig import KEY, SERVER, Network, Rig, until

OTHER_KEY = bytes(range(1, 17))
NOW = 1_800_000_000_000


@pytest.mark.parametrize("cid", [None, b"", b"device"])
async def test_a_session_is_resumed_with_or_without_connection_ids(cid: bytes | None) -> None:
    async with Rig() as rig:
        device = rig.device(cid=cid, host_name="iot.example.com")
        first = await device.connect()
        device.move()
        second = await device.connect()
        assert (first.resumed, second.resumed) == (False, True)
        assert await device.ask(b"x") == b"echo x"
        seen = rig.application.opened_[-1]
        assert seen.resumed
        assert seen.peer == rig.application.opened_[0].peer
        assert bool(seen.cid) == (cid is not None)
        assert rig.asked[-1] == (b"thermometer", "iot.example.com")


@pytest.mark.parametrize(
    "now",
    [None, Credential(OTHER_KEY, "tenant/thermometer"), Credential(KEY, "another/thermometer")],
    ids=["gone", "another key", "another's"],
)
async def test_a_session_whose_key_has_changed_is_not_resumed(now: Credential | None) -> None:
    """The client is not left believing that it was: it gets a whole handshake, and stands or falls by its key."""
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        del rig.keys[b"thermometer"]
        if now is not None:
            rig.keys[b"thermometer"] = now
        connecting = asyncio.create_task(device.client.connect())
        if now is not None and now.key == KEY:
            association = await connecting
            assert not association.resumed
            assert rig.application.opened_[-1].peer.principal == "another/thermometer"
        else:
            await until(lambda: rig.application.refused_)
            assert rig.server.counts.handshakes == 1
            connecting.cancel()
        assert rig.server.counts.resumed == 0


async def test_a_forgotten_principal_is_gone_everywhere() -> None:
    async with Rig() as rig:
        devices = [rig.device(cid=b"a"), rig.device(cid=b"b"), rig.device(b"valve")]
        for device in devices:
            await device.connect()
        rig.server.forget("tenant/thermometer")
        assert {each.peer.principal for each in rig.application.closed_} == {"tenant/thermometer"}
        assert len(rig.application.closed_) == 2
        await until(lambda: devices[0].client.association and not devices[0].client.association.open)
        assert not (await devices[1].connect()).resumed
        assert await devices[2].ask(b"x") == b"echo x"


async def test_a_record_from_elsewhere_moves_a_peer_with_a_connection_id() -> None:
    async with Rig() as rig:
        device = rig.device(cid=b"")
        await device.connect()
        old, new = device.address, device.move()
        assert await device.ask(b"moved") == b"echo moved"
        assert rig.application.moved_ == [new]
        assert old != new == rig.application.opened_[0].address


async def test_an_old_or_repeated_or_forged_record_moves_nobody() -> None:
    async with Rig() as rig:
        device = rig.device(cid=b"")
        await device.connect()
        rig.network.filter = lambda sent: [] if sent.source == device.address else [sent.datagram]
        assert device.client.association is not None
        device.client.association.send(b"delayed")
        delayed = rig.network.log[-1].datagram
        rig.network.filter = lambda sent: [sent.datagram]
        await device.ask(b"newer")
        newer = rig.network.from_(device.address)[-1]
        attacker = ("203.0.113.66", 6)
        forged = newer[:10] + b"\xff" + newer[11:]
        for datagram in (newer, forged, delayed):
            rig.network.send(datagram, attacker, SERVER)
        await until(lambda: rig.application.received_ == [b"newer", b"delayed"])
        assert rig.application.opened_[0].address == device.address
        assert (rig.server.counts.replayed, rig.server.counts.forged, rig.server.counts.moved) == (1, 1, 0)


async def test_without_a_connection_id_another_address_is_a_stranger() -> None:
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        device.move()
        assert device.client.association is not None
        device.client.association.send(b"lost")
        await until(lambda: rig.server.counts.stray)
        assert not rig.application.received_


async def test_records_without_the_agreed_connection_id_are_refused() -> None:
    async with Rig() as rig:
        device = rig.device(cid=b"")
        await device.connect()
        await device.ask(b"x")
        (association,) = rig.application.opened_
        (record,) = records.read(rig.network.from_(device.address)[-1], 8)
        assert record.cid == association.cid
        number = records.numbered(1, 500)
        bare = association._protection.as_if_received_plain(23, number, b"without")
        rig.network.send(bare, device.address, SERVER)
        await until(lambda: rig.server.counts.stray)
        assert rig.application.received_ == [b"x"]


async def test_a_new_handshake_replaces_an_association_only_once_it_is_verified() -> None:
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        attacker = rig.device(b"thermometer", OTHER_KEY)
        attacker.address = device.address  # sends from there, and reads what comes
        rig.network.attach(lambda datagram, _: both(datagram), device.address)

        def both(datagram: bytes) -> None:
            attacker.client.datagram_received(datagram)
            device.client.datagram_received(datagram)

        attempt = asyncio.create_task(attacker.client.connect())
        await until(lambda: rig.application.refused_)
        assert rig.application.refused_ == [(Refusal.BAD_KEY, b"thermometer")]
        assert not rig.application.closed_
        assert await device.ask(b"still mine") == b"echo still mine"
        attempt.cancel()


async def test_the_same_address_with_the_right_key_replaces_it() -> None:
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        again = rig.device(address=device.address)
        await again.connect()
        assert await again.ask(b"x") == b"echo x"
        assert rig.application.closed_ == rig.application.opened_[:1]
        assert len(rig.server) == 1


async def test_a_neighbour_at_a_used_address_does_not_end_a_peer_with_a_connection_id() -> None:
    async with Rig() as rig:
        roamer = rig.device(cid=b"r")
        await roamer.connect()
        await rig.device(b"valve", address=roamer.address).connect()
        roamer.move()
        assert await roamer.ask(b"x") == b"echo x"
        assert not rig.application.closed_


async def test_close_notify_is_answered_and_ends_an_association_but_not_its_session() -> None:
    async with Rig() as rig:
        device = rig.device()
        association = await device.connect()
        association.close()
        await until(lambda: rig.application.closed_)
        with pytest.raises(ClosedError):
            rig.application.opened_[0].send(b"too late")
        assert (await device.connect()).resumed


async def test_a_plain_alert_ends_nothing() -> None:
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        for alert in (b"\x02\x28", b"\x01\x00"):
            rig.network.send(records.plain(21, records.numbered(0, 99), alert), device.address, SERVER)
        assert await device.ask(b"x") == b"echo x"
        assert not rig.application.closed_


async def test_a_principal_has_few_associations_and_the_server_no_more_than_it_may() -> None:
    async with Rig(limits=Limits(of_one_principal=2, associations=3, handshakes_a_second=100)) as rig:
        for cid in (b"1", b"2", b"3"):
            await rig.device(cid=cid).connect()
        assert len(rig.server.of("tenant/thermometer")) == 2
        for name in (b"valve", b"third"):
            rig.keys[name] = Credential(KEY, name.decode())
            await rig.device(name, cid=name).connect()
        assert len(rig.server) == 3
        assert [each.open for each in rig.application.opened_] == [False, False, True, True, True]


async def restored(rig: Rig, states: list[bytes], sealer: Sealer, *, generation: int) -> Rig:
    """The same network, with another process at the server's address."""
    rig.server.stop()
    other = Rig(generation=generation, network=rig.network)
    for number, sealed in enumerate(states):
        assert other.server.restore(sealer.open(rig.application.opened_[number].id, sealed)) is not None
    return other


@pytest.mark.parametrize("cid", [None, b"", b"device"])
async def test_another_process_goes_on_without_a_handshake(cid: bytes | None) -> None:
    """The server speaks first: the device need not have noticed."""
    sealer = Sealer([bytes(32)])
    async with Rig() as rig:
        device = rig.device(cid=cid)
        await device.connect()
        await device.ask(b"x")
        (association,) = rig.application.opened_
        association.idle_s = 7200.0
        state = sealer.seal(state_of(association, NOW))
        async with await restored(rig, [state], sealer, generation=2) as other:
            (again,) = other.application.opened_
            assert (again.peer, again.address, again.idle_s) == (association.peer, association.address, 7200.0)
            again.send(b"are you there")
            assert await device.next() == b"are you there"
            assert await device.ask(b"yes") == b"echo yes"
            device_first = rig.network.from_(device.address)[-2]
            rig.network.send(device_first, device.address, SERVER)  # seen by the process before
            await until(lambda: other.server.counts.replayed)


def nonces(network: Network, device_address: object) -> list[bytes]:
    """Epoch and sequence number of each record of epoch 1 that the server sent."""
    datagrams = [each.datagram for each in network.log if each.target == device_address]
    return [record.number for each in datagrams for record in records.read(each, 6) if record.epoch == 1]


@pytest.mark.parametrize("cid", [None, b"device"])
async def test_no_number_is_used_twice_when_the_process_crashes_twice_in_a_row(cid: bytes | None) -> None:
    """Nothing is saved after the first time: each crash leaves the same state behind."""
    sealer = Sealer([bytes(32)])
    async with Rig() as rig:
        device = rig.device(cid=cid)
        await device.connect()
        state = sealer.seal(state_of(rig.application.opened_[0], NOW))
        id_ = rig.application.opened_[0].id
        for _ in range(5):
            await device.ask(b"x")
        servers = [rig]
        for generation in (2, 3):
            servers[-1].server.stop()
            after = Rig(generation=generation, network=rig.network)
            servers.append(after)
            again = after.server.restore(sealer.open(id_, state))
            assert again is not None
            again.send(b"first")
            assert await device.next() == b"first"
            for number in range(5):
                assert await device.ask(b"%d" % number) == b"echo %d" % number
        servers[-1].server.stop()
        used = nonces(rig.network, device.address)
        assert len(used) == len(set(used)) >= 1 + 5 + 6 + 6


async def test_a_state_without_numbers_left_is_not_restored() -> None:
    async with Rig(generation=5) as rig:
        await rig.device().connect()
        state = state_of(rig.application.opened_[0], NOW)
        assert not state.has_numbers(5)  # the same generation has used them
        assert not state.has_numbers(4)
        assert state.has_numbers(6)
        assert not state.has_numbers(5 + LAST // SPAN)
        assert rig.server.restore(state) is None


async def test_a_state_is_good_for_twelve_hours_and_only_for_whoever_has_the_key() -> None:
    async with Rig() as rig:
        await rig.device(cid=b"c").connect()
        state = state_of(rig.application.opened_[0], NOW)
        assert state.is_good(NOW + GOOD_MS)
        assert not state.is_good(NOW + GOOD_MS + 1)
        old, new = Sealer([b"o" * 32]), Sealer([b"n" * 32, b"o" * 32])
        sealed = old.seal(state)
        assert new.open(state.id, sealed) == state
        assert len(sealed) < 400
        assert state.secrets.master not in sealed
        for id_, bytes_ in (("another", sealed), (state.id, sealed[:-1] + b"\0"), (state.id, new.seal(state))):
            with pytest.raises(UnreadableError):
                old.open(id_, bytes_)


def test_numbers_end_with_their_span_and_go_on_in_the_next_generation() -> None:
    numbers = Numbers(7, 7, used=3)
    assert numbers.take() == 3
    numbers._next = SPAN - 1
    assert numbers.low
    assert numbers.take() == SPAN - 1
    with pytest.raises(NumbersSpentError):
        numbers.take()
    numbers.enter(9)
    assert [numbers.take(), numbers.take()] == [2 * SPAN, 2 * SPAN + 1]
    with pytest.raises(NumbersSpentError):
        numbers.enter(6)


async def test_a_server_that_runs_low_asks_for_another_generation_before_it_falls_silent() -> None:
    async with Rig() as rig:
        device = rig.device()
        await device.connect()
        (association,) = rig.application.opened_
        association.numbers._next = SPAN - 1
        assert await device.ask(b"last") == b"echo last"
        assert rig.application.low == 1
        rig.server.enter(2)
        assert await device.ask(b"next") == b"echo next"
        association.numbers._next = association.numbers._end
        association.close()  # nothing is left to tell the device with
        assert not association.open


async def test_an_association_without_numbers_in_a_generation_ends() -> None:
    async with Rig() as rig:
        await rig.device().connect()
        rig.server.enter(1 + LAST // SPAN)
        assert rig.application.closed_ == rig.application.opened_


async def test_a_silent_association_ends_after_its_time() -> None:
    async with Rig() as rig:
        devices = [rig.device(), rig.device(b"valve")]
        for device in devices:
            await device.connect()
        silent, other = rig.application.opened_
        silent.heard -= silent.idle_s + 1
        other.heard -= 3600
        rig.server._patrol()
        assert rig.application.closed_ == [silent]
        await until(lambda: devices[0].client.association and not devices[0].client.association.open)
