"""Gateways in memory; `meanwhile` runs once, after a device was noted."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from chalicelib.fleet.presence.gateways import Gateway, Waiting


@dataclass
class MemoryGateways:
    rows: dict[tuple[str, str], Gateway] = field(default_factory=dict)
    notes: dict[tuple[str, str], dict[str, Waiting]] = field(default_factory=dict)
    meanwhile: Callable[[], object] = lambda: None

    def get(self, tenant: str, client: str) -> Gateway | None:
        return self.rows.get((tenant, client))

    def replace(self, old: Gateway, new: Gateway) -> bool:
        stored = self.rows.get((old.tenant, old.client))
        if (stored.revision if stored else 0) != old.revision:
            return False
        self.rows[old.tenant, old.client] = replace(new, revision=old.revision + 1)
        return True

    def wait(self, waiting: Waiting) -> None:
        self.notes.setdefault((waiting.tenant, waiting.client), {})[waiting.device] = waiting
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()

    def waiting(self, tenant: str, client: str) -> Iterator[Waiting]:
        return iter(sorted(self.notes.get((tenant, client), {}).values(), key=lambda note: note.device))

    def woken(self, waiting: Waiting) -> None:
        noted = self.notes.get((waiting.tenant, waiting.client), {})
        if noted.get(waiting.device) == waiting:
            del noted[waiting.device]
