"""Devices as they registered themselves: an entry of the directory each, whoever owns it (Register Device)."""

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from chalicelib.dialects.xyte import models
from chalicelib.dialects.xyte.models import Model
from chalicelib.fleet.access import directory
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind

CONNECTOR = "xyte"
_NAME = 16
"""Digits of a name's digest."""
URN = "urn:lo:nsid:xyte:"
"""What the id of a device in the fleet begins with; its uuid follows."""


@dataclass(frozen=True, slots=True)
class About(Extensible):
    """What a device says of itself. `model` is a hardware key; `info` counts what its owner has changed of it.

    `called` is what its present owner calls it, which no other one is to see; `name` is the device's own word.
    Where `incidents_suspended`, the incidents that it opens are ignored. `config` is the last version of a
    configuration that it may know from an earlier owner. `formerly` are digests of what earlier owners called it:
    firmware writes back what it has read, and the next owner is not to see that either.
    """

    model: str
    sn: str | None = None
    mac: str | None = None
    cloud_id: str | None = None
    firmware: str | None = None
    name: str | None = None
    sub_model: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    info: int = 0
    incidents_suspended: bool = False
    config: int = 0
    called: str | None = None
    formerly: tuple[str, ...] = ()

    @property
    def known_as(self) -> str | None:
        return self.called or self.name


ABOUT = Kind(About)


@dataclass(frozen=True, slots=True)
class Identity:
    """A device with its model, as its entry was read; another owner has it under another `entry.transfers`."""

    entry: Entry
    about: About
    model: Model

    @property
    def id(self) -> str:
        """Its uuid."""
        return self.entry.id

    @property
    def owner(self) -> str | None:
        """The tenant that has claimed it, or for a child its parent."""
        return self.entry.owner

    @property
    def device(self) -> str:
        """Its id in the fleet, where it has an owner."""
        return device_id(self.entry.id)

    @property
    def parent(self) -> str | None:
        return self.entry.parent

    @property
    def children(self) -> tuple[str, ...]:
        return self.entry.children

    def called_formerly(self, name: str) -> bool:
        return name_digest(self.entry, name) in self.about.formerly

    def with_about(self, about: About) -> Entry:
        """Its entry with that in place of what it said of itself."""
        return replace(self.entry, attributes=ABOUT.body(about))


@dataclass(frozen=True, slots=True)
class DeviceCaller(Caller):
    """A device that came with its own key. `tenant` is empty while nobody owns it, and `device` None."""

    identity: Identity = field(kw_only=True)


def name_digest(entry: Entry, name: str) -> str:
    return directory.digest(name, entry.salt)[:_NAME]


def device_id(uuid: str) -> str:
    return URN + uuid


def uuid_of(device: str) -> str | None:
    """None for a device of the fleet that did not register itself."""
    return device.removeprefix(URN) if device.startswith(URN) else None


def find(ports: Ports, uuid: str) -> Identity | None:
    """As it was a minute ago at most."""
    return read(ports, ports.directory.get(uuid))


def current(ports: Ports, uuid: str) -> Identity | None:
    return read(ports, ports.directory.current(uuid))


def had_by(ports: Ports, uuid: str, tenant: str | None) -> Identity | None:
    """The device, if that tenant has it, or nobody where none is named; None where it is another's by now, or gone."""
    for look in (find, current):
        found = look(ports, uuid)
        if found is not None and found.owner == tenant:
            return found
    return None


def read(ports: Ports, entry: Entry | None) -> Identity | None:
    """None also where its model is gone."""
    if entry is None or not entry.digest:
        return None
    about = ABOUT.read(entry.attributes)
    model = models.find(ports, about.model)
    return None if model is None else Identity(entry, about, model)
