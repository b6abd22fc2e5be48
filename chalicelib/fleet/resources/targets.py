"""Resources that say themselves for which devices they are: by metadata, of models or of single devices.

Devices that ask for what there is find them so; a device that is to be updated need not be named anywhere.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.resources.records import Resource, ResourceVersion

MODELS, DEVICES = "models", "devices"
"""Metadata that name them, by commas."""


class Listing(Protocol):
    def all(self, tenant: str) -> list[Resource]: ...
    def versions(self, tenant: str, resource: str) -> list[ResourceVersion]: ...


@dataclass(frozen=True, slots=True)
class Targeted:
    """A resource that is for some devices, with its versions, oldest first."""

    resource: Resource
    versions: tuple[ResourceVersion, ...]

    def reaches(self, *, models: Iterable[str], devices: Iterable[str]) -> bool:
        """Whether it is for one of these models, or one of these devices, in whatever case they are written."""
        return bool(
            _named(self.resource, MODELS) & _folded(models) or _named(self.resource, DEVICES) & _folded(devices)
        )


def read(catalog: Listing, tenant: str) -> Sequence[Targeted]:
    """As they are now."""
    found = (one for one in catalog.all(tenant) if _named(one, MODELS) or _named(one, DEVICES))
    return tuple(Targeted(one, _versions(catalog, one)) for one in found)


def _versions(catalog: Listing, resource: Resource) -> tuple[ResourceVersion, ...]:
    found = catalog.versions(resource.tenant, resource.id)
    return tuple(sorted(found, key=lambda version: (version.created, version.id)))


def _named(resource: Resource, by: str) -> frozenset[str]:
    return _folded(resource.metadata.get(by, "").split(","))


def _folded(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.strip().casefold() for name in names) - {""}
