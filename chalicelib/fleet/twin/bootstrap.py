"""Bootstrap configurations and entries: what devices are told of the servers that they are to register with."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.fleet.access import sealing
from chalicelib.fleet.errors import (
    BootstrapConfigNotFound,
    BootstrapEntryDuplicate,
    BootstrapEntryNotFound,
    Conflict,
    LimitReached,
)
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.twin import identities
from chalicelib.fleet.twin.identities import Holder
from chalicelib.fleet.twin.library import EVERYBODY
from chalicelib.fleet.twin.records import BootstrapConfig, BootstrapEntry, Credential, RunSecurity
from chalicelib.fleet.typed_records import TypedRecords

CONFIG, ENTRY = Kind(BootstrapConfig), Kind(BootstrapEntry)
CONFIGS = TypedRecords("twin/bootstrap-config", CONFIG)
ENTRIES = TypedRecords("twin/bootstrap-entry", ENTRY)
IDENTITIES = TypedRecords("twin/bootstrap-identity", identities.CREDENTIAL)
MOST_CONFIGS = 100
_PURPOSE = "bootstrap"


@dataclass(frozen=True, slots=True)
class BootstrapSpeaker:
    """Whom a handshake with the bootstrap server proved."""

    tenant: str
    entry: BootstrapEntry
    credential: Credential


@dataclass(frozen=True, slots=True)
class Written:
    """What a request says of one server: its identity and secret, as they were written."""

    id: str
    identity: str | None
    secret: str | None


# Configurations


def add_config(
    ports: Ports, tenant: str, name: str, description: str | None, servers: Sequence[Any]
) -> BootstrapConfig:
    """Errors: LimitReached."""
    if CONFIGS.count(ports, tenant) >= MOST_CONFIGS:
        raise LimitReached(f"a tenant has at most {MOST_CONFIGS} bootstrap configurations")
    now = ports.clock.now()
    made = BootstrapConfig(ports.new_id(now), name, tuple(servers), now, now, description)
    CONFIGS.create(ports, tenant, made.id, made)
    return made


def configs(ports: Ports, tenant: str) -> list[BootstrapConfig]:
    return CONFIGS.first(ports, tenant, MOST_CONFIGS)


def config(ports: Ports, tenant: str, config_id: str) -> BootstrapConfig:
    """Errors: BootstrapConfigNotFound."""
    found = CONFIGS.get(ports, tenant, config_id)
    if found is None:
        raise BootstrapConfigNotFound(f"bootstrap configuration {config_id[:64]} not found")
    return found


def update_config(
    ports: Ports, tenant: str, config_id: str, name: str, description: str | None, servers: Sequence[Any]
) -> BootstrapConfig:
    """Errors: BootstrapConfigNotFound."""
    now = ports.clock.now()
    changed = CONFIGS.change(
        ports,
        tenant,
        config_id,
        lambda known: replace(known, name=name, description=description, servers=tuple(servers), updated=now),
    )
    return changed or config(ports, tenant, config_id)


def delete_config(ports: Ports, tenant: str, config_id: str) -> None:
    """Errors: BootstrapConfigNotFound, Conflict (entries use it)."""
    config(ports, tenant, config_id)
    if any(entry.config == config_id for entry in ENTRIES.every(ports, tenant)):
        raise Conflict(f"bootstrap configuration {config_id} is used by entries")
    CONFIGS.delete(ports, tenant, config_id)


# Entries


def add_entry(
    ports: Ports, tenant: str, entry: BootstrapEntry, secret: bytes, run: Sequence[Written]
) -> BootstrapEntry:
    """Errors: BootstrapEntryDuplicate (endpoint or identity is taken), BootstrapConfigNotFound."""
    if entry.config is not None:
        config(ports, tenant, entry.config)
    if ENTRIES.get(ports, tenant, entry.endpoint) is not None:
        raise BootstrapEntryDuplicate(f"there is a bootstrap entry of {entry.endpoint} already")
    _reserve(ports, tenant, entry.identity, entry.endpoint, secret)
    made = replace(entry, run=_sealed(ports, tenant, entry.endpoint, run, ()))
    if not ENTRIES.create(ports, tenant, entry.endpoint, made):
        # The same came twice at once: the identity stays with the one that was first.
        _release_unless_named(ports, tenant, entry.endpoint, entry.identity)
        raise BootstrapEntryDuplicate(f"there is a bootstrap entry of {entry.endpoint} already")
    return made


def entry_of(ports: Ports, tenant: str, endpoint: str) -> BootstrapEntry:
    """Errors: BootstrapEntryNotFound."""
    found = ENTRIES.get(ports, tenant, endpoint)
    if found is None:
        raise BootstrapEntryNotFound(f"bootstrap entry {endpoint[:255]} not found")
    return found


def entries(ports: Ports, tenant: str, after: str | None, limit: int) -> list[BootstrapEntry]:
    """In order of their endpoint names."""
    return ENTRIES.after(ports, tenant, after, limit)


def update_entry(
    ports: Ports,
    tenant: str,
    endpoint: str,
    identity: str,
    secret: bytes | None,
    config_id: str | None,
    run: Sequence[Written],
) -> BootstrapEntry:
    """Another identity takes the secret along unless there is a new one.

    Errors: BootstrapEntryNotFound, BootstrapEntryDuplicate (the identity is taken), BootstrapConfigNotFound.
    """
    known = entry_of(ports, tenant, endpoint)
    if config_id is not None:
        config(ports, tenant, config_id)
    if secret is not None or identity != known.identity:
        old = IDENTITIES.get(ports, EVERYBODY, known.identity)
        if secret is None and old is not None:
            secret = identities.unsealed(ports, old)
        if secret is not None:
            _reserve(ports, tenant, identity, endpoint, secret)
    sealed, now = _sealed(ports, tenant, endpoint, run, known.run), ports.clock.now()

    def changed(entry: BootstrapEntry) -> BootstrapEntry:
        return replace(entry, identity=identity, config=config_id, run=sealed, updated=now)

    after = ENTRIES.change(ports, tenant, endpoint, changed)
    if after is None:
        return entry_of(ports, tenant, endpoint)
    if identity != known.identity:
        identities.release(ports, known.identity, Holder(tenant, "", endpoint), IDENTITIES)
    return after


def assign(ports: Ports, tenant: str, endpoint: str, config_id: str) -> BootstrapEntry:
    """Let an entry have another configuration. Errors: BootstrapEntryNotFound, BootstrapConfigNotFound."""
    config(ports, tenant, config_id)
    now = ports.clock.now()
    changed = ENTRIES.change(ports, tenant, endpoint, lambda entry: replace(entry, config=config_id, updated=now))
    return changed or entry_of(ports, tenant, endpoint)


def delete_entry(ports: Ports, tenant: str, endpoint: str) -> None:
    """Errors: BootstrapEntryNotFound."""
    known = entry_of(ports, tenant, endpoint)
    ENTRIES.delete(ports, tenant, endpoint)
    identities.release(ports, known.identity, Holder(tenant, "", endpoint), IDENTITIES)


def change(
    ports: Ports, tenant: str, endpoint: str, change_: Callable[[BootstrapEntry], BootstrapEntry]
) -> BootstrapEntry | None:
    return ENTRIES.change(ports, tenant, endpoint, change_)


def shown(ports: Ports, tenant: str, endpoint: str, sealed: str) -> str:
    """A secret as it was written. Errors: sealing.Unsealable."""
    return sealing.unseal(ports, _PURPOSE, f"{tenant}/{endpoint}", sealed).decode()


def sealed(ports: Ports, tenant: str, endpoint: str, secret: str) -> str:
    return sealing.seal(ports, _PURPOSE, f"{tenant}/{endpoint}", secret.encode())


# Who comes


def look_up(ports: Ports, identity: bytes) -> tuple[BootstrapSpeaker, bytes] | None:
    """Whose identity it is, with its secret; None for one that opens nothing."""
    try:
        known = IDENTITIES.get(ports, EVERYBODY, identity.decode())
    except UnicodeDecodeError:
        return None
    speaker = _speaker(ports, known) if known is not None else None
    if speaker is None or known is None:
        return None
    try:
        return speaker, identities.unsealed(ports, known)
    except sealing.Unsealable:
        return None


def speaker_of(ports: Ports, principal: str) -> BootstrapSpeaker | None:
    """Whoever came in as that principal, as long as nothing was changed about it since."""
    serial, _, identity = principal.partition(":")
    known = IDENTITIES.get(ports, EVERYBODY, identity) if identity else None
    return _speaker(ports, known) if known is not None and known.serial == serial else None


def _speaker(ports: Ports, known: Credential) -> BootstrapSpeaker | None:
    entry = ENTRIES.get(ports, known.tenant, known.node)
    if entry is None or entry.identity != known.identity:
        return None
    return BootstrapSpeaker(known.tenant, entry, known)


def _reserve(ports: Ports, tenant: str, identity: str, endpoint: str, secret: bytes) -> None:
    made = identities.made(ports, identity, Holder(tenant, "", endpoint), secret)
    if not identities.reserved(ports, IDENTITIES, made, lambda known: _speaker(ports, known) is not None):
        raise BootstrapEntryDuplicate(f"the identity {identity} is in use already")


def _release_unless_named(ports: Ports, tenant: str, endpoint: str, identity: str) -> None:
    entry = ENTRIES.get(ports, tenant, endpoint)
    if entry is None or entry.identity != identity:
        identities.release(ports, identity, Holder(tenant, "", endpoint), IDENTITIES)


def _sealed(
    ports: Ports, tenant: str, endpoint: str, run: Sequence[Written], known: Sequence[RunSecurity]
) -> tuple[RunSecurity, ...]:
    """A secret that is not written again stays what it was."""
    before = {each.id: each.sealed for each in known}
    return tuple(
        RunSecurity(
            each.id,
            each.identity,
            before.get(each.id) if each.secret is None else sealed(ports, tenant, endpoint, each.secret),
        )
        for each in run
    )
