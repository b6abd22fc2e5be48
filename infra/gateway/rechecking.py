"""Restored associations, whose keys may have been changed or withdrawn while nobody was there to be told."""

import asyncio
import logging
from collections.abc import Sequence

from infra.gateway.dtls.association import Association
from infra.gateway.dtls.half_open import Lookup, peer_of

_log = logging.getLogger(__name__)

_TRIES = 3
_PAUSE_S = 5.0


async def recheck(associations: Sequence[Association], lookup: Lookup, *, within: float) -> None:
    """Look every identity up again, spread over so many seconds, and end what has no longer its key.

    An association whose identity cannot be looked up goes on: the store being away ends nobody.
    """
    for association in associations:
        await asyncio.sleep(within / len(associations))
        if association.open and not await _is_still(association, lookup):
            _log.info("the key of %r has changed since its association was saved", association.peer.identity)
            association.close()


async def _is_still(association: Association, lookup: Lookup) -> bool:
    peer = association.peer
    for _ in range(_TRIES):
        try:
            credential = await lookup(peer.identity, peer.server_name)
        except Exception as error:  # noqa: BLE001 - whatever the store says
            _log.warning("identities cannot be looked up: %r", error)
            await asyncio.sleep(_PAUSE_S)
        else:
            return credential is not None and peer_of(peer.identity, credential, peer.server_name) == peer
    return True
