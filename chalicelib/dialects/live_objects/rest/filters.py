"""Which devices a list shows (manual 5.3.2.1): by what the device's own record says, over a bounded part of the fleet.

Sorting by other columns than the id, filters on an interface's status and RSQL are refused, never ignored.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from chalicelib.fleet.devices import Device
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.groups import ROOT_PATH, GroupTree
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Request

SCANNED = 10_000
"""How many devices a filtered list looks at before it asks for a narrower one."""

Wanted = Callable[[Device], bool]
PROPERTY = "property."
_NONE = "none"
_UNSUPPORTED = ("filterQuery", "interfaces.status", "activityStates")

PARAMETERS = (
    Parameter("id", bounds=(1, 269)),
    Parameter("name", bounds=(1, 257), explained="with * at the beginning, the end or both"),
    Parameter("tags", Kind.LIST, bounds=(1, 32)),
    Parameter("connectors", Kind.LIST, bounds=(1, 129), explained="with - in front to exclude; none for no interface"),
    Parameter("groupId", bounds=(1, 6)),
    Parameter("groupPath", bounds=(1, 257), explained="with /* at the end for subgroups"),
    Parameter("interfaces.nodeId", bounds=(1, 269)),
    Parameter("interfaces.enabled", Kind.BOOLEAN),
)


def wanted(request: Request, tree: Callable[[], GroupTree]) -> Wanted | None:
    """What a device must satisfy to be listed; None if the request filters nothing. Errors: Invalid."""
    for name in _UNSUPPORTED:
        if name in request.query:
            raise Invalid(f"{name} is not supported", name)
    checks = [
        partial(_FILTERS[name], asked)
        for name in _FILTERS
        if (asked := request.asked[name]) is not None and asked != ""
    ]
    if path := request.asked["groupPath"]:
        checks.append(partial(_groups, _on_path(path, tree())))
    checks += [
        partial(_property, (name.removeprefix(PROPERTY), value))
        for name, value in request.query.items()
        if name.startswith(PROPERTY)
    ]
    return (lambda device: all(check(device) for check in checks)) if checks else None


def bounded(devices: Iterable[Device]) -> Iterator[Device]:
    """Errors: Invalid, when so many devices were looked at that the answer would take too long."""
    for number, device in enumerate(devices):
        if number >= SCANNED:
            raise Invalid(f"filters look at {SCANNED} devices at most; go on with bookmarkId", "bookmarkId")
        yield device


def _id(asked: str, device: Device) -> bool:
    return device.id == asked


def _name(asked: str, device: Device) -> bool:
    name, pattern = device.name or "", asked.strip('"')
    text = pattern.strip("*")
    match pattern.startswith("*"), pattern.endswith("*"):
        case True, True:
            return text in name
        case True, False:
            return name.endswith(text)
        case False, True:
            return name.startswith(text)
        case _:
            return name == pattern


def _tags(asked: list[str], device: Device) -> bool:
    return set(asked) <= set(device.tags)


def _connectors(asked: list[str], device: Device) -> bool:
    present = {interface.connector for interface in device.interfaces} or {_NONE}
    excluded = {name.removeprefix("-") for name in asked if name.startswith("-")}
    included = {name for name in asked if not name.startswith("-")}
    return not present & excluded and (not included or bool(present & included))


def _group_id(asked: str, device: Device) -> bool:
    return device.group == asked


def _on_path(asked: str, tree: GroupTree) -> frozenset[str]:
    path = asked if asked.startswith(ROOT_PATH) else ROOT_PATH + asked
    return tree.matching(path)


def _groups(asked: frozenset[str], device: Device) -> bool:
    return device.group in asked


def _node(asked: str, device: Device) -> bool:
    return any(interface.node == asked for interface in device.interfaces)


def _enabled(asked: bool, device: Device) -> bool:  # noqa: FBT001 - a value to compare with
    return any(interface.enabled is asked for interface in device.interfaces)


def _property(asked: tuple[str, str], device: Device) -> bool:
    return device.properties.get(asked[0]) == asked[1]


_FILTERS: dict[str, Callable[..., bool]] = {
    "id": _id,
    "name": _name,
    "tags": _tags,
    "connectors": _connectors,
    "groupId": _group_id,
    "interfaces.nodeId": _node,
    "interfaces.enabled": _enabled,
}
