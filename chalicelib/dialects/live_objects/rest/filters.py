"""Which devices a list shows (manual 5.3.2.1): what each filter asks of a device, and what can be found by an index.

`docs/inventory.md` says which filters an index answers.
"""

from collections.abc import Callable, Iterator
from dataclasses import field
from functools import partial
from typing import Any

from chalicelib.dialects.live_objects.identity import is_urn
from chalicelib.dialects.live_objects.rest import rsql
from chalicelib.dialects.live_objects.rest.shapes.interfaces import possible_statuses, status
from chalicelib.fleet import patterns
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory.facets import Facet
from chalicelib.fleet.inventory.groups import LONGEST_PATH
from chalicelib.fleet.inventory.records import LONGEST_NAME, ROOT_PATH, Device, GroupTree
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Request

Wanted = Callable[[Device], bool]
PROPERTY = "property."
ONLINE = "ONLINE"
_EVERYWHERE = f"{ROOT_PATH}*"
_NONE = "none"
_NOT_MONITORED = "NOT_MONITORED"
_STATUSES = (
    "REGISTERED",
    "INITIALIZING",
    "INITIALIZED",
    ONLINE,
    "OFFLINE",
    "ACTIVATED",
    "REACTIVATED",
    "DEACTIVATED",
    "CONNECTIVITY_ERROR",
    "SLEEPING",
    "UNKNOWN",
    "DELETED",
)

PARAMETERS = (
    Parameter("id", bounds=(1, 269), explained="or a regular expression that it has to have a match for"),
    Parameter("name", bounds=(1, LONGEST_NAME + len("**")), explained="with * at the beginning, the end or both"),
    Parameter("tags", Kind.LIST, bounds=(1, 32)),
    Parameter("connectors", Kind.LIST, bounds=(1, 129), explained="with - in front to exclude; none for no interface"),
    Parameter("groupId", bounds=(1, 6)),
    Parameter("groupPath", bounds=(1, LONGEST_PATH + len("/*")), explained="with /* at the end for subgroups"),
    Parameter("interfaces.nodeId", bounds=(1, 269)),
    Parameter("interfaces.status", Kind.LIST, choices=_STATUSES),
    Parameter("interfaces.enabled", Kind.BOOLEAN),
    Parameter("activityStates", Kind.LIST, choices=("ACTIVE", "SILENT", "UNKNOWN", _NOT_MONITORED)),
    Parameter(
        rsql.FIELD,
        bounds=(1, rsql.LONGEST),
        explained="RSQL over tags, connector, groupId, groupPath, properties",
        parts=rsql.COMPARISON,
    ),
)


@dataclass(frozen=True, slots=True)
class Present:
    """Devices of which an interface has one of these statuses, or of which none has, as `wanted` says."""

    asked: frozenset[str]
    wanted: bool = True

    def holds(self, device: Device, mailbox: Mailbox | None) -> bool:
        return self.asked.isdisjoint(statuses(device, mailbox)) is not self.wanted

    def known(self, device: Device, *, online: bool) -> bool | None:
        """The same without the mailbox, where it is enough that one of its interfaces is online, or none; else None."""
        alone = len(device.interfaces) == 1
        possible = [possible_statuses(interface, alone=alone, online=online) for interface in device.interfaces]
        if any(one <= self.asked for one in possible):
            return self.wanted
        return not self.wanted if all(one.isdisjoint(self.asked) for one in possible) else None


@dataclass(frozen=True, slots=True)
class Selection:
    """What a request asks for.

    `facets` are values of which a wanted device has one, `present` asks for its mailbox. The record of a wanted device
    has `texts` in it, and its id `parts`.
    """

    checks: tuple[Wanted, ...] = ()
    present: Present | None = None
    device: str | None = None
    node: str | None = None
    online: bool = False
    facets: tuple[tuple[Facet, frozenset[str]], ...] = ()
    exact: tuple[Facet, str] | None = field(default=None)
    """The facet's value that says it all, where there is one."""
    texts: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        return not self.checks and self.present is None

    @property
    def says(self) -> bool:
        """Whether the store can tell most devices from those that are wanted."""
        return bool(self.texts or self.parts)

    def wants(self, device: Device) -> bool:
        return all(check(device) for check in self.checks)


