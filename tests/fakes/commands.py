"""Commands in memory."""

from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from chalicelib.fleet import ids
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.errors import (
    CommandDuplicate,
)

Id = tuple[str, str]


@dataclass
class MemoryCommands:
    """Also keeps an index by device and one by `check_at`, so that neither costs more as the store grows."""

    rows: dict[Id, Command] = field(default_factory=dict)
    by_device: dict[Id, list[str]] = field(default_factory=dict)
    by_check: list[tuple[int, str, str, str]] = field(default_factory=list)

    def create(self, command: Command) -> None:
        if (command.tenant, command.id) in self.rows:
            raise CommandDuplicate(f"command {command.id} exists already")
        self.rows[command.tenant, command.id] = command
        insort(self.by_device.setdefault((command.tenant, command.device), []), command.id)
        self._index(command)

    def get(self, tenant: str, command: str) -> Command | None:
        return self.rows.get((tenant, command))

    def replace(self, old: Command, new: Command) -> bool:
        stored = self.rows.get((old.tenant, old.id))
        if stored is None or stored.revision != old.revision:
            return False
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1)
        if stored.check_at != new.check_at:
            self._unindex(stored)
            self._index(new)
        return True

    def delete(self, tenant: str, command: str) -> None:
        gone = self.rows.pop((tenant, command), None)
        if gone is not None:
            self.by_device[tenant, gone.device].remove(command)
            self._unindex(gone)

    def of_device(
        self, tenant: str, device: str, *, start: int | None, end: int | None, descending: bool
    ) -> Iterator[Command]:
        known = self.by_device.get((tenant, device), [])
        for command_id in list(reversed(known)) if descending else list(known):
            at = ids.moment(command_id)
            if (start is None or at >= start) and (end is None or at < end):
                yield self.rows[tenant, command_id]

    def count(self, tenant: str, device: str, *, start: int | None, end: int | None) -> int:
        return sum(1 for _ in self.of_device(tenant, device, start=start, end=end, descending=False))

    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        low, high = bisect_right(self.by_check, (after + 1,)), bisect_right(self.by_check, (until + 1,))
        for _, tenant, device, command in self.by_check[low:high]:
            yield tenant, device, command

    def _index(self, command: Command) -> None:
        if command.check_at is not None:
            insort(self.by_check, (command.check_at, command.tenant, command.device, command.id))

    def _unindex(self, command: Command) -> None:
        if command.check_at is not None:
            self.by_check.remove((command.check_at, command.tenant, command.device, command.id))
