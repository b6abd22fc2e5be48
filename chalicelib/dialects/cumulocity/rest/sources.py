"""The objects that data is of: as bodies and queries name them, and as answers show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.dialects.cumulocity import elsewhere, reach
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.dialects.cumulocity.rest import links, managed_objects
from chalicelib.fleet import ids
from chalicelib.fleet.errors import Forbidden, Invalid, LimitReached, ObjectNotFound
from chalicelib.fleet.inventory import finding, hierarchy, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Request

MOST = 100
"""Sources that one request looks through."""
_BELOW: Mapping[str, tuple[ChildKind, ...]] = {
    "withSourceDevices": (ChildKind.DEVICE,),
    "withSourceAssets": (ChildKind.ASSET,),
    "withSourceAdditions": (ChildKind.ADDITION,),
    "withSourceChildren": tuple(ChildKind),
}
BELOW = tuple(
    Parameter(name, Kind.BOOLEAN, default=False, explained="also of what is below the source") for name in _BELOW
)
SOURCE = Parameter("source", default="", explained="the id of a managed object")


@dataclass(slots=True)
class Sources:
    """Each is looked up once a request."""

    ports: Ports
    request: Request
    _known: dict[str, tuple[str, ManagedObject | None]] = field(default_factory=dict)
    _elsewhere: elsewhere.Known = field(init=False)

    def __post_init__(self) -> None:
        self._elsewhere = elsewhere.Known(self.ports, self.request.tenant, presence=False)

    def of_body(self, body: Mapping[str, Any]) -> ManagedObject:
        """Errors: Missing, Invalid (there is no such object)."""
        named = body.get("source")
        number = named.get("id") if isinstance(named, dict) else None
        if number in (None, ""):
            raise Missing("source")
        return self.known(str(number), "source")

    def known(self, number: str, where: str) -> ManagedObject:
        """An object that has to be there. Errors: Invalid, Forbidden."""
        try:
            found = objects.get(self.ports, self.request.tenant, number)
        except ObjectNotFound:
            raise Invalid(
                f"Finding device data from database failed : No managedObject for id '{number[:64]}'!", where
            ) from None
        self._known[found.source] = found.id, found
        return reach.ensure(self.ports, self.request.by, found)

    def chosen(self, number: str) -> list[str]:
        """Whose data is asked for, as the fleet names them: of that object, and of what is below where that is wanted.

        Empty where there is no such object. Errors: Invalid (too many), Forbidden.
        """
        tenant = self.request.tenant
        found = self.ports.objects.get(tenant, number) if ids.is_number(number) else None
        if found is None:
            return []
        every = [reach.ensure(self.ports, self.request.by, found)]
        wanted = [kind for name, kinds in _BELOW.items() if self.request.asked.get(name) for kind in kinds]
        if wanted:
            for below in hierarchy.descendants(self.ports, tenant, found.id, tuple(dict.fromkeys(wanted))):
                every.append(below)
                if len(every) > MOST:
                    raise Invalid(f"more than {MOST} objects are below {number}: ask for each by source", "source")
        return self._noted(every)

    def all(self) -> list[str]:
        """All objects that the caller reaches, as the fleet names them. Errors: Invalid (too many)."""
        if reach.bounded(self.request.by):
            return self._noted(reach.every(self.ports, self.request.by, MOST))
        try:
            page = finding.page(self.ports, self.request.tenant, limit=MOST)
        except LimitReached:
            page = None
        if page is None or page.cursor is not None:
            raise Invalid(f"there are more than {MOST} objects: ask for the data of one by source", "source")
        return self._noted(page.items)

    def named(self) -> list[ManagedObject]:
        """Those that were looked up and are there, each once."""
        return list({found.id: found for _, found in self._known.values() if found is not None}.values())

    def there(self, source: str) -> bool:
        """Whether what the fleet calls so is an object that has not been deleted."""
        return self._of(source)[1] is not None

    def ensure(self, source: str) -> None:
        """Errors: Forbidden (what the fleet calls so is out of the caller's reach)."""
        if not reach.bounded(self.request.by):
            return
        found = self._of(source)[1]
        if found is None:
            raise Forbidden("what it came from belongs to nobody")
        reach.ensure(self.ports, self.request.by, found)

    def number(self, source: str) -> str | None:
        """The id of the object that the fleet calls so; None where it has none."""
        return self._of(source)[0] or None

    def origin(self, source: str) -> str | None:
        """The connector of a device that came by another dialect."""
        found = self._of(source)[1]
        return found.origin if found is not None else None

    def view(self, source: str) -> dict[str, Any]:
        number, found = self._of(source)
        shown = {"id": number, "self": links.to(self.request, *managed_objects.PATH, number)}
        name = self._elsewhere.shown(found).name if found is not None else None
        return shown if name is None else {**shown, "name": name}

    def _noted(self, found: Sequence[ManagedObject]) -> list[str]:
        named = [(name, one) for one in found for name in one.sources]
        self._known.update({name: (one.id, one) for name, one in named})
        return [name for name, _ in named]

    def _of(self, source: str) -> tuple[str, ManagedObject | None]:
        if source not in self._known:
            number = self._looked_up(source)
            found = self.ports.objects.get(self.request.tenant, number) if number else None
            self._known[source] = number, found
        return self._known[source]

    def _looked_up(self, source: str) -> str:
        named = ids.device_name(source)
        if named is not None and named[0] == managed_objects.NAMESPACE:
            return named[1]
        if ids.is_number(source):
            return source
        device = self.ports.devices.get(self.request.tenant, source)
        if device is None:
            return ""
        self._elsewhere.note(device)
        return device.number or ""
