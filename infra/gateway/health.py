"""A TCP port that is open while the gateway is well, for balancers, which can ask nothing of UDP."""

import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable

_log = logging.getLogger(__name__)

TURNS_WITHIN_S = 5.0
STUCK_S = 60.0
_LOOK_S = 0.5
STUCK = 4
"""The exit code of a process whose loop does not turn any more."""


class HealthPort:
    """Looks from a thread of its own, as a loop that is stuck could not close anything.

    Its listener is closed while the gateway is not well: the kernel would go on to take connections for it.
    """

    def __init__(
        self,
        host: str,
        port: int,
        well: Callable[[], str | None],
        *,
        time: Callable[[], float] = time.monotonic,
        give_up: Callable[[], object] | None = None,
    ) -> None:
        """`well` names what is wrong, or nothing. `port` 0 takes a free one, and keeps it."""
        self._host, self.port, self._well, self._time = host, port, well, time
        self._give_up = give_up or _exit
        self._turned = time()
        self._listener: socket.socket | None = None
        self._complained = False
        self._stopping = threading.Event()
        self.wrong: str | None = "it has not started yet"
        if port == 0:
            with socket.create_server((host, 0)) as probe:
                self.port = probe.getsockname()[1]

    def turned(self) -> None:
        """The loop says so, once a second."""
        self._turned = self._time()

    def run(self) -> None:
        while not self._stopping.wait(_LOOK_S):
            self.look()
        self._close()

    def look(self) -> None:
        silent = self._time() - self._turned
        if silent > STUCK_S:
            self._give_up()
        wrong = f"its loop has not turned for {silent:.0f} s" if silent > TURNS_WITHIN_S else self._well()
        if wrong != self.wrong:
            _log.warning("health: %s", wrong or "well")
        self.wrong = wrong
        if wrong:
            self._close()
        else:
            self._open()
            self._greet()

    def stop(self) -> None:
        self._stopping.set()

    def _open(self) -> None:
        if self._listener is None:
            try:
                self._listener = socket.create_server((self._host, self.port), backlog=64)
                self._listener.setblocking(False)  # noqa: FBT003 - the standard library's
            except OSError as error:
                if not self._complained:
                    _log.warning("the health port %d cannot be opened: %s", self.port, error)
                self._complained = True
            else:
                self._complained = False

    def _greet(self) -> None:
        """Whoever connected has its answer by that."""
        while self._listener is not None:
            try:
                self._listener.accept()[0].close()
            except BlockingIOError:
                return
            except OSError as error:
                _log.info("a look at the health port failed: %s", error)
                return

    def _close(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None


def _exit() -> None:
    """Nothing is saved: only what turns could, and the next process goes on with what was saved before."""
    print("homeport gateway: its loop is stuck", file=sys.stderr, flush=True)
    os._exit(STUCK)
