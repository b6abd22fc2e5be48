"""The server: which datagram belongs to whom, and how much of anything there may be."""

import asyncio
import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from infra.gateway.dtls import records
from infra.gateway.dtls.association import Address, Association, Counts
from infra.gateway.dtls.contexts import Context
from infra.gateway.dtls.cookies import AddressCookies
from infra.gateway.dtls.half_open import CID, Credential, HalfOpen, Lookup, Refusal
from infra.gateway.dtls.hellos import Hello, Hellos, is_hello
from infra.gateway.dtls.libssl import Libssl
from infra.gateway.dtls.numbers import Numbers, NumbersSpentError
from infra.gateway.dtls.paths import plain
from infra.gateway.dtls.records import HEADER, WITH_CID, Record
from infra.gateway.dtls.sessions import MOST as MOST_SESSIONS
from infra.gateway.dtls.sessions import Sessions
from infra.gateway.dtls.states import State

HALF_OPEN_S = 60.0
_PATROL_S = 15.0
_FLIGHT_MS = 1000


Elsewhere = Callable[[int | None, bytes, Address], None]
"""Is handed a datagram of an association that is none of ours, with the number of its gateway if that is known."""


class Upper(Protocol):
    """Whoever uses associations."""

    def opened(self, association: Association) -> None:
        """After a handshake or a restoration; `association.user` is free to be set."""

    def received(self, association: Association, data: bytes) -> None: ...
    def moved(self, association: Association) -> None: ...
    def closed(self, association: Association) -> None: ...
    def refused(self, why: Refusal, address: Address, identity: bytes) -> None: ...
    def low_on_numbers(self) -> None:
        """A new generation is to be taken, and told to `enter`."""


@dataclass(frozen=True)
class Limits:
    """How much of anything a server holds; `handshakes_a_second` is of one source address."""

    half_open: int = 500
    associations: int = 50_000
    of_one_principal: int = 4
    sessions: int = MOST_SESSIONS
    handshakes_a_second: int = 20


