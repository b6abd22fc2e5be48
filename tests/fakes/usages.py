"""How much is stored, in memory."""

from dataclasses import dataclass, field, replace

from chalicelib.fleet.errors import QuotaReached
from chalicelib.fleet.tenancy.records import Share, Stored, Usage


@dataclass
class MemoryUsages:
    rows: dict[tuple[str, Stored], Usage] = field(default_factory=dict)

    def get(self, tenant: str, stored: Stored) -> Usage | None:
        return self.rows.get((tenant, stored))

    def replace(self, old: Usage | None, new: Usage) -> bool:
        present = self.get(new.tenant, new.stored)
        if (present.revision if present else None) != (old.revision if old else None):
            return False
        self.rows[new.tenant, new.stored] = replace(new, revision=old.revision + 1 if old else 1)
        return True

    def take(self, share: Share | None) -> None:
        """The last thing before something is stored. Errors: QuotaReached."""
        if share is None:
            return
        present = self.get(share.tenant, share.stored)
        if present is None or not present.tells(share) or not present.has_room(share):
            raise QuotaReached("the count is against it")
        self._add(share, share.amount)

    def give_back(self, share: Share | None) -> None:
        if share is not None:
            self._add(share, -share.amount)

    def _add(self, share: Share, amount: int) -> None:
        present = self.get(share.tenant, share.stored) or Usage(share.tenant, share.stored, 0)
        changed = replace(present, used=present.used + amount, revision=present.revision + 1)
        self.rows[share.tenant, share.stored] = changed
