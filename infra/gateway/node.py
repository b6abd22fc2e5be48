"""One node of the gateway in AWS: two ports for devices, and everything behind them."""

import asyncio
import logging
import socket
import threading
import time
import uuid
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from infra.gateway.association_table import AssociationTable
from infra.gateway.batching import Batches
from infra.gateway.coaps import Coaps, Settings
from infra.gateway.dtls import libssl
from infra.gateway.dtls.association import Address
from infra.gateway.dtls.states import Sealer
from infra.gateway.forwarding import Forwarding, key_of
from infra.gateway.function import LambdaPlatform, keep_asking
from infra.gateway.health import HealthPort
from infra.gateway.hints import WAIT_S, Hint, Hints
from infra.gateway.measuring import Measuring
from infra.gateway.membership import RENEW_S, LostError, Membership, wall_clock
from infra.gateway.service import Service
from infra.gateway.settings import ASSOCIATIONS, NODES, GatewaySettings, queue
from infra.gateway.udp import UdpSocket
from infra.local.vital import Vital

_log = logging.getLogger(__name__)

DOORS = ("run", "bootstrap")
_DRAIN_S = 5.0
_LAST_TURN_S = 0.05
_CLAIM_S = 1.0
_TURN_S = 1.0
_FUNCTION = "lwm2m"
_EXPORTS = 3

Clients = Callable[[str], Any]


