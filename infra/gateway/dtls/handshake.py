"""Between OpenSSL, which knows no connection ids, and the wire, where they may have been agreed on (RFC 9146)."""

from collections.abc import Iterator

from infra.gateway.dtls import records
from infra.gateway.dtls.contexts import MTU, Connection, Party
from infra.gateway.dtls.protection import Protection
from infra.gateway.dtls.records import CHANGE_CIPHER_SPEC, HANDSHAKE, WITH_CID, Record
from infra.gateway.dtls.replay import ReplayWindow
from infra.gateway.dtls.suites import Secrets

_MOST_EARLY = 8


class Handshake:
    """One handshake of either role; complete as soon as `take` says so."""

    def __init__(self, connection: Connection, party: Party, *, server: bool) -> None:
        self._connection, self._party, self._server = connection, party, server
        self.secrets: Secrets | None = None
        self.protection: Protection | None = None
        self.window = ReplayWindow()
        self.cid_in, self.cid_out = b"", b""
        self.numbers_used = 0
        self.plain_numbers_used = 0
        self.last_flight: tuple[bytes, bytes] | None = None
        self.forged = 0
        self._early: list[Record] = []

    def take(self, record: Record) -> bool:
        """Feed one record that was received; whether the handshake is complete now. Raises HandshakeError."""
        if record.epoch == 0:
            if record.content_type == WITH_CID:
                return False
            self._connection.write(record.raw)
            return self._connection.step(self._party) or self._take_early()
        return record.epoch == 1 and self._take_protected(record)

    def step(self) -> bool:
        """Go on without anything new; whether the handshake is complete now. Raises HandshakeError."""
        return self._connection.step(self._party)

    def resumed(self) -> bool:
        return self._connection.resumed()

    def _take_early(self) -> bool:
        early, self._early = self._early, []
        return any(self._take_protected(record) for record in early)

    def _take_protected(self, record: Record) -> bool:
        """Nothing that did not verify by our own keys reaches OpenSSL or moves the window."""
        protection = self.protection or self._agreed()
        if protection is None:
            if len(self._early) < _MOST_EARLY:
                self._early.append(record)
            return False
        opened = protection.open(record) if self.window.fresh(record.sequence) else None
        if opened is None:
            self.forged += 1
            return False
        self.protection = protection
        self.window.mark(record.sequence)
        raw = protection.as_if_received_plain(opened[0], record.number, opened[1]) if record.cid else record.raw
        self._connection.write(raw)
        return self._connection.step(self._party)

    def _agreed(self) -> Protection | None:
        """The keys as they stand; a client that offers a session has some too early, so they are kept once they fit."""
        secrets = self._connection.secrets()
        if secrets is None:
            return None
        self.secrets = secrets
        return Protection(secrets, server=self._server, cid_in=self.cid_in, cid_out=self.cid_out)

    def output(self) -> Iterator[bytes]:
        """The datagrams that are to be sent now."""
        datagram, change = b"", b"\x01"
        for record in records.read(self._connection.read(), 0):
            raw = record.raw
            if record.epoch == 0:
                self.plain_numbers_used = record.sequence + 1
                change = record.body if record.content_type == CHANGE_CIPHER_SPEC else change
            else:
                raw = self._translated(record, change)
            if datagram and len(datagram) + len(raw) > MTU:
                yield datagram
                datagram = b""
            datagram += raw
        if datagram:
            yield datagram

    def _translated(self, record: Record, change: bytes) -> bytes:
        protection = self.protection or self._agreed()
        if protection is None:
            raise AssertionError("OpenSSL protected a record before it had keys")
        self.protection = protection
        self.numbers_used = record.sequence + 1
        content = protection.open_own(record)
        if record.content_type == HANDSHAKE:
            self.last_flight = change, content
        if not protection.cid_out:
            return record.raw
        return protection.seal(record.content_type, record.sequence, content)
