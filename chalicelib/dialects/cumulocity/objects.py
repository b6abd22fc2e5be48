"""Managed objects as Cumulocity shows them, and what a client says of one."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.cumulocity import times
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.inventory.managed_objects import ChildKind, ManagedObject

ACTIVE_ALARMS = "c8y_ActiveAlarmsStatus"
COMPUTED = frozenset(
    {
        "id",
        "self",
        "owner",
        "creationTime",
        "lastUpdated",
        "childDevices",
        "childAssets",
        "childAdditions",
        "deviceParents",
        "assetParents",
        "additionParents",
        "c8y_Availability",
        "c8y_Connection",
        ACTIVE_ALARMS,
    }
)
"""Properties that are the platform's own: a client may send them back, and changes nothing by it."""
IS_BINARY = "c8y_IsBinary"
OF_FILE = frozenset({IS_BINARY, "contentType", "length"})
"""Properties that say what the file of an object is; of one that has none they are a client's own."""
CHILDREN = {ChildKind.DEVICE: "childDevices", ChildKind.ASSET: "childAssets", ChildKind.ADDITION: "childAdditions"}
PARENTS = {ChildKind.DEVICE: "deviceParents", ChildKind.ASSET: "assetParents", ChildKind.ADDITION: "additionParents"}
IS_DEVICE, AGENT, IS_GROUP = "c8y_IsDevice", "com_cumulocity_model_Agent", "c8y_IsDeviceGroup"
INDEXED = (IS_DEVICE, AGENT, IS_GROUP, "c8y_DynamicGroup", IS_BINARY, "c8y_SmartRest2Template")
"""Fragments that clients look for: found through an index, however many an object has."""
HOLDER = "homeport"
"""Owner of what came in by another dialect."""


def view(found: ManagedObject, itself: Callable[..., str]) -> dict[str, Any]:
    """The object without what is beside it; `itself` makes the address of what is below it."""
    shown: dict[str, Any] = {
        **found.fragments,
        "id": found.id,
        "self": itself(),
        "creationTime": times.render(found.created),
        "lastUpdated": times.render(found.updated),
        "owner": found.owner or HOLDER,
    }
    named = {"name": found.name, "type": found.type}
    shown |= {name: value for name, value in named.items() if value is not None}
    if found.alarms_counted:
        # One that never had any does not have it, and one that has none any more has zeros.
        shown[ACTIVE_ALARMS] = {severity.value: found.alarms.get(severity, 0) for severity in Severity}
    for kind in ChildKind:
        for name in (CHILDREN[kind], PARENTS[kind]):
            shown[name] = {"self": itself(name), "references": []}
    return shown


def name_of(body: Mapping[str, Any]) -> str | None:
    return _text(body, "name")


def type_of(body: Mapping[str, Any]) -> str | None:
    return _text(body, "type")


def fragments_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """What of a body is kept as it is. Errors: Invalid (a name with a dot, or that begins with a dollar)."""
    kept = {name: value for name, value in body.items() if name not in COMPUTED | {"name", "type", "externalIds"}}
    for name in kept:
        if "." in name or name.startswith("$"):
            raise Invalid(f"the name of a property has no dot and does not begin with $: {name[:64]}", name)
    return kept


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Invalid(f"{name} is a text", name)
    return value
