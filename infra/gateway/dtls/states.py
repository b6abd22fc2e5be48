"""What must be kept of an association so that another process can go on with it, and how it is kept: sealed."""

import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import cbor2
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.gateway.dtls.association import Address, Association, Peer
from infra.gateway.dtls.numbers import LAST, SPAN
from infra.gateway.dtls.protection import Protection
from infra.gateway.dtls.replay import ReplayWindow
from infra.gateway.dtls.suites import SUITES, Secrets

GOOD_MS = 12 * 3600 * 1000
"""An older state is not restored: its peer has long made another association, or is gone."""

_VERSION = 1
_NONCE = 12


class UnreadableError(Exception):
    """Not sealed by any of our keys, or by a release with another form."""


class State(NamedTuple):
    """`origin` is the generation of the keys; `saved` milliseconds since 1970. No sequence number of ours is in it."""

    id: str
    origin: int
    address: Address
    peer: Peer
    secrets: Secrets
    cid_in: bytes
    cid_out: bytes
    top: int
    seen: int
    idle_s: float
    saved: int

    def has_numbers(self, generation: int) -> bool:
        return 0 < generation - self.origin < LAST // SPAN

    def is_good(self, now: int) -> bool:
        return now - self.saved <= GOOD_MS

    def window(self) -> ReplayWindow:
        return ReplayWindow(self.top, self.seen)

    def protection(self) -> Protection:
        return Protection(self.secrets, server=True, cid_in=self.cid_in, cid_out=self.cid_out)


def state_of(association: Association, now: int) -> State:
    return State(
        id=association.id,
        origin=association.numbers.origin,
        address=association.address,
        peer=association.peer,
        secrets=association.secrets,
        cid_in=association.cid,
        cid_out=association.peer_cid,
        top=association.window.top,
        seen=association.window.seen,
        idle_s=association.idle_s,
        saved=now,
    )


class Sealer:
    """States in and out of bytes. The first key seals, all open, so that keys can change."""

    def __init__(self, keys: Sequence[bytes], random: Callable[[int], bytes] = os.urandom) -> None:
        """Keys of 32 bytes."""
        self._keys, self._random = [AESGCM(key) for key in keys], random

    def seal(self, state: State) -> bytes:
        nonce = self._random(_NONCE)
        return nonce + self._keys[0].encrypt(nonce, cbor2.dumps(_fields(state)), state.id.encode())

    def open(self, id: str, sealed: bytes) -> State:  # noqa: A002 - what it is called everywhere else
        """Raises UnreadableError."""
        for key in self._keys:
            try:
                fields = cbor2.loads(key.decrypt(sealed[:_NONCE], sealed[_NONCE:], id.encode()))
            except (InvalidTag, ValueError):
                continue
            if fields[0] == _VERSION:
                return _state(fields)
        raise UnreadableError(id)


def _fields(state: State) -> list[Any]:
    peer, secrets = state.peer, state.secrets
    return [
        _VERSION,
        *(state.id, state.origin, list(state.address)),
        *(peer.identity, peer.principal, peer.server_name, peer.key_digest),
        *(secrets.suite.name, secrets.master, secrets.client_random, secrets.server_random),
        *(state.cid_in, state.cid_out, state.top, state.seen, state.idle_s, state.saved),
    ]


def _state(fields: list[Any]) -> State:
    _, id_, origin, address, *rest = fields
    peer, (suite, *agreed), rest = Peer(*rest[:4]), rest[4:8], rest[8:]
    return State(id_, origin, tuple(address), peer, Secrets(SUITES[suite], *agreed), *rest)