class Node:
    """Made, then `start`ed in an event loop, and `stop`ped there."""

    def __init__(
        self,
        settings: GatewaySettings,
        clients: Clients,
        keys: list[bytes],
        vital: Vital,
        *,
        say: Callable[[str], object],
        machine: str,
        hints_wait: int = WAIT_S,
    ) -> None:
        """`clients` makes a client by the name of its service; `say` takes lines of metrics."""
        self._hints_wait = hints_wait
        self._settings, self._vital, self._keys = settings, vital, keys
        self.holder = uuid.uuid4().hex
        self._membership = Membership(
            clients("dynamodb"),
            settings.called(NODES),
            self.holder,
            machine=machine,
            numbers=settings.nodes,
            now=wall_clock,
            chance=lambda: uuid.uuid4().hex,
        )
        self._dynamodb, self._sqs = clients("dynamodb"), clients("sqs")
        self.platform = LambdaPlatform(clients("lambda"), settings.called(_FUNCTION))
        self.batches = Batches(self.platform, linger=settings.linger_s)
        self.health = HealthPort(settings.health_bind, settings.health_port, self._wrong)
        self._leasing = ThreadPoolExecutor(1, thread_name_prefix="lease")
        self.served: dict[str, tuple[Service, Coaps]] = {}
        self.forwarding: Forwarding | None = None
        self._forward_socket: UdpSocket | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._hints: Hints | None = None
        self._hearing: threading.Thread | None = None
        self._lost = False
        self._measuring = Measuring(settings.stage.name, self, say)

    @property
    def number(self) -> int:
        if self._membership.lease is None:
            raise AssertionError("this node has no number yet")
        return self._membership.lease.number

    async def start(self) -> int:
        """Take a number, restore what belongs to it, and only then look well; how many were restored."""
        self._loop = asyncio.get_running_loop()
        self._vital.thread("health", self.health.run).start()
        self._keep("turning", self._turn())
        await self._claim()
        if self._settings.forward_port is not None:
            self._open_forwarding(self._settings.forward_port)
            await self._in_lease(self._membership.renew)
            await self._look_around()
        restored = 0
        for door, port in zip(DOORS, (self._settings.port, self._settings.bootstrap_port), strict=True):
            restored += await self._serve(door, port)
        if self.forwarding is not None and self._forward_socket is not None:
            self._forward_socket.start(self.forwarding.receive)
        self._keep("lease", self._renew())
        self._keep("asking", keep_asking(self.platform))
        self._keep("measuring", self._measuring.run())
        name = self._settings.called(queue(self.number))
        self._hints = Hints(self._sqs, name, self._heard, self._missed, self._hints_wait)
        self._hearing = self._vital.thread("hints", self._hints.run)
        self._hearing.start()
        return restored

    async def _claim(self) -> None:
        """As long as it takes: a predecessor may still be saving."""
        while True:
            lease = await self._in_lease(self._membership.claim)
            if lease is not None:
                _log.info("this is node %d", lease.number)
                return
            _log.info("all numbers are taken; waiting")
            await asyncio.sleep(_CLAIM_S)

    async def _serve(self, door: str, port: int) -> int:
        service = Service(self.batches, door, self.holder)
        store = AssociationTable(
            self._dynamodb, self._settings.called(ASSOCIATIONS), self._membership, door, now=wall_clock
        )
        forwarding = self.forwarding if door == DOORS[0] else None
        coaps = Coaps(
            libssl.load(),
            Settings(host=self._settings.bind, port=port, gateway=self.number),
            service,
            lookup=service.look_up,
            store=store,
            sealer=Sealer(self._keys),
            elsewhere=forwarding.elsewhere if forwarding else None,
        )
        if forwarding is not None:
            coaps.transmit = forwarding.transmit
        service.serve(coaps)
        restored = await coaps.start()
        self.served[door] = service, coaps
        await service.started()
        return restored

    def _open_forwarding(self, port: int) -> None:
        settings = self._settings
        own = settings.address or own_address()
        self._forward_socket = UdpSocket(own, port)
        self._membership.move(own, self._forward_socket.port)
        self.forwarding = Forwarding(
            self.number, key_of(self._keys[0]), send=self._forward_socket.send, out=self._out, take=self._take
        )

    def _out(self, datagram: bytes, address: Address) -> None:
        self.served[DOORS[0]][1].send(datagram, address)

    def _take(self, datagram: bytes, address: Address) -> None:
        self.served[DOORS[0]][1].server.forwarded(datagram, address)

    # What goes on beside

    def _keep(self, name: str, work: Any) -> None:
        task = asyncio.create_task(work, name=name)
        self._vital.task(name, task)
        self._tasks.append(task)

    async def _turn(self) -> None:
        while True:
            self.health.turned()
            await asyncio.sleep(_TURN_S)

    async def _renew(self) -> None:
        """A table that is away costs nothing but the view of others; a number that is another's ends this process."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                await self._in_lease(self._membership.renew)
                await self._look_around()
            except LostError:
                self._lost = True
                raise
            except Exception as error:  # noqa: BLE001 - whatever the table says: devices go on to be served
                _log.warning("the lease is not renewed now: %r", error)

    async def _look_around(self) -> None:
        if self.forwarding is not None:
            self.forwarding.nodes = await self._in_lease(self._membership.others)

    async def _in_lease(self, work: Callable[[], Any]) -> Any:
        return await self._loop.run_in_executor(self._leasing, work)

    def _heard(self, hint: Hint) -> None:
        for service, _ in self.served.values():
            self._loop.call_soon_threadsafe(service.hint, hint)

    def _missed(self) -> None:
        for service, _ in self.served.values():
            asyncio.run_coroutine_threadsafe(service.started(), self._loop)

    def _wrong(self) -> str | None:
        if len(self.served) < len(DOORS) or self._hints is None:
            return "it has not started yet"
        if self._lost:
            return "another process has its number"
        return None if self.platform.well else "its last invocation failed"

    async def stop(self) -> None:
        """Answer what is under way, export all, and let go of the number; in that order."""
        self.health.stop()
        if self._hints is not None:
            self._hints.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._within_patience(self._finish())
        for _, coaps in self.served.values():
            coaps.deafen()
        await self._within_patience(self.batches.drained())
        for service, _ in self.served.values():
            await service.stop()
        if self._lost:
            _log.error("nothing is exported: the number of this node is another's, which has newer states")
            for _, coaps in self.served.values():
                await coaps.abandon()
        else:
            await self._export()
        if self._forward_socket is not None:
            self._forward_socket.stop()
        self.platform.close()
        self._leasing.shutdown(wait=False)

    async def _finish(self) -> None:
        """Devices are heard meanwhile: they answer what they were asked."""
        await asyncio.gather(*(service.finish() for service, _ in self.served.values()))

    async def _within_patience(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await asyncio.wait_for(work, _DRAIN_S)
        except TimeoutError:
            _log.warning("what is under way is not waited for any more")
        # Whoever has its answer by now sends it on in its next turn.
        await asyncio.sleep(_LAST_TURN_S)

    async def _export(self) -> None:
        """One door's trouble does not keep the other's from being saved, nor the successor waiting."""
        troubles = [trouble for door in self.served if (trouble := await self._exported(door))]
        await self._in_lease(self._membership.release)
        if troubles:
            raise troubles[0]

    async def _exported(self, door: str) -> Exception | None:
        _, coaps = self.served[door]
        trouble: Exception | None = None
        for _ in range(_EXPORTS):
            began = time.monotonic()
            try:
                await coaps.stop()
            except Exception as error:  # noqa: BLE001 - whatever the table says, it is asked again
                _log.warning("associations of door %s are not exported: %r", door, error)
                trouble = error
                continue
            spent = time.monotonic() - began
            _log.info("exported %d associations of door %s in %.1f s", len(coaps.server), door, spent)
            return None
        return trouble


def own_address() -> str:
    """By which other hosts of this network reach this one; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))
        return str(asking.getsockname()[0])
