"""Tenants, how much each may store, and what is kept of what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.access.records import Tenant
    from chalicelib.fleet.tenancy.records import AuditEntry, Settings, Stored, Usage


class Tenants(Protocol):
    def create(self, tenant: Tenant) -> bool:
        """False if the id is taken; TenantDuplicate if the name is."""

    def get(self, tenant: str) -> Tenant | None: ...
    def settings(self, tenant: str) -> Settings:
        """As they were a minute ago at most; of a tenant that nothing was set for, nothing."""

    def current_settings(self, tenant: str) -> Settings: ...
    def replace_settings(self, old: Settings, new: Settings) -> bool: ...


class Usages(Protocol):
    """How much is stored under a quota. Who stores or removes something with a `share` changes it in the same write."""

    def get(self, tenant: str, stored: Stored) -> Usage | None: ...
    def replace(self, old: Usage | None, new: Usage) -> bool:
        """A compare-and-set on the revision; None where there is none yet."""


class AuditLog(Protocol):
    def put(self, entry: AuditEntry, kept: int) -> bool:
        """For `kept` seconds; False if there is one with this id."""

    def within(self, tenant: str, at: int, first: str, last: str) -> list[AuditEntry]:
        """Those of the day of `at` whose ids are between these two, or one of them, as they are now."""

    def page(self, tenant: str, *, start: int, end: int, descending: bool) -> Iterator[AuditEntry]: ...


class TenancyPorts(Protocol):
    @property
    def tenants(self) -> Tenants: ...
    @property
    def usages(self) -> Usages: ...
    @property
    def audit(self) -> AuditLog: ...
