"""The directory in memory; `meanwhile` runs once, before the next change is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalicelib.fleet.access.directory import Entry


@dataclass
class MemoryDirectory:
    rows: dict[str, Entry] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    remembered: dict[str, Entry] = field(default_factory=dict)
    """Older entries that `get` answers with, as an instance does that has not looked for a while."""
    meanwhile: Callable[[], object] = lambda: None

    def create(self, entry: Entry) -> bool:
        if entry.id in self.rows or any(name in self.names for name in entry.names):
            return False
        self.rows[entry.id] = entry
        self.names |= dict.fromkeys(entry.names, entry.id)
        return True

    def get(self, entry: str) -> Entry | None:
        return self.remembered.get(entry) or self.rows.get(entry)

    def current(self, entry: str) -> Entry | None:
        self.remembered.pop(entry, None)
        return self.rows.get(entry)

    def named(self, name: str) -> str | None:
        return self.names.get(name)

    def sharing(self, proof: str) -> list[str]:
        return sorted(entry.id for entry in self.rows.values() if proof in entry.proofs)

    def replace(self, old: Entry, new: Entry) -> bool:
        self._meanwhile()
        if not self._unchanged(old):
            return False
        self.rows[old.id] = replace(new, revision=old.revision + 1)
        if new.transfers != old.transfers:
            self.notes.pop(old.id, None)
        return True

    def delete(self, old: Entry) -> bool:
        self._meanwhile()
        if not self._unchanged(old):
            return False
        del self.rows[old.id]
        self.notes.pop(old.id, None)
        for name in old.names:
            self.names.pop(name, None)
        return True

    def note(self, entry: Entry, last: Mapping[str, Any]) -> bool:
        stored = self.rows.get(entry.id)
        if stored is None or stored.transfers != entry.transfers:
            return False
        self.notes[entry.id] = last
        return True

    def noted(self, entry: str) -> Mapping[str, Any] | None:
        return self.notes.get(entry)

    def _unchanged(self, old: Entry) -> bool:
        stored = self.rows.get(old.id)
        return stored is not None and stored.revision == old.revision

    def _meanwhile(self) -> None:
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
