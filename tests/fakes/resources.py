"""Resources and their files in memory."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.fleet.resources import targets
from chalicelib.fleet.resources.records import Entrances, Link, Resource, ResourceVersion
from chalicelib.fleet.resources.targets import Targeted
from chalicelib.fleet.resources.updates import DeviceResources
from chalicelib.fleet.tenancy.records import Share
from tests.fakes.usages import MemoryUsages

Id = tuple[str, str]


@dataclass
class MemoryResources:
    rows: dict[Id, DeviceResources] = field(default_factory=dict)

    def get(self, tenant: str, device: str) -> DeviceResources | None:
        return self.rows.get((tenant, device))

    def replace(self, old: DeviceResources, new: DeviceResources) -> bool:
        stored = self.rows.get((old.tenant, old.device))
        if (stored.revision if stored else 0) != old.revision:
            return False
        self.rows[old.tenant, old.device] = replace(new, revision=old.revision + 1)
        return True


@dataclass
class MemoryCatalog:
    rows: dict[Id, Resource] = field(default_factory=dict)
    usages: MemoryUsages = field(default_factory=MemoryUsages)
    version_rows: dict[tuple[str, str, str], ResourceVersion] = field(default_factory=dict)

    def create(self, resource: Resource, share: Share | None = None) -> bool:
        if (resource.tenant, resource.id) in self.rows:
            return False
        self.usages.take(share)
        self.rows[resource.tenant, resource.id] = resource
        return True

    def get(self, tenant: str, resource: str) -> Resource | None:
        return self.rows.get((tenant, resource))

    def replace(self, old: Resource, new: Resource) -> bool:
        stored = self.rows.get((old.tenant, old.id))
        if stored is None or stored.revision != old.revision:
            return False
        self.rows[old.tenant, old.id] = replace(new, revision=old.revision + 1)
        return True

    def delete(self, tenant: str, resource: str, share: Share | None = None) -> None:
        if self.rows.pop((tenant, resource), None):
            self.usages.give_back(share)

    def all(self, tenant: str) -> list[Resource]:
        return [r for (t, _), r in sorted(self.rows.items()) if t == tenant]

    def add_version(self, version: ResourceVersion, share: Share | None = None) -> bool:
        name = (version.tenant, version.resource, version.id)
        if (version.tenant, version.resource) not in self.rows or name in self.version_rows:
            return False
        self.usages.take(share)
        self.version_rows[name] = version
        return True

    def version(self, tenant: str, resource: str, version: str) -> ResourceVersion | None:
        return self.version_rows.get((tenant, resource, version))

    def replace_version(self, old: ResourceVersion, new: ResourceVersion) -> bool:
        stored = self.version_rows.get((old.tenant, old.resource, old.id))
        if stored is None or stored.revision != old.revision:
            return False
        self.version_rows[old.tenant, old.resource, old.id] = replace(new, revision=old.revision + 1)
        return True

    def delete_version(self, version: ResourceVersion, share: Share | None = None) -> None:
        if self.version_rows.pop((version.tenant, version.resource, version.id), None):
            self.usages.give_back(share)

    def versions(self, tenant: str, resource: str) -> list[ResourceVersion]:
        return [v for (t, r, _), v in sorted(self.version_rows.items()) if (t, r) == (tenant, resource)]

    def targeted(self, tenant: str) -> Sequence[Targeted]:
        return targets.read(self, tenant)


@dataclass
class MemoryFiles:
    """URLs that lead nowhere; `uploads` is what was announced for them."""

    rows: dict[str, bytes] = field(default_factory=dict)
    uploads: dict[str, tuple[str, int]] = field(default_factory=dict)

    def put(self, name: str, body: bytes) -> None:
        self.rows[name] = body

    def read(self, name: str, first: int, last: int) -> bytes:
        if name not in self.rows:
            raise FileNotFoundError(name)
        return self.rows[name][first : last + 1]

    def delete(self, name: str) -> None:
        self.rows.pop(name, None)

    def holds(self, name: str, md5: str, size: int) -> bool:
        body = self.rows.get(name)
        return body is not None and (len(body), hashlib.md5(body, usedforsecurity=False).hexdigest()) == (size, md5)

    def download_url(self, name: str, seconds: int) -> str:
        return f"https://files.test/{name}?for={seconds}"

    def upload_url(self, name: str, md5: str, size: int, seconds: int) -> str:
        self.uploads[name] = (md5, size)
        return f"https://files.test/{name}?to={seconds}"


@dataclass
class MemoryLinks:
    """Without entrances until a test sets them, as in a stage that has no host name for downloads."""

    rows: dict[str, Link] = field(default_factory=dict)
    entrances: Entrances = field(default_factory=Entrances)

    def put(self, link: Link) -> None:
        self.rows[link.token] = link

    def get(self, token: str) -> Link | None:
        return self.rows.get(token)
