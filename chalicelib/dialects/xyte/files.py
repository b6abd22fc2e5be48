"""Files that a device finds, and the newest firmware among them (Get Files, Check for Updates).

They are versions of resources in the catalog of its maker or its owner that name its model, or the device itself.
"""

import hashlib
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chalicelib.dialects.xyte.identities import Identity
from chalicelib.dialects.xyte.moments import render
from chalicelib.fleet.errors import NotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import catalog, targets
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from chalicelib.fleet.resources.targets import Targeted

FIRMWARE = "firmware"
SIGNED_VALID = 3_600
"""How long (s) the URL of a file can be used."""
_TYPE, _SIGNATURE, _NOTES = "file_type", "signature", "public_notes"
"""Metadata of a resource that answers show."""
_SEMVER = re.compile(r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?", re.ASCII)
_Rank = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True, slots=True)
class File:
    resource: Resource
    version: ResourceVersion

    @property
    def id(self) -> str:
        """The same for as long as it is there."""
        named = f"{self.resource.tenant}\n{self.resource.id}\n{self.version.id}"
        return str(uuid.UUID(bytes=hashlib.sha256(named.encode()).digest()[:16], version=5))

    @property
    def type(self) -> str:
        return self.resource.metadata.get(_TYPE) or FIRMWARE


def every(ports: Ports, found: Identity) -> list[File]:
    """As they are now, oldest first."""
    listed = _of(found, lambda tenant: targets.read(ports.catalog, tenant))
    ready = (File(one.resource, catalog.checked(ports, one.version)) for one in listed)
    return sorted((one for one in ready if one.version.ready), key=lambda one: (one.version.created, one.id))


def find(ports: Ports, found: Identity, file: str) -> File:
    """Errors: NotFound."""
    known = next((one for one in _known(ports, found) if one.id == file and one.version.ready), None)
    one = known or next((one for one in every(ports, found) if one.id == file), None)
    if one is None:
        raise NotFound("File not found")
    return one


def newest_firmware(ports: Ports, found: Identity) -> File | None:
    """The highest version above the one that it has reported, as it was known a minute ago at most.

    Versions that are not semantic have no order, and are never the newest.
    """
    ready = [one for one in _known(ports, found) if one.type == FIRMWARE and one.version.ready]
    ranked = [(rank, one) for one in ready if (rank := _rank(one.version.id)) is not None]
    best = max(ranked, key=lambda pair: pair[0], default=None)
    present = _rank(found.about.firmware or "")
    return best[1] if best is not None and (present is None or best[0] > present) else None


def view(ports: Ports, one: File) -> dict[str, Any]:
    return {
        "id": one.id,
        "name": one.resource.label or one.resource.id,
        "url": url(ports, one),
        "desc": one.version.description or one.resource.description,
        "file_type": one.type,
        "version": one.version.id,
        "checksum": one.version.md5,
        "signature": one.resource.metadata.get(_SIGNATURE),
        "created_at": render(one.version.created),
        "public_notes": one.resource.metadata.get(_NOTES),
    }


def ordered(ports: Ports, one: File) -> dict[str, Any]:
    """What a command with that file tells of it; the URL is another one each time."""
    signature = one.resource.metadata.get(_SIGNATURE)
    told = {"url": url(ports, one), "version": one.version.id, "checksum": one.version.md5, "file_id": one.id}
    return told if signature is None else {**told, "signature": signature}


def url(ports: Ports, one: File) -> str:
    return ports.files.download_url(one.version.file, SIGNED_VALID)


def _known(ports: Ports, found: Identity) -> Iterator[File]:
    return _of(found, ports.catalog.targeted)


def _of(found: Identity, read: Callable[[str], Sequence[Targeted]]) -> Iterator[File]:
    models = (found.model.hardware_key, found.model.model_id, found.model.name)
    names = (found.id, found.device, *([found.about.sn] if found.about.sn else []))
    for tenant in dict.fromkeys((found.entry.maker, found.owner)):
        for one in read(tenant) if tenant is not None else ():
            if one.reaches(models=models, devices=names):
                yield from (File(one.resource, version) for version in one.versions)


def _rank(version: str) -> _Rank | None:
    """By which semantic versions compare: a version before a release comes before that."""
    found = _SEMVER.fullmatch(version)
    if found is None:
        return None
    before = tuple(
        (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in (found[4] or "").split(".")
    )
    return int(found[1]), int(found[2]), int(found[3]), found[4] is None, before
