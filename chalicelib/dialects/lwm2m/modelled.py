"""A device with what is known of what it has."""

from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import modelling
from chalicelib.fleet.twin.definitions import Definitions, ObjectDefinition
from chalicelib.fleet.twin.identities import Speaker
from chalicelib.fleet.twin.paths import Path
from chalicelib.fleet.twin.records import Twin
from chalicelib.fleet.twin.registering import TWINS
from chalicelib.fleet.twin.values import ResourceType


@dataclass(frozen=True, slots=True)
class Model:
    """What a device announced, and the definitions that its tenant sees."""

    twin: Twin
    definitions: Definitions

    def definition(self, path: Path) -> ObjectDefinition | None:
        return self.definitions.of(path[0], self.twin.versions.get(path[0]))

    def type_of(self, path: Path) -> ResourceType | None:
        found = self.definitions.resource(path, self.twin.versions)
        return found.type if found else None

    def lists(self, path: Path) -> bool:
        """Whether the device has announced the object."""
        return str(path[0]) in self.twin.objects

    def is_multiple(self, path: Path) -> bool:
        found = self.definitions.resource(path, self.twin.versions)
        return bool(found and found.multiple)

    def target(self, path: Path) -> tuple[str, ...]:
        """As the device calls it."""
        root = tuple(segment for segment in self.twin.root.split("/") if segment)
        return (*root, *map(str, path))


def model_of(ports: Ports, speaker: Speaker) -> Model:
    twin = TWINS.get(ports, speaker.tenant, speaker.device.id) or Twin()
    return Model(twin, modelling.seen(ports, speaker.tenant))


def glance(ports: Ports, speaker: Speaker) -> Model:
    """As it was a moment ago."""
    twin = TWINS.glance(ports, speaker.tenant, speaker.device.id) or Twin()
    return Model(twin, modelling.seen(ports, speaker.tenant))
