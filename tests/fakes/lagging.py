"""Records and mailboxes of which a glance shows what was there before the last write, as DynamoDB may."""

from dataclasses import dataclass, field, replace

from chalicelib.fleet.documents import Record
from chalicelib.fleet.presence.mailbox import Mailbox
from tests.fakes.data import MemoryRecords
from tests.fakes.inventory import MemoryMailboxes


@dataclass
class LaggingRecords(MemoryRecords):
    before: dict[tuple[str, str, str], Record | None] = field(default_factory=dict)

    def settle(self) -> None:
        """Everybody sees what was written so far."""
        self.before.clear()

    def glance(self, tenant: str, kind: str, record: str) -> Record | None:
        name = (tenant, kind, record)
        return self.before[name] if name in self.before else self.get(*name)

    def create(self, record: Record) -> bool:
        self._note(record.tenant, record.kind, record.id)
        return super().create(record)

    def replace(self, old: Record, new: Record) -> bool:
        self._note(old.tenant, old.kind, old.id)
        return super().replace(old, new)

    def delete(self, tenant: str, kind: str, record: str) -> None:
        self._note(tenant, kind, record)
        super().delete(tenant, kind, record)

    def _note(self, *name: str) -> None:
        tenant, kind, record = name
        self.before[tenant, kind, record] = self.get(tenant, kind, record)


@dataclass
class LaggingMailboxes(MemoryMailboxes):
    before: dict[tuple[str, str], Mailbox] = field(default_factory=dict)

    def settle(self) -> None:
        self.before.clear()

    def glance(self, tenant: str, device: str) -> Mailbox | None:
        return self.before.get((tenant, device)) or self.get(tenant, device)

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        known = self.rows.get((old.tenant, old.device))
        if known is not None:
            self.before[old.tenant, old.device] = replace(known)
        return super().replace(old, new)
