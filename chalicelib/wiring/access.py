"""Who may come in: tenants with what they use and did, keys, users, certificates."""

import logging
import os
import secrets
from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.wiring.running import RunningWiring
from chalicelib.wiring.shared import application, clock, connection

if TYPE_CHECKING:
    from chalicelib.aws.stage_key import CachedStageKey, StageKeyFile, StageKeyStore
    from chalicelib.fleet import ports as p
    from chalicelib.fleet.access.passwords import Hasher
    from chalicelib.fleet.access.proven import Proven
    from chalicelib.fleet.access.windows import Windows
    from chalicelib.store.cache import CachedKeys, CachedTenants
    from chalicelib.store.directory import CachedDirectory


class AccessWiring:
    @property
    def tenants(self) -> "p.Tenants":
        return _tenants()

    @cached_property
    def usages(self) -> "p.Usages":
        from chalicelib.store.usages import UsageTable

        return UsageTable()

    @cached_property
    def audit(self) -> "p.AuditLog":
        from chalicelib.store.audit import AuditTable

        return AuditTable()

    @property
    def keys(self) -> "p.Keys":
        return _keys()

    @property
    def stage_key(self) -> "p.StageKeys":
        return _stage_key()

    @cached_property
    def users(self) -> "p.Users":
        from chalicelib.store.users import UserTable

        return UserTable(connection())

    @cached_property
    def authorities(self) -> "p.Authorities":
        from chalicelib.store.authorities import AuthoritiesTable

        return AuthoritiesTable(connection())

    @cached_property
    def trust(self) -> "p.Trust":
        from chalicelib.aws.clients import client
        from chalicelib.aws.trust import IotCoreTrust

        return IotCoreTrust(lambda: client("iot"), application())

    @property
    def directory(self) -> "p.Directory":
        return _directory()

    @property
    def windows(self) -> "Windows":
        return _windows()

    @property
    def hasher(self) -> "Hasher":
        return _hasher()

    @property
    def proven(self) -> "Proven":
        return _proven()


class DoorAccessWiring(AccessWiring, RunningWiring):
    """A key that was just revoked lets nobody in again."""

    @cached_property
    def keys(self) -> "p.Keys":
        from chalicelib.store.cache import CurrentKeys

        return CurrentKeys(self.clock)


def stage_key_store() -> "StageKeyFile | StageKeyStore":
    """Where the stage key is kept."""
    from pathlib import Path

    from chalicelib.aws import stage_key
    from chalicelib.aws.clients import client

    file = os.environ.get(stage_key.FILE)
    if file:
        return stage_key.StageKeyFile(Path(file))
    return stage_key.StageKeyStore(lambda: client("ssm"), f"{application()}-{stage_key.NOUN}")


def read_stage_key() -> None:
    """At the start of a function that needs it. One that cannot have it now tries again when it needs it."""
    try:
        _stage_key().current()
    except Exception as error:  # noqa: BLE001 - a function that does not start could not answer by long secrets either
        logging.getLogger(__name__).warning("the stage key could not be read yet: %s", type(error).__name__)


@cache
def _stage_key() -> "CachedStageKey":
    from chalicelib.aws.stage_key import CachedStageKey

    return CachedStageKey(stage_key_store().read, clock())


@cache
def _keys() -> "CachedKeys":
    from chalicelib.store.cache import CachedKeys

    return CachedKeys(clock())


@cache
def _directory() -> "CachedDirectory":
    from chalicelib.store.directory import CachedDirectory

    return CachedDirectory(connection(), clock())


@cache
def _hasher() -> "Hasher":
    from chalicelib.fleet.access.passwords import Cost, Hasher

    return Hasher(Cost(), secrets.token_bytes(32))


@cache
def _proven() -> "Proven":
    from chalicelib.fleet.access.proven import Proven

    return Proven(secrets.token_bytes(32))


@cache
def _windows() -> "Windows":
    from chalicelib.fleet.access.windows import Windows

    return Windows()


@cache
def _tenants() -> "CachedTenants":
    from chalicelib.store.cache import CachedTenants

    return CachedTenants(connection(), clock())
