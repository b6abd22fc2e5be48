"""Associations that outlive the process: saved soon after they change, and all of them when it stops."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from infra.gateway.dtls.association import Association
from infra.gateway.dtls.server import Server
from infra.gateway.dtls.states import GOOD_MS, Sealer, UnreadableError, state_of

_log = logging.getLogger(__name__)

_SAVE_S = 2.0
_REFRESH_MS = GOOD_MS // 2
"""After how long a state is saved again although nothing has changed, lest it be too old when it is needed."""

_AT_ONCE = 200


class AssociationStore(Protocol):
    """Sealed states by id, and a counter. Called from threads, one call at a time."""

    def next_generation(self) -> int:
        """A number that nobody was ever given, greater than all before; it is durable before this returns."""

    def save(self, states: Mapping[str, bytes], gone: Collection[str]) -> None: ...
    def load(self) -> Iterable[tuple[str, bytes]]: ...


class Keeping:
    """Ties a server's associations to a store. `now` gives milliseconds since 1970."""

    def __init__(self, store: AssociationStore, sealer: Sealer, now: Callable[[], int]) -> None:
        self._store, self._sealer, self._now = store, sealer, now
        self._changed: dict[str, Association] = {}
        self._gone: set[str] = set()
        self._saved: dict[str, int] = {}
        self._server: Server | None = None
        self._task: asyncio.Task[None] | None = None
        self._renewing: asyncio.Task[None] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def next_generation(self) -> int:
        return await asyncio.to_thread(self._store.next_generation)

    async def begin(self, server: Server) -> int:
        """Restore what is good, and keep what changes from now on; answers how many were restored."""
        self._server = server
        found = await asyncio.to_thread(lambda: list(self._store.load()))
        now, restored = self._now(), 0
        for number, (id_, sealed) in enumerate(found):
            if number % _AT_ONCE == _AT_ONCE - 1:
                await asyncio.sleep(0)  # datagrams have their turn
            restored += self._restore(server, id_, sealed, now)
        self._task = asyncio.create_task(self._go_on())
        return restored

    def _restore(self, server: Server, id_: str, sealed: bytes, now: int) -> bool:
        try:
            state = self._sealer.open(id_, sealed)
        except UnreadableError:
            _log.warning("association %s cannot be read and is forgotten", id_)
        else:
            if state.is_good(now) and server.restore(state) is not None:
                self._changed.pop(id_, None)
                self._saved[id_] = state.saved
                return True
        self._gone.add(id_)
        return False

    def changed(self, association: Association) -> None:
        """Save it soon."""
        self._changed[association.id] = association

    def gone(self, association: Association) -> None:
        self._changed.pop(association.id, None)
        self._saved.pop(association.id, None)
        self._gone.add(association.id)

    def renew(self) -> None:
        """Take another generation; the numbers of this one run low."""
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        if self._server is not None:
            self._server.enter(await self.next_generation())

    async def _go_on(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_S)
            try:
                await self.save()
            except Exception:  # noqa: BLE001 - whatever the store says: what was not saved is saved next time
                _log.exception("associations cannot be saved now")

    async def save(self, *, everything: bool = False) -> None:
        """What has changed, or all there is; a failure leaves it to be saved later."""
        async with self._one_at_a_time:
            now = self._now()
            if everything and self._server is not None:
                self._changed = {each.id: each for each in self._server.all()}
            else:
                self._refresh(now)
            changed, self._changed = self._changed, {}
            gone, self._gone = self._gone, set()
            if not changed and not gone:
                return
            states = {each.id: self._sealer.seal(state_of(each, now)) for each in changed.values() if each.open}
            try:
                await asyncio.to_thread(self._store.save, states, gone)
            except BaseException:
                self._changed = {**changed, **self._changed}
                self._gone |= gone
                raise
            self._saved |= dict.fromkeys(states, now)

    def _refresh(self, now: int) -> None:
        if self._server is None:
            return
        for association in self._server.all():
            if now - self._saved.get(association.id, now) > _REFRESH_MS:
                self._changed[association.id] = association

    async def end(self) -> None:
        """Save everything as it stands; nothing may be sent afterwards."""
        await self.abandon()
        await self.save(everything=True)

    async def abandon(self) -> None:
        """Save nothing any more."""
        for task in (self._task, self._renewing):
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
