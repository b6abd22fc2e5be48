"""The CoAP gateway in a thread of the stack: two ports, whose devices it serves by calling the functions in here."""

import asyncio
import json
import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from infra.gateway.association_file import AssociationFile
from infra.gateway.coaps import Coaps, Settings
from infra.gateway.dtls import libssl
from infra.gateway.dtls.contexts import probe
from infra.gateway.dtls.states import Sealer
from infra.gateway.service import Service
from infra.local.taken import or_taken
from infra.local.vital import Vital

_log = logging.getLogger(__name__)

HINTS = "coaps"
"""The queue that hints for the gateway come by."""
DOORS = (("run", "HOMEPORT_COAPS_PORT"), ("bootstrap", "HOMEPORT_COAPS_BOOTSTRAP_PORT"))
_THREADS = 16
_WAIT_S = 1
_PATIENCE_S = 30.0

Call = Callable[[dict[str, Any]], Any]
Hints = Callable[[], list[dict[str, str]]]


def missing() -> str | None:
    """Why this Python cannot serve CoAP over DTLS; None if it can."""
    return probe()


def hints(sqs: Any, url: str) -> Hints:
    """What waits in a queue, each taken once; waits a second for the first."""

    def receive() -> list[dict[str, str]]:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=_WAIT_S).get("Messages", [])
        if found:
            entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(found)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        return [json.loads(each["Body"]) for each in found]

    return receive


class CoapGateway:
    """Bound when made; `call` answers an event, from any thread."""

    def __init__(
        self,
        call: Call,
        *,
        host: str,
        ports: tuple[int, int],
        store: Path,
        keys: list[bytes],
        hints: Hints,
        vital: Vital,
    ) -> None:
        self._call, self._hints = call, hints
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="coaps")
        self._loop = asyncio.new_event_loop()
        self._stopping = threading.Event()
        self._stores = [AssociationFile(store.with_stem(f"{store.stem}-{door}")) for door, _ in DOORS]
        holder, library = uuid.uuid4().hex, libssl.load()
        self._served: list[tuple[Service, Coaps]] = []
        for (door, variable), port, kept in zip(DOORS, ports, self._stores, strict=True):
            service = Service(self._platform, door, holder)
            settings = Settings(host=host, port=port)
            bind = _binding(library, settings, service, kept, keys)
            coaps = or_taken(variable, host, port, bind)
            service.serve(coaps)
            self._served.append((service, coaps))
        self._thread = vital.thread("coaps", self._run)
        self._reader = vital.thread("coaps-hints", self._read_hints)

    @property
    def ports(self) -> tuple[int, int]:
        """Of the run and of the bootstrap door."""
        run, bootstrap = (coaps.port for _, coaps in self._served)
        return run, bootstrap

    def start(self) -> None:
        self._thread.start()
        for service, coaps in self._served:
            asyncio.run_coroutine_threadsafe(_start(service, coaps), self._loop).result(_PATIENCE_S)
        self._reader.start()

    def stop(self, timeout: float) -> None:
        """Associations are kept for the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            for service, coaps in self._served:
                ended = asyncio.run_coroutine_threadsafe(_stop(service, coaps), self._loop)
                try:
                    ended.result(timeout)
                except Exception:  # noqa: BLE001 - whatever hinders one must not hinder the other
                    _log.exception("the CoAP gateway did not end well")
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(timeout)
        self._pool.shutdown(wait=False, cancel_futures=True)
        for store in self._stores:
            store.close()

    async def _platform(self, event: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = await self._loop.run_in_executor(self._pool, self._call, event)
        return answer

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _read_hints(self) -> None:
        while not self._stopping.is_set():
            try:
                for hint, (service, _) in self._hinted():
                    self._loop.call_soon_threadsafe(service.hint, hint)
            except Exception:
                # The queue, and the loop, may end before the answer that was waited for.
                if not self._stopping.is_set():
                    raise

    def _hinted(self) -> Iterator[tuple[dict[str, str], tuple[Service, Coaps]]]:
        for hint in self._hints():
            for served in self._served:
                yield hint, served


def _binding(
    library: libssl.Libssl, settings: Settings, service: Service, store: AssociationFile, keys: list[bytes]
) -> Callable[[], Coaps]:
    return lambda: Coaps(library, settings, service, lookup=service.look_up, store=store, sealer=Sealer(keys))


async def _start(service: Service, coaps: Coaps) -> None:
    await coaps.start()
    await service.started()


async def _stop(service: Service, coaps: Coaps) -> None:
    await service.stop()
    await coaps.stop()