def selection(request: Request, tree: Callable[[], GroupTree]) -> Selection:
    """Errors: Invalid. `tree` is asked for only where a filter needs it."""
    asked = {
        name: request.asked[name] for name in (p.name for p in PARAMETERS) if request.asked[name] not in (None, "")
    }
    checks: list[Wanted] = [partial(_FILTERS[name], value) for name, value in asked.items() if name in _FILTERS]
    facets, texts = list(_facets(asked)), list[str]()
    if path := asked.get("groupPath"):
        groups = _on_path(path, tree())
        checks.append(partial(_groups, groups))
        facets += [] if path in (_EVERYWHERE, "*") else [(Facet.GROUP, groups)]
    if text := asked.get(rsql.FIELD):
        condition = rsql.parse(text)
        whole = tree() if "group" in text else GroupTree(request.tenant)
        checks.append(lambda device: condition.holds(device, whole))
        facets += [facet for required in condition.required() for facet in _required(required, whole)]
        texts += [text for required in condition.required() for text in _texts(required)]
    plain = "id" in asked and patterns.is_plain(asked["id"])
    if "id" in asked and not plain:
        patterns.compiled(asked["id"], "id")
    if name := asked.get("name", "").strip('"').strip("*"):
        texts.append(name)
    properties = [(name, value) for name, value in request.query.items() if name.startswith(PROPERTY)]
    texts += [text for name, value in properties for text in (name.removeprefix(PROPERTY), value) if text]
    checks += [partial(_property, (name.removeprefix(PROPERTY), value)) for name, value in properties]
    wanted = frozenset(asked.get("interfaces.status") or ())
    return Selection(
        tuple(checks),
        Present(wanted) if wanted else None,
        asked.get("id") if is_urn(asked.get("id", "")) else None,
        asked.get("interfaces.nodeId"),
        wanted == {ONLINE},
        tuple(sorted(facets, key=lambda facet: (_ORDER.index(facet[0]), len(facet[1])))),
        _exact(facets) if len(checks) == 1 and not wanted and rsql.FIELD not in asked else None,
        tuple(texts),
        (asked["id"],) if plain else (),
    )


_ORDER = (Facet.GROUP, Facet.TAG, Facet.CONNECTOR)


def _facets(asked: dict[str, Any]) -> Iterator[tuple[Facet, frozenset[str]]]:
    if group := asked.get("groupId"):
        yield Facet.GROUP, frozenset({group})
    for tag in asked.get("tags") or ():
        yield Facet.TAG, frozenset({tag})
    connectors = asked.get("connectors") or ()
    if connectors and not any(name.startswith("-") or name == _NONE for name in connectors):
        yield Facet.CONNECTOR, frozenset(connectors)


def _required(comparison: rsql.Comparison, tree: GroupTree) -> Iterator[tuple[Facet, frozenset[str]]]:
    values = frozenset(comparison.values)
    match comparison.selector:
        case "groupId":
            yield Facet.GROUP, values
        case "groupPath" if _EVERYWHERE not in values:
            yield Facet.GROUP, frozenset(group for path in values for group in tree.matching(path))
        case "tags":
            yield Facet.TAG, values
        case "connector":
            yield Facet.CONNECTOR, values
        case _:
            pass


def _texts(comparison: rsql.Comparison) -> Iterator[str]:
    if comparison.selector.startswith(rsql.PROPERTY) and len(comparison.values) == 1 and comparison.operator == "==":
        yield from (text for text in (comparison.selector.removeprefix(rsql.PROPERTY), *comparison.values) if text)


def _exact(facets: list[tuple[Facet, frozenset[str]]]) -> tuple[Facet, str] | None:
    if len(facets) != 1 or len(facets[0][1]) != 1:
        return None
    facet, (value,) = facets[0]
    return facet, value


def statuses(device: Device, mailbox: Mailbox | None) -> list[str]:
    """Those of its interfaces."""
    presence = mailbox.presence if mailbox else {}
    return sorted(status(interface, presence.get(interface.key)) for interface in device.interfaces)


def _activity(asked: list[str], _device: Device) -> bool:
    """No activity is monitored so far."""
    return _NOT_MONITORED in asked


def _id(asked: str, device: Device) -> bool:
    if patterns.is_plain(asked):
        return asked in device.id
    return patterns.compiled(asked, "id").search(device.id) is not None


def _name(asked: str, device: Device) -> bool:
    return matches(asked.strip('"'), device.name or "")


def matches(pattern: str, name: str) -> bool:
    """`*` stands for anything at the beginning and the end."""
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
    "activityStates": _activity,
}
