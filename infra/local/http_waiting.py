"""Which HTTP connections wait, for how long they may, and which of them make room for others.

A connection waits while no request of it is being served: its client has to send, or to take an answer. Such
connections cost a place and no work, so that somebody who only opens them must run into limits before others do.
"""

import errno
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from waitress.channel import HTTPChannel
from waitress.server import TcpWSGIServer

_OUT_OF_FILES_PAUSE_S = 0.1
LOOK_EVERY_S = 1
"""How often the server looks for connections that are overdue."""
PeerOf = Callable[[int], str | None]
"""The address of the client behind a connection from a local port, None where nobody stands between."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """Seconds, and numbers of connections."""

    head: float = 10.0
    """From a connection's opening, or a request's first byte, until all its headers are there."""
    stalled: float = 30.0
    """Without one byte more of a body, or of an answer that is taken."""
    idle: float = 300.0
    """Between one answer and the next request."""
    most: int = 1000
    """Connections at a time; beyond it those that wait longest are closed, of the address that has most."""
    most_an_address: int = 500


class WaitingChannel(HTTPChannel):  # type: ignore[misc]  # waitress is untyped
    """Knows since when it waits. All of this runs on the server's one thread."""

    served = False
    waiting_since = 0.0

    def received(self, data: bytes) -> bool:
        if self.request is None:
            self.waiting_since = time.monotonic()
        return bool(super().received(data))

    def service(self) -> None:
        super().service()
        self.served, self.waiting_since = True, time.monotonic()

    @property
    def waits(self) -> bool:
        return not self.requests

    def overdue(self, patience: Patience, now: float, wall: float) -> bool:
        if not self.waits:
            return False
        if self.total_outbufs_len or (self.request is not None and self.request.headers_finished):
            return bool(wall - self.last_activity > patience.stalled)
        idle = self.served and self.request is None
        return now - self.waiting_since > (patience.idle if idle else patience.head)


class WaitingServer(TcpWSGIServer):  # type: ignore[misc]  # waitress is untyped
    """waitress' server with the limits of `patience`."""

    patience = Patience()
    peer_of: PeerOf = staticmethod(lambda _port: None)
    _rests_until = 0.0
    closing = False

    def readable(self) -> bool:
        return bool(super().readable()) and time.monotonic() >= self._rests_until

    def accept(self) -> Any:
        try:
            return super().accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):
                # The socket stays in the queue, and asking again at once would be all that this thread does.
                self._rests_until = time.monotonic() + _OUT_OF_FILES_PAUSE_S
            raise

    def handle_accept(self) -> None:
        before = set(self.active_channels)
        super().handle_accept()
        for number in self.active_channels.keys() - before:
            newest = self.active_channels[number]
            newest.waiting_since = time.monotonic()
            self._make_room_for(newest)

    def handle_close(self) -> None:
        # waitress would close its listening socket after an unforeseen error, and run on, deaf.
        raise RuntimeError("the listening socket failed")

    def maintenance(self, now: float) -> None:
        monotonic = time.monotonic()
        for channel in list(self.active_channels.values()):
            if channel.overdue(self.patience, monotonic, now):
                channel.handle_close()

    def _make_room_for(self, newest: WaitingChannel) -> None:
        every = list(self.active_channels.values())
        if len(every) <= min(self.patience.most_an_address, self.patience.most):
            return
        crowds: dict[str, list[WaitingChannel]] = defaultdict(list)
        for channel in every:
            crowds[self._address(channel)].append(channel)
        own = crowds[self._address(newest)]
        if len(own) > self.patience.most_an_address:
            crowd = own
        elif len(every) > self.patience.most:
            crowd = max(crowds.values(), key=len)
        else:
            return
        if not _close_tenth(crowd, newest) and (crowd is own or not _close_tenth(every, newest)):
            newest.handle_close()

    def _address(self, channel: WaitingChannel) -> str:
        address, port = channel.addr[:2]
        return self.peer_of(port) or str(address)


def _close_tenth(crowd: Iterable[WaitingChannel], newest: WaitingChannel) -> bool:
    """Close some at once, so that the next newcomers find room without a search; False where none of them waits."""
    waiting = [channel for channel in crowd if channel.waits and channel is not newest]
    # Whoever never asked for anything goes first.
    waiting.sort(key=lambda channel: (channel.served, channel.waiting_since))
    for channel in waiting[: max(1, len(waiting) // 10)]:
        channel.handle_close()
    return bool(waiting)