class Server:
    """One socket's worth of associations; hand it datagrams, it hands back others through `transmit`."""

    def __init__(
        self,
        lib: Libssl,
        *,
        upper: Upper,
        lookup: Lookup,
        transmit: Callable[[bytes, Address], None],
        generation: int,
        gateway: int = 0,
        limits: Limits = Limits(),
        random: Callable[[int], bytes] = os.urandom,
        retransmit_ms: int = _FLIGHT_MS,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`generation` comes from a durable counter and was never used before (see `numbers`)."""
        self.loop = asyncio.get_running_loop()
        self.time = self.loop.time
        self.transmit, self._lookup, self._upper, self._random = transmit, lookup, upper, random
        self.received, self._elsewhere = upper.received, elsewhere
        self._limits, self._generation, self._gateway = limits, generation, gateway.to_bytes(2, "big")
        self._cookies = AddressCookies(random(32), self.time)
        self._context = Context(lib, cookies=self._cookies, retransmit_ms=retransmit_ms)
        self._hellos = Hellos(self._context, self._cookies)
        self.counts = Counts()
        self.sessions = Sessions(self.time, limits.sessions)
        self._half: dict[Address, tuple[HalfOpen, float]] = {}
        self._by_cid: dict[bytes, Association | HalfOpen] = {}
        self._by_address: dict[Address, Association] = {}
        self._associations: dict[str, Association] = {}
        self._of: dict[str, list[Association]] = defaultdict(list)
        self._sources: tuple[int, dict[str, int]] = (0, {})
        self._watch = self.loop.call_later(_PATROL_S, self._patrol)

    # Datagrams

    def datagram_received(self, datagram: bytes, address: Address) -> None:
        """Whatever it holds, nothing is raised."""
        if len(datagram) <= HEADER:
            self.counts.stray += 1
        elif datagram[0] == WITH_CID:
            cid = datagram[11 : 11 + CID]
            half = self._by_cid.get(cid)
            if isinstance(half, HalfOpen):
                half.take(datagram)
            elif half is None and self._elsewhere is not None and cid[:2] != self._gateway:
                self._elsewhere(int.from_bytes(cid[:2], "big"), datagram, address)
            else:
                self._take_established(records.read(datagram, CID), address)
        elif is_hello(datagram):
            hello = self._hellos.read(datagram, address)
            if hello is not None:
                self._greet(hello, address)
        else:
            self._take(datagram, address)

    def forwarded(self, datagram: bytes, address: Address) -> None:
        """A datagram that came to another node, which its address says: of an association of ours, or of nobody's."""
        self._take_established(records.read(datagram, CID), address)

    def _take(self, datagram: bytes, address: Address) -> None:
        half = self._half.get(address)
        if half is None and self._elsewhere is not None and address not in self._by_address:
            if datagram[3:5] != b"\0\0":
                self._elsewhere(None, datagram, address)
            return
        if half is not None:
            half[0].take(datagram)
        if half is None or (datagram[3:5] != b"\0\0" and address in self._by_address):
            # While a handshake is in flight, its address may still be that of the association which it will replace.
            self._take_established(records.read(datagram, CID), address)

    def _take_established(self, found: Iterable[Record], address: Address) -> None:
        for record in found:
            if record.epoch != 1:
                continue
            cid = record.cid
            association = self._by_cid.get(cid) if cid else self._by_address.get(plain(address))
            if isinstance(association, Association):
                association.receive(record, address)
            else:
                self.counts.stray += 1

    def _greet(self, hello: Hello, address: Address) -> None:
        half = self._half.get(address)
        if half is not None and half[0].is_repeated(hello.body):
            half[0].take(hello.record)  # OpenSSL repeats its answer
            return
        self.counts.hellos += 1
        connection, answer = self._hellos.answer(hello, address)
        if connection is None:
            if answer:
                self.transmit(answer, address)
            return
        if self._is_too_many(address):
            self.counts.throttled += 1
            self._upper.refused(Refusal.TOO_MANY, address, b"")
            return
        if half is not None:
            self._forget_half(half[0])
        if len(self._half) >= self._limits.half_open:
            self.counts.crowded_out += 1
            self._forget_half(next(iter(self._half.values()))[0])
        fresh = HalfOpen(self, connection, address, hello.body)
        self._half[address] = fresh, self.time()
        fresh.start()

    def _is_too_many(self, address: Address) -> bool:
        second = int(self.time())
        if self._sources[0] != second:
            self._sources = second, {}
        counted = self._sources[1]
        counted[address[0]] = counted.get(address[0], 0) + 1
        return counted[address[0]] > self._limits.handshakes_a_second

    # What a handshake asks of its host

    async def lookup(self, identity: bytes, server_name: str | None) -> Credential | None:
        return await self._lookup(identity, server_name)

    def new_cid(self, half: HalfOpen) -> bytes:
        while (cid := self._gateway + self._random(CID - len(self._gateway))) in self._by_cid:
            pass
        self._by_cid[cid] = half
        return cid

    def refused(self, why: Refusal, address: Address, identity: bytes) -> None:
        if why is Refusal.BAD_KEY:
            self.counts.bad_keys += 1
        else:
            self.counts.unknown += 1
        self._upper.refused(why, address, identity)

    def over(self, half: HalfOpen, *, failed: bool) -> None:
        self.counts.failed += failed
        if self._half.get(half.address, (None,))[0] is half:
            del self._half[half.address]
        if self._by_cid.get(half.handshake.cid_in) is half:
            del self._by_cid[half.handshake.cid_in]

    def _forget_half(self, half: HalfOpen) -> None:
        half.drop()
        self.over(half, failed=True)

    def established(self, half: HalfOpen, rest: list[Record]) -> None:
        handshake = half.handshake
        if half.peer is None or handshake.secrets is None or handshake.protection is None:
            raise AssertionError("a handshake ended well without a peer")
        association = Association(
            self,
            id=self._random(8).hex(),
            address=half.address,
            peer=half.peer,
            secrets=handshake.secrets,
            protection=handshake.protection,
            numbers=Numbers(self._generation, self._generation, handshake.numbers_used),
            window=handshake.window,
            resumed=handshake.resumed(),
        )
        association.may_repeat(None if association.resumed else handshake.last_flight, handshake.plain_numbers_used)
        self.counts.handshakes += 1
        self.counts.resumed += association.resumed
        self._replace(association)
        self._admit(association)
        self._take_established(rest, half.address)

    # Associations

    def __len__(self) -> int:
        return len(self._associations)

    @property
    def half_open(self) -> int:
        """Handshakes in flight."""
        return len(self._half)

    def of(self, principal: str) -> list[Association]:
        """The associations of a principal, the one heard last first."""
        return sorted(self._of.get(principal, ()), key=lambda each: -each.heard)

    def all(self) -> list[Association]:
        return list(self._associations.values())

    def restore(self, state: State) -> Association | None:
        """Go on with an association of an earlier generation; None where it has no numbers left or stands already."""
        if state.id in self._associations or not state.has_numbers(self._generation):
            return None
        association = Association(
            self,
            id=state.id,
            address=state.address,
            peer=state.peer,
            secrets=state.secrets,
            protection=state.protection(),
            numbers=Numbers(state.origin, self._generation),
            window=state.window(),
        )
        association.idle_s = state.idle_s
        self.counts.restored += 1
        self._admit(association)
        return association

    def enter(self, generation: int) -> None:
        """Go on with the numbers of a new generation; an association that has none left in it ends."""
        self._generation = generation
        for association in self.all():
            try:
                association.numbers.enter(generation)
            except NumbersSpentError:
                self.ended(association, fatal=False)

    def forget(self, principal: str) -> None:
        """The principal's key is another or none: associations, handshakes and sessions end."""
        self.sessions.forget(principal)
        for half, _ in list(self._half.values()):
            if half.peer is not None and half.peer.principal == principal:
                self._forget_half(half)
        for association in self.of(principal):
            association.close()

    def stop(self) -> None:
        """No timer is left behind; nobody is told, so that associations can be restored."""
        self._watch.cancel()
        for half, _ in list(self._half.values()):
            self._forget_half(half)

    def _replace(self, association: Association) -> None:
        """What a verified handshake ends: whoever was at its address, or the oldest of a principal that has too many.

        A peer with a connection id is found wherever it is, so another's handshake from an address that it once had
        does not concern it.
        """
        there = self._by_address.get(association.address)
        mine = self.of(association.peer.principal)
        gone = [each for each in mine if plain(each.address) == association.address]
        kept = [each for each in mine if each not in gone and each is not there]
        gone += kept[self._limits.of_one_principal - 1 :]
        for each in {id(each): each for each in (there, *gone) if each is not None}.values():
            self.ended(each, fatal=False)
        if len(self._associations) >= self._limits.associations:
            self.counts.crowded_out += 1
            self.ended(min(self._associations.values(), key=lambda each: each.heard), fatal=False)

    def _admit(self, association: Association) -> None:
        if association.cid:
            self._by_cid[association.cid] = association
        else:
            self._by_address[plain(association.address)] = association
        self._associations[association.id] = association
        self._of[association.peer.principal].append(association)
        self._upper.opened(association)

    def moves(self, association: Association, address: Address) -> None:
        """Only a peer with a connection id is found at another address; without one it may have another path."""
        association.address = address
        self.counts.moved += 1
        self._upper.moved(association)

    def ended(self, association: Association, *, fatal: bool) -> None:
        if not association.open:
            return
        association.open = False
        if fatal:
            self.sessions.forget(association.peer.principal)
        self._associations.pop(association.id, None)
        if self._by_cid.get(association.cid) is association:
            del self._by_cid[association.cid]
        if self._by_address.get(plain(association.address)) is association:
            del self._by_address[plain(association.address)]
        principal = association.peer.principal
        self._of[principal].remove(association)
        if not self._of[principal]:
            del self._of[principal]
        self._upper.closed(association)

    def low_on_numbers(self, _: Association) -> None:
        self._upper.low_on_numbers()

    def _patrol(self) -> None:
        now = self.time()
        for half, born in list(self._half.values()):
            if now - born > HALF_OPEN_S:
                self._forget_half(half)
        for association in self.all():
            if now - association.heard > association.idle_s:
                association.close()
        self._watch = self.loop.call_later(_PATROL_S, self._patrol)
