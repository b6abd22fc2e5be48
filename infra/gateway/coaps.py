"""CoAP over DTLS on one UDP port: every association is a peer."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from infra.gateway.coap.endpoint import Endpoint, Handler, Sizes
from infra.gateway.coap.numbers import Transmission
from infra.gateway.coap.peer import Peer
from infra.gateway.dtls.association import Address, Association, ClosedError
from infra.gateway.dtls.half_open import Lookup, Refusal
from infra.gateway.dtls.libssl import Libssl
from infra.gateway.dtls.numbers import NumbersSpentError
from infra.gateway.dtls.server import Elsewhere, Limits, Server
from infra.gateway.dtls.states import Sealer
from infra.gateway.keeping import AssociationStore, Keeping
from infra.gateway.rechecking import recheck
from infra.gateway.udp import UdpSocket

_log = logging.getLogger(__name__)


class Application(Handler, Protocol):
    """Whoever serves the devices; a peer's `user` is its association."""

    def opened(self, peer: Any) -> None: ...
    def closed(self, peer: Any) -> None: ...
    def refused(self, why: Refusal, address: Address, identity: bytes) -> None: ...


@dataclass(frozen=True)
class Settings:
    """`gateway` is this one's number among several; `port` 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0
    gateway: int = 0
    limits: Limits = field(default_factory=Limits)
    sizes: Sizes = field(default_factory=Sizes)
    transmission: Transmission = field(default_factory=Transmission)
    recheck_s: float = 45.0
    """Within how many seconds of a start restored associations are held against the keys of today."""


def wall_clock() -> int:
    """Milliseconds since 1970."""
    return int(time.time() * 1000)


class Coaps:
    """Made, then `start`ed in an event loop; `stop` lets the next process go on with its associations."""

    def __init__(
        self,
        lib: Libssl,
        settings: Settings,
        application: Application,
        *,
        lookup: Lookup,
        store: AssociationStore,
        sealer: Sealer,
        now: Callable[[], int] = wall_clock,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """`elsewhere` is handed what belongs to associations of other nodes, where there are any."""
        self._lib, self._settings, self._application, self._lookup = lib, settings, application, lookup
        self._keeping = Keeping(store, sealer, now)
        self._elsewhere = elsewhere
        self._socket = UdpSocket(settings.host, settings.port)
        self.transmit: Callable[[bytes, Address], None] = self._socket.send
        """How a datagram leaves; whoever knows of other ways may put another in its place, before the start."""
        self._rechecking: asyncio.Task[None] | None = None
        self.server: Server
        self.endpoint: Endpoint

    @property
    def port(self) -> int:
        return self._socket.port

    async def start(self) -> int:
        """Nothing is read from the socket before every association is restored; answers how many were."""
        settings = self._settings
        self.endpoint = Endpoint(self._application, settings.transmission, settings.sizes, chance=random.SystemRandom())
        self.server = Server(
            self._lib,
            upper=self,
            lookup=self._lookup,
            transmit=self.transmit,
            generation=await self._keeping.next_generation(),
            gateway=settings.gateway,
            limits=settings.limits,
            elsewhere=self._elsewhere,
        )
        restored = await self._keeping.begin(self.server)
        self._socket.start(self.server.datagram_received)
        if restored:
            recheck_ = recheck(self.server.all(), self._lookup, within=settings.recheck_s)
            self._rechecking = asyncio.create_task(recheck_)
        return restored

    def send(self, datagram: bytes, address: Address) -> None:
        """From the port itself, whoever made it."""
        self._socket.send(datagram, address)

    def deafen(self) -> None:
        """Nothing is heard any more; what is under way can still be answered."""
        self._socket.pause()

    async def stop(self) -> None:
        """Devices are told nothing: they go on with whoever restores their associations."""
        await self._end()
        await self._keeping.end()

    async def abandon(self) -> None:
        """Without saving anything: whoever goes on with the associations does so already."""
        await self._end()
        await self._keeping.abandon()

    async def _end(self) -> None:
        self._socket.stop()
        self.server.stop()
        if self._rechecking is not None:
            self._rechecking.cancel()
            await asyncio.gather(self._rechecking, return_exceptions=True)
        for association in self.server.all():
            association.user.close()

    def peer(self, principal: str) -> Peer | None:
        """The peer of a principal that was heard last."""
        associations = self.server.of(principal)
        return associations[0].user if associations else None

    def forget(self, principal: str) -> None:
        """The principal's key is another or none."""
        self.server.forget(principal)

    # What the server tells

    def opened(self, association: Association) -> None:
        association.user = Peer(self.endpoint, _sender(association), association)
        self._keeping.changed(association)
        self._application.opened(association.user)

    def received(self, association: Association, data: bytes) -> None:
        association.user.receive(data)

    def moved(self, association: Association) -> None:
        self._keeping.changed(association)

    def closed(self, association: Association) -> None:
        self._keeping.gone(association)
        association.user.close()
        self._application.closed(association.user)

    def refused(self, why: Refusal, address: Address, identity: bytes) -> None:
        self._application.refused(why, address, identity)

    def low_on_numbers(self) -> None:
        self._keeping.renew()


def _sender(association: Association) -> Callable[[bytes], None]:
    def send(datagram: bytes) -> None:
        """What cannot be sent is lost, as on the wire: whoever waits for an answer is told by its time-out."""
        try:
            association.send(datagram)
        except ClosedError:
            _log.debug("nothing is sent to an association that has ended")
        except NumbersSpentError:
            _log.error("association %s is out of sequence numbers until a new generation begins", association.id)

    return send
