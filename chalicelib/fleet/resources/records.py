"""Resources and their versions, as the catalog lists them, and files that belong to an object or a message."""

from collections.abc import Mapping
from dataclasses import field

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.shapes import Extensible

CARRIED = 4_400 * 1024
"""Bytes that a function can answer: 6 MB, in Base64."""


@dataclass(frozen=True, slots=True)
class Resource(Extensible):
    """What is kept up to date on devices. `aliases` are names for some of its versions. Times in ms."""

    tenant: str
    id: str
    created: int
    updated: int
    revision: int = 0
    label: str = ""
    description: str | None = None
    connector: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceVersion(Extensible):
    """One file. `md5` in hexadecimal digits, `size` in bytes, `file` the name of the object.

    `compatible` are the versions from which a device may go to this one; empty means any.
    """

    tenant: str
    resource: str
    id: str
    created: int
    updated: int
    md5: str
    size: int
    file: str
    revision: int = 0
    description: str | None = None
    compatible: tuple[str, ...] = ()
    ready: bool = True

    def follows(self, current: str | None) -> bool:
        return current is None or not self.compatible or current in self.compatible


@dataclass(frozen=True, slots=True)
class Attachment(Extensible):
    """A file that belongs to a managed object or a message: `file` is the object's name, `size` its bytes."""

    file: str
    name: str
    type: str
    size: int


@dataclass(frozen=True, slots=True)
class Upload(Extensible):
    """A file whose owner is looked at again at `due` (ms): nobody's file is removed.

    `owner` is the number of an object; of a message it is the id, and `stream` is where it is.
    """

    file: str
    owner: str
    due: int
    stream: str | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """`file` is the object's name, `size` its bytes, `md5` in hexadecimal digits, `expires` in ms."""

    token: str
    file: str
    size: int
    md5: str
    expires: int


@dataclass(frozen=True, slots=True)
class Entrances:
    """Where `/dl/` is served: base URLs such as `https://files.example.com`, empty where there is none.

    Through them come files of at most `largest` bytes, None for all.
    """

    https: str = ""
    http: str = ""
    largest: int | None = CARRIED

    def base(self, size: int, *, secured: bool) -> str | None:
        """Where a file of that size is to be fetched; None where there is no such entrance."""
        if self.largest is not None and size > self.largest:
            return None
        return (self.https if secured or not self.http else self.http) or None
