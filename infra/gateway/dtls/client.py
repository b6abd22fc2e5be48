"""The client's side of an association: for the tests, the bench and simulated devices."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from infra.gateway.dtls import records
from infra.gateway.dtls.association import Address, Association, Counts, Peer
from infra.gateway.dtls.contexts import Context, HandshakeError
from infra.gateway.dtls.handshake import Handshake
from infra.gateway.dtls.numbers import Numbers
from infra.gateway.dtls.records import Record

_SLACK_S = 0.001


@dataclass(frozen=True)
class Identity:
    """`cid` is the connection id that the server is to send, empty to send one and receive none, None for neither."""

    identity: bytes
    key: bytes
    host_name: str | None = None
    cid: bytes | None = None


class Client:
    """One association with one server; `connect` again for another, resumed if there is a session."""

    def __init__(
        self,
        context: Context,
        identity: Identity,
        transmit: Callable[[bytes, Address], None],
        received: Callable[[bytes], None],
        server: Address = ("", 0),
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.time = self.loop.time
        self._context, self._identity, self._server = context, identity, server
        self.transmit, self._received = transmit, received
        self.counts = Counts()
        self.association: Association | None = None
        self.resumption: bytes | None = None
        self._handshake: Handshake | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._done: asyncio.Future[Association] | None = None

    async def connect(self) -> Association:
        """Raises HandshakeError where the server refuses; a silent server is asked until the caller gives up."""
        self._connection = self._context.new(self._identity.host_name)
        if self.resumption:
            self._connection.resume(self.resumption)
        self._handshake = Handshake(self._connection, self, server=False)
        self._done = self.loop.create_future()
        self._go_on([])
        try:
            return await self._done
        finally:
            self._end_handshake()

    def _go_on(self, rest: list[Record]) -> None:
        handshake = self._handshake
        if handshake is None or self._done is None or self._done.done():
            return
        try:
            complete = handshake.take(rest.pop(0)) if rest else handshake.step()
        except HandshakeError as error:
            self._flush()
            self._done.set_exception(error)
            return
        self._flush()
        if complete:
            self._complete(handshake, rest)
        else:
            self._arm()

    def _complete(self, handshake: Handshake, rest: list[Record]) -> None:
        if handshake.secrets is None or handshake.protection is None or self._done is None:
            raise AssertionError("a handshake ended well without keys")
        self.resumption = self._connection.session()
        association = self.association = Association(
            self,
            id="",
            address=self._server,
            peer=Peer(b"", "server", None, b""),
            secrets=handshake.secrets,
            protection=handshake.protection,
            numbers=Numbers(0, 0, handshake.numbers_used),
            window=handshake.window,
            resumed=handshake.resumed(),
        )
        association.may_repeat(handshake.last_flight if association.resumed else None, handshake.plain_numbers_used)
        self._done.set_result(association)
        self._handshake = None
        for record in rest:
            association.receive(record, self._server)
        rest.clear()

    def _flush(self) -> None:
        if self._handshake is not None:
            for datagram in self._handshake.output():
                self.transmit(datagram, self._server)

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        pause = self._connection.repeats_in()
        self._timer = self.loop.call_later((1.0 if pause is None else pause) + _SLACK_S, self._late)

    def _late(self) -> None:
        try:
            self._connection.repeat(self)
        except HandshakeError as error:
            if self._done is not None and not self._done.done():
                self._done.set_exception(error)
            return
        self._flush()
        self._arm()

    def _end_handshake(self) -> None:
        self._handshake = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def datagram_received(self, datagram: bytes) -> None:
        cid = self._identity.cid or b""
        rest = list(records.read(datagram, len(cid)))
        while rest and self._handshake is not None and self._done is not None and not self._done.done():
            self._go_on(rest)
        for record in rest:
            if record.epoch == 1 and self.association is not None and self.association.open:
                self.association.receive(record, self._server)

    # What OpenSSL asks

    def psk(self, _: bytes) -> bytes:
        raise AssertionError("a client looks nobody up")

    def introduce(self) -> tuple[bytes, bytes]:
        return self._identity.identity, self._identity.key

    def own_cid(self) -> bytes | None:
        return self._identity.cid

    def peer_cid(self, cid: bytes) -> None:
        if self._handshake is not None and self._identity.cid is not None:
            self._handshake.cid_in, self._handshake.cid_out = self._identity.cid, cid

    def session(self, _: bytes) -> bytes | None:
        raise AssertionError("a client is asked for no session")

    def keep_session(self, session_id: bytes, der: bytes) -> None:
        """OpenSSL keeps it for us until the handshake is complete."""

    # What the association tells

    def received(self, _: Association, data: bytes) -> None:
        self._received(data)

    def moves(self, association: Association, address: Address) -> None:
        association.address = address

    def ended(self, association: Association, *, fatal: bool) -> None:  # noqa: ARG002 - the protocol's
        association.open = False

    def low_on_numbers(self, _: Association) -> None:
        """A client that sends half a million records is not asked for."""
