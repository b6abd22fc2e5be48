"""`IotCore`: the stand-in as a thread with its own event loop, for callers that know no asyncio."""

import asyncio
import logging
import resource
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent import futures
from typing import Any, TypeVar

from infra.local.ids import new_uuid
from infra.local.vital import Vital

from . import data_plane
from .authorizer import Authorize
from .broker import Broker
from .data_plane import TIMEOUT_DEFAULT, DirectMessage
from .doorman import HttpBackend
from .guests import Guests, Hall
from .iot_data import IotData
from .limits import Limits
from .listener import BACKLOG, Listener, listening_socket
from .properties import Properties
from .rules import Invoke, Rule
from .settings import Settings
from .tls import Contexts, TlsIdentity

log = logging.getLogger(__name__)
Result = TypeVar("Result")
_STOP_GRACE = 0.25  # for peers to end their TLS sessions


class IotCore:
    """AWS IoT Core for one account and region; without an account, for whichever the policies are of.

    `authorize` gets a custom authorizer's event and gives its answer; it runs in a thread and has 5 s.
    `invoke(function, event)` returns once that asynchronous invocation cannot get lost any more; it runs in a thread,
    in order for each client, and must not call back into this object. What it raises keeps the message unacknowledged.
    `lenient` lifts what only IoT Core forbids; `limits` then defaults to `Limits.lifted()`. Without `between_clients`
    what a client publishes reaches the rules and no other client. `guests` come in without credentials
    and meet nobody but each other. On topics of `ignored_wills`, which are filters, no will is published.
    """

    def __init__(
        self,
        *,
        authorize: Authorize,
        invoke: Invoke,
        rules: Sequence[Rule],
        region: str = "us-east-1",
        account: str | None = "123456789012",
        lenient: bool = False,
        between_clients: bool = True,
        guests: Guests | None = None,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        new_id: Callable[[], str] = new_uuid,
        lanes: int = 4,
        vital: Vital | None = None,
        ignored_wills: Sequence[str] = (),
    ) -> None:
        self.settings = Settings(
            region=region,
            account=account,
            lenient=lenient,
            between_clients=between_clients,
            limits=limits or (Limits.lifted() if lenient else Limits()),
            clock=clock,
            monotonic=monotonic,
            new_id=new_id,
            lanes=lanes,
            vital=vital or Vital(),
            ignored_wills=tuple(ignored_wills),
        )
        self.insiders: dict[str, Callable[[str, bytes], None]] = {}
        """Client ids of parts of this process, each with what takes its direct messages."""
        self._authorize = authorize
        self._invoke = invoke
        self._rules = tuple(rules)
        self._guests = guests
        self._loop = asyncio.new_event_loop()
        self._thread = self.settings.vital.thread("iot-core", self._run)
        self._listeners: list[Listener] = []
        self._contexts: list[Contexts] = []
        self._sweepers: list[asyncio.Task[None]] = []
        self._stopped = False
        self.broker: Broker
        self.iot_data = IotData(self)

    # -- life

    def start(self) -> None:
        _raise_file_limit()
        self.settings.vital.probe("mqtt", self.responds)
        self._thread.start()
        self._call(self._start())

    async def _start(self) -> None:
        self.broker = Broker(self._authorize, self._invoke, self._rules, self.settings)
        if self._guests is not None:
            self.broker.hall = Hall(self._guests, self.settings)
        self._sweepers = [self._loop.create_task(broker.keep_time()) for broker in self._brokers]
        for sweeper in self._sweepers:
            self.settings.vital.task("iot-core's clock", sweeper)

    @property
    def _brokers(self) -> list[Broker]:
        hall = self.broker.hall
        return [self.broker, hall.broker] if hall is not None else [self.broker]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        # Whoever still waits for an answer gets one, if only that there is none.
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()

    def listen_tls(self, host: str, port: int, identity: TlsIdentity, backend: HttpBackend | None = None) -> int:
        """MQTT and, at `/mqtt`, WebSocket over TLS on one port; the port in use, which matters for 0.

        What is HTTP on any other path goes to `backend`.
        """
        return self.serve_tls(listening_socket(host, port), identity, backend)

    def serve_tls(self, sock: socket.socket, identity: TlsIdentity, backend: HttpBackend | None = None) -> int:
        """The same on a socket that is bound already."""
        contexts = Contexts(identity, lenient=self.settings.lenient)
        self._contexts.append(contexts)
        return self._serve(sock, contexts, backend)

    def listen_plain(self, host: str, port: int) -> int:
        """MQTT and WebSocket without TLS, which AWS IoT Core does not offer: lenient mode only."""
        if not self.settings.lenient:
            raise ValueError("plain TCP needs lenient mode")
        return self._serve(listening_socket(host, port), None)

    def _serve(self, sock: socket.socket, contexts: Contexts | None, backend: HttpBackend | None = None) -> int:
        sock.listen(BACKLOG)
        sock.setblocking(False)  # noqa: FBT003 - its only parameter

        async def listen() -> None:
            self._listeners.append(Listener(self.broker, sock, contexts, backend))

        self._call(listen())
        return int(sock.getsockname()[1])

    def trust(self, pem: str) -> None:
        """Accept these client certificates, or those that chain to them, on the `mtls` hosts from now on."""
        self._each(lambda contexts: contexts.trust(pem))

    def distrust(self, pem: str) -> None:
        """Take back what `trust` was told; connections that are open stay."""
        self._each(lambda contexts: contexts.distrust(pem))

    def renew(self) -> None:
        """Read certificates, keys and client CAs again from their files, for connections that open from now on.

        OSError (ssl.SSLError is one) where they cannot be used; those that were in use then stay.
        """
        self._each(Contexts.renew)

    def _each(self, change: Callable[[Contexts], None]) -> None:
        async def changed() -> None:
            for contexts in self._contexts:
                change(contexts)

        self._call(changed())

    def stop(self, timeout: float = 4.0) -> None:
        """Close every connection, let the rules have its lifecycle event, and end the threads.

        After `timeout` seconds what has not ended is left behind, with a warning.
        """
        if self._stopped or not self._thread.is_alive():
            return
        self._stopped = True
        deadline = time.monotonic() + timeout
        self._call(self._stop(deadline))
        if not all(broker.lanes.join(deadline - time.monotonic()) for broker in self._brokers):
            log.warning("rules are still busy after %g s", timeout)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(max(0.1, deadline - time.monotonic()))

    async def _stop(self, deadline: float) -> None:
        for listener in self._listeners:
            await listener.close()
        for sweeper in self._sweepers:
            sweeper.cancel()
        for broker in self._brokers:
            broker.close()
        if not await self._emptied(min(_STOP_GRACE, deadline - time.monotonic())):
            for broker in self._brokers:
                broker.abort()
            await self._emptied(deadline - time.monotonic())

    async def _emptied(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                for broker in self._brokers:
                    await broker.empty.wait()
        except TimeoutError:
            return False
        return True

    def responds(self, seconds: float = 2.0) -> bool:
        """Whether the broker's loop comes round within that time."""
        came = threading.Event()
        try:
            self._loop.call_soon_threadsafe(came.set)
        except RuntimeError:
            return False  # it is closed
        return came.wait(seconds)

    def _call(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("this would wait for the thread that it runs in")
        try:
            future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise
        try:
            return future.result()
        except futures.CancelledError:
            raise data_plane.InternalFailureException("the broker stops") from None

    # -- data plane

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        *,
        retain: bool = False,
        properties: Properties | None = None,
    ) -> None:
        """Publish as the HTTP API does; raise a `DataPlaneError`."""
        self._call(data_plane.publish(self.broker, topic, payload, qos=qos, retain=retain, properties=properties))

    def send_direct_message(
        self,
        client_id: str,
        topic: str,
        payload: bytes,
        *,
        confirmation: bool = False,
        timeout: int = TIMEOUT_DEFAULT,
        properties: Properties | None = None,
    ) -> str:
        """Send to one client and give the trace id; with `confirmation` after its PUBACK. Raise a `DataPlaneError`.

        `properties` are for receivers that speak MQTT 5.
        """
        if (told := self.insiders.get(client_id)) is not None:
            told(topic, payload)
            return self.settings.new_id()
        message = DirectMessage(client_id, topic, payload, confirmation, timeout, properties)
        return self._call(data_plane.send_direct_message(self.broker, message))

    def get_connection(self, client_id: str, *, include_socket: bool = False) -> dict[str, Any]:
        return self._call(data_plane.get_connection(self.broker, client_id, include_socket=include_socket))

    def list_subscriptions(self, client_id: str) -> list[dict[str, Any]]:
        return self._call(data_plane.list_subscriptions(self.broker, client_id))

    def delete_connection(self, client_id: str, *, clean_session: bool = False, prevent_will: bool = False) -> None:
        self._call(
            data_plane.delete_connection(
                self.broker,
                client_id,
                clean_session=clean_session,
                prevent_will=prevent_will,
            ),
        )

    def get_retained_message(self, topic: str) -> dict[str, Any]:
        return self._call(data_plane.get_retained_message(self.broker, topic))

    def list_retained_messages(self) -> list[dict[str, Any]]:
        return self._call(data_plane.list_retained_messages(self.broker))


def _raise_file_limit() -> None:
    """A connection is a file descriptor; the default soft limit of 1024 is for other programs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
