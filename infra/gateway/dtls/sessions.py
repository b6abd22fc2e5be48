"""Sessions that clients may resume, without the key being used again (RFC 5246, 7.3)."""

from collections.abc import Callable
from typing import NamedTuple

from infra.gateway.dtls.association import DAY_S, Peer

MOST = 20_000


class Session(NamedTuple):
    """`der` is OpenSSL's form of it; `at` seconds of the table's clock."""

    der: bytes
    peer: Peer
    at: float


class Sessions:
    """The newest `most` of a day."""

    def __init__(self, time: Callable[[], float], most: int = MOST) -> None:
        self._time, self._most = time, most
        self._sessions: dict[bytes, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def get(self, session_id: bytes) -> Session | None:
        session = self._sessions.get(session_id)
        if session is not None and self._time() - session.at > DAY_S:
            self.remove(session_id)
            return None
        return session

    def keep(self, session_id: bytes, der: bytes, peer: Peer) -> None:
        if len(self._sessions) >= self._most:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[session_id] = Session(der, peer, self._time())

    def remove(self, session_id: bytes) -> None:
        self._sessions.pop(session_id, None)

    def forget(self, principal: str) -> None:
        """Nobody resumes as `principal` any more."""
        gone = [each for each, session in self._sessions.items() if session.peer.principal == principal]
        for session_id in gone:
            del self._sessions[session_id]
