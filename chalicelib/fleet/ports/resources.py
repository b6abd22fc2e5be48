"""Files that devices are to have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.resources.records import Entrances, Link, Resource, ResourceVersion
    from chalicelib.fleet.resources.targets import Targeted
    from chalicelib.fleet.resources.updates import DeviceResources
    from chalicelib.fleet.tenancy.records import Share


class Catalog(Protocol):
    """Resources and their versions."""

    def create(self, resource: Resource, share: Share | None = None) -> bool:
        """False if the id is taken. QuotaReached."""

    def get(self, tenant: str, resource: str) -> Resource | None: ...
    def replace(self, old: Resource, new: Resource) -> bool: ...
    def delete(self, tenant: str, resource: str, share: Share | None = None) -> None: ...
    def all(self, tenant: str) -> list[Resource]: ...
    def add_version(self, version: ResourceVersion, share: Share | None = None) -> bool:
        """False if the version exists, or the resource does not. QuotaReached."""

    def version(self, tenant: str, resource: str, version: str) -> ResourceVersion | None: ...
    def replace_version(self, old: ResourceVersion, new: ResourceVersion) -> bool: ...
    def delete_version(self, version: ResourceVersion, share: Share | None = None) -> None: ...
    def versions(self, tenant: str, resource: str) -> list[ResourceVersion]: ...
    def targeted(self, tenant: str) -> Sequence[Targeted]:
        """Resources that say for which devices they are, as they were a minute ago at most."""


class Resources(Protocol):
    """What each device has and is to have."""

    def get(self, tenant: str, device: str) -> DeviceResources | None: ...
    def replace(self, old: DeviceResources, new: DeviceResources) -> bool:
        """Errors: TooLarge."""


class Files(Protocol):
    """Contents by name; URLs are valid for `seconds`, and MD5 sums hexadecimal digits."""

    def put(self, name: str, body: bytes) -> None: ...
    def read(self, name: str, first: int, last: int) -> bytes:
        """From byte `first` to byte `last`, both included. Errors: FileNotFoundError."""

    def delete(self, name: str) -> None: ...
    def holds(self, name: str, md5: str, size: int) -> bool:
        """Whether this very content is there."""

    def download_url(self, name: str, seconds: int) -> str: ...
    def upload_url(self, name: str, md5: str, size: int, seconds: int) -> str:
        """For one PUT of this very content, with its size and MD5 sum in the header fields of RFC 9110 and RFC 1864."""


class Links(Protocol):
    @property
    def entrances(self) -> Entrances: ...
    def put(self, link: Link) -> None: ...
    def get(self, token: str) -> Link | None:
        """Also one that has ended, until it is cleared away."""


class ResourcePorts(Protocol):
    @property
    def catalog(self) -> Catalog: ...
    @property
    def resources(self) -> Resources: ...
    @property
    def files(self) -> Files: ...
    @property
    def links(self) -> Links: ...
