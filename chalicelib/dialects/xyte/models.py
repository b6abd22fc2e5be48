"""Models of devices: what a maker says of all that bear one hardware key (Register Device, Device Model Versioning)."""

from enum import StrEnum

from chalicelib.fleet.access.directory import Entry
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.shapes import Extensible, Kind

VERSIONS = tuple(f"1.0.{number}" for number in range(8))
"""Of the API, as models choose it; each adds to what the one before asks."""
COMMAND_ID, SERIAL, HUB, SEMVER, SCOPED_CONFIG, STRICT, DEVICE_ID = range(1, 8)
"""From which version on: a command is named, a serial number needed, the hub asked, versions are semantic, a
configuration stands in a field of its own, unknown parameters are refused, answers name the device."""
OFFLINE_AFTER = 120


class Proof(StrEnum):
    """What a device shows to be registered and claimed by."""

    MAC_SN = "mac_sn"
    CLOUD_ID = "cloud_id"


class Claiming(StrEnum):
    """Whether an organization claims a device of it, or it is its maker's at once."""

    OPEN = "open"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Model(Extensible):
    """`hardware_key` is unique in the stage; `offline_after` is in seconds, 0 for never.

    One that is `closed` takes no new devices; those that it has go on, as a device whose model were gone would be told
    that nobody knows it.
    """

    tenant: str
    hardware_key: str
    name: str
    model_id: str
    proof: Proof = Proof.MAC_SN
    version: str = VERSIONS[-1]
    offline_after: int = OFFLINE_AFTER
    commands: bool = True
    claiming: Claiming = Claiming.OPEN
    closed: bool = False

    def since(self, number: int) -> bool:
        """Whether its version of the API is 1.0.`number` or later."""
        return since(self.version, number)


def since(version: str, number: int) -> bool:
    """Whether that version of the API is 1.0.`number` or later, as one that a newer release knows is."""
    return VERSIONS.index(version) >= number if version in VERSIONS else True


MODEL = Kind(Model, frozenset({"tenant", "hardware_key"}))
LISTED = "xyte.model"
"""Which models a tenant has, by their hardware keys: records of it; what they are stands in the directory."""
_PREFIX = "model/"
_PAGE = 100


def entry_id(hardware_key: str) -> str:
    return _PREFIX + hardware_key


def find(ports: Ports, hardware_key: str) -> Model | None:
    """As it was a minute ago at most."""
    return read(ports.directory.get(entry_id(hardware_key)))


def named(ports: Ports, tenant: str, model_id: str) -> Model | None:
    """By the maker's own name for it."""
    after: str | None = None
    while True:
        page = ports.records.page(tenant, LISTED, after=after, limit=_PAGE)
        for record in page.items:
            found = find(ports, record.id)
            if found is not None and found.model_id == model_id and not found.closed:
                return found
        after = page.cursor
        if after is None:
            return None


def read(entry: Entry | None) -> Model | None:
    if entry is None:
        return None
    return MODEL.read(entry.attributes, tenant=entry.maker, hardware_key=entry.id.removeprefix(_PREFIX))
