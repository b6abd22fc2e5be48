"""The resource manager: files that devices can be updated with, such as firmware, in versions.

A version's content is an object by itself. It comes with the version, or later through an upload URL: then the version
is ready as soon as the object is there and is what was announced.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace

from chalicelib.fleet.compare_and_set import change_record, create_record
from chalicelib.fleet.errors import (
    Conflict,
    Invalid,
    LimitReached,
    QuotaReached,
    ResourceDuplicate,
    ResourceNotFound,
    VersionDuplicate,
    VersionNotFound,
)
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.tenancy import quotas
from chalicelib.fleet.tenancy.records import Stored

MOST_RESOURCES = 1_000
MOST_VERSIONS = 500
LARGEST = 512 * 1024 * 1024
"""Bytes of a version's file."""
UPLOAD_VALID = 3_600
"""How long (s) an upload URL can be used."""


def create(ports: Ports, resource: Resource) -> Resource:
    """Errors: ResourceDuplicate, LimitReached, QuotaReached."""
    if len(ports.catalog.all(resource.tenant)) >= MOST_RESOURCES:
        raise LimitReached(f"there are {MOST_RESOURCES} resources already")

    def create_(made: Resource) -> bool:
        return quotas.within(ports, made.tenant, Stored.RESOURCES, lambda share: ports.catalog.create(made, share))

    # Two clients making one of that name at the same time: one of them makes it.
    if not create_record(resource, create_, lambda: ports.catalog.get(resource.tenant, resource.id)):
        raise ResourceDuplicate(f"resource {resource.id} exists already")
    return resource


def get(ports: Ports, tenant: str, resource: str) -> Resource:
    found = ports.catalog.get(tenant, resource)
    if found is None:
        raise ResourceNotFound(f"resource {resource} not found")
    return found


def update(ports: Ports, tenant: str, resource: str, change: Callable[[Resource], Resource]) -> Resource:
    """The resource after `change`. Errors: ResourceNotFound, and what `change` raises."""
    now = ports.clock.now()

    def changed(present: Resource) -> Resource:
        return replace(change(present), updated=now)

    # Two clients at once: the later one works on what the first one left.
    write = ports.catalog.replace
    return change_record(ports, f"resource {resource}", lambda: get(ports, tenant, resource), write, changed)[0]


def delete(ports: Ports, tenant: str, resource: str) -> None:
    """Remove a resource with all its versions. Errors: ResourceNotFound."""
    get(ports, tenant, resource)
    for version in ports.catalog.versions(tenant, resource):
        _remove(ports, version)
    ports.catalog.delete(tenant, resource, quotas.share(ports, tenant, Stored.RESOURCES))
    # A version that was added since we looked; none can come any more.
    for version in ports.catalog.versions(tenant, resource):
        _remove(ports, version)


def add_version(ports: Ports, version: ResourceVersion, content: bytes) -> ResourceVersion:
    """A version with its file; `md5` is what the client says it is.

    Errors: Invalid (another checksum), ResourceNotFound, VersionDuplicate, LimitReached, QuotaReached.
    """
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != version.md5:
        raise Invalid("checksum is not the MD5 of the file", Field.CHECKSUM)
    _ensure_addable(ports, version)
    ports.files.put(version.file, content)
    return _add(ports, replace(version, size=len(content), ready=True))


def announce_version(ports: Ports, version: ResourceVersion) -> tuple[ResourceVersion, str]:
    """A version whose file is uploaded afterwards: the version, and where to PUT the file.

    Errors: Invalid (size), ResourceNotFound, VersionDuplicate, LimitReached.
    """
    if not 0 < version.size <= LARGEST:
        raise Invalid(f"size is from 1 to {LARGEST} bytes", Field.SIZE)
    _ensure_addable(ports, version)
    announced = _add(ports, replace(version, ready=False))
    return announced, ports.files.upload_url(announced.file, announced.md5, announced.size, UPLOAD_VALID)


def version(ports: Ports, tenant: str, resource: str, version_id: str) -> ResourceVersion:
    """Errors: VersionNotFound."""
    found = ports.catalog.version(tenant, resource, version_id)
    if found is None:
        raise VersionNotFound(f"version {version_id} of resource {resource} not found")
    return found


def update_version(
    ports: Ports, tenant: str, resource: str, version_id: str, change: Callable[[ResourceVersion], ResourceVersion]
) -> ResourceVersion:
    """The version after `change`. Errors: VersionNotFound, and what `change` raises."""
    now = ports.clock.now()

    def read() -> ResourceVersion:
        return version(ports, tenant, resource, version_id)

    def changed(present: ResourceVersion) -> ResourceVersion:
        return replace(change(present), updated=now)

    # As for resources: neither another client's change nor a deletion is overwritten.
    name = f"version {version_id} of {resource}"
    return change_record(ports, name, read, ports.catalog.replace_version, changed)[0]


def delete_version(ports: Ports, tenant: str, resource: str, version_id: str) -> None:
    """Errors: VersionNotFound."""
    _remove(ports, version(ports, tenant, resource, version_id))


def versions(ports: Ports, tenant: str, resource: str) -> list[ResourceVersion]:
    """All versions, oldest first. Errors: ResourceNotFound."""
    get(ports, tenant, resource)
    return sorted(ports.catalog.versions(tenant, resource), key=lambda v: (v.created, v.id))


def target(ports: Ports, tenant: str, resource: Resource, named: str) -> ResourceVersion:
    """The version of that id, or of that alias, with its file in place.

    Errors: VersionNotFound, Conflict (its file was not uploaded yet).
    """
    found = ports.catalog.version(tenant, resource.id, named)
    if found is None and named in resource.aliases:
        found = ports.catalog.version(tenant, resource.id, resource.aliases[named])
    if found is None:
        raise VersionNotFound(f"version {named} of resource {resource.id} not found")
    found = checked(ports, found)
    if not found.ready:
        raise Conflict(f"the file of version {found.id} was not uploaded yet")
    return found


def checked(ports: Ports, announced: ResourceVersion) -> ResourceVersion:
    """The version, ready if its file has come meanwhile and is the announced one."""
    if announced.ready or not ports.files.holds(announced.file, announced.md5, announced.size):
        return announced
    return update_version(
        ports, announced.tenant, announced.resource, announced.id, lambda v: replace(v, ready=v.file == announced.file)
    )


def _ensure_addable(ports: Ports, new: ResourceVersion) -> None:
    get(ports, new.tenant, new.resource)
    present = ports.catalog.versions(new.tenant, new.resource)
    if any(v.id == new.id for v in present):
        raise VersionDuplicate(f"version {new.id} of resource {new.resource} exists already")
    if len(present) >= MOST_VERSIONS:
        raise LimitReached(f"resource {new.resource} has {MOST_VERSIONS} versions already")


def _add(ports: Ports, new: ResourceVersion) -> ResourceVersion:
    try:
        added = quotas.within(
            ports,
            new.tenant,
            Stored.RESOURCE_BYTES,
            lambda share: ports.catalog.add_version(new, share),
            amount=new.size,
        )
    except QuotaReached:
        ports.files.delete(new.file)
        raise
    if added:
        return new
    # The resource was deleted, or the same version added, since we looked: its file is nobody's.
    ports.files.delete(new.file)
    get(ports, new.tenant, new.resource)
    raise VersionDuplicate(f"version {new.id} of resource {new.resource} exists already")


def _remove(ports: Ports, old: ResourceVersion) -> None:
    ports.catalog.delete_version(old, quotas.share(ports, old.tenant, Stored.RESOURCE_BYTES, old.size))
    ports.files.delete(old.file)
