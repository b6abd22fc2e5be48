"""Templates that say what a device is: 107 to 122, 140 to 150."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.dialects.cumulocity import times
from chalicelib.dialects.cumulocity.smartrest import profiles, software
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Handler, Template
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject

REQUIRED = "c8y_RequiredAvailability"
_POSITION = ("lat", "lng", "alt", "accuracy")


def position(said: Arguments) -> dict[str, Any]:
    """Of the first four arguments. Errors: Fault."""
    numbers = {name: said.number(place) for place, name in enumerate(_POSITION)}
    return {name: value for name, value in numbers.items() if value is not None}


def _removed(publishing: Publishing, row: Row, said: Arguments) -> None:
    publishing.fragments(row.number, dict.fromkeys(said.every()))


def _texts(fragment: str, names: Sequence[str]) -> Handler:
    """The fragment is replaced; what is empty is left out."""

    def handler(publishing: Publishing, row: Row, said: Arguments) -> None:
        given = {name: said.text(place) for place, name in enumerate(names) if said.text(place)}
        publishing.fragments(row.number, {fragment: given})

    return handler


def _list(fragment: str, each: Callable[[str], str] = str, *, removed: bool = False) -> Handler:
    """All the arguments; an empty list takes the fragment away where it is `removed`."""

    def handler(publishing: Publishing, row: Row, said: Arguments) -> None:
        given = [each(value) for value in said.every()]
        publishing.fragments(row.number, {fragment: given if given or not removed else None})

    return handler


def _place(publishing: Publishing, row: Row, said: Arguments) -> None:
    publishing.fragments(row.number, {"c8y_Position": position(said)})


def _software(publishing: Publishing, row: Row, said: Arguments) -> None:
    given = [_given(group, ("name", "version", "url")) for group in said.groups(0, 3)]
    publishing.fragments(row.number, {"c8y_SoftwareList": given})


def _given(values: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    return dict(zip(names, values, strict=True))


def _availability(publishing: Publishing, _row: Row, said: Arguments) -> None:
    """117: how often it is to be heard, unless somebody has said so already."""
    minutes = said.whole(0)

    def required(found: ManagedObject) -> ManagedObject:
        if REQUIRED in found.fragments:
            return found
        return objects.merged(found, {REQUIRED: {"responseInterval": minutes}})

    publishing.change(required)


def _heartbeat(_publishing: Publishing, _row: Row, _said: Arguments) -> None:
    """125: that it was heard is written down of whatever it says."""


def _configuration(publishing: Publishing, row: Row, said: Arguments) -> None:
    kind, url, at = said.needed(0), said.needed(1), said.time(3, publishing.speaker.uplink.at)
    told = {"name": said.text(2, kind), "time": times.render(at), "type": kind, "url": url}
    # No name has a dot in it, over REST: files are often named so.
    publishing.fragments(row.number, {f"c8y_Configuration_{kind.replace('.', '_')}": told})


def _agent(publishing: Publishing, row: Row, said: Arguments) -> None:
    told = {"name": said.needed(0), "version": said.needed(1), "url": said.text(2), "maintainer": said.needed(3)}
    publishing.fragments(row.number, {"c8y_Agent": told})


_MOBILE = ("imei", "iccid", "imsi", "mcc", "mnc", "lac", "cellId")
TEMPLATES: Mapping[str, Template] = {
    "107": Template(_removed, None, 1),
    "110": Template(_texts("c8y_Hardware", ("serialNumber", "model", "revision")), 3),
    "111": Template(_texts("c8y_Mobile", _MOBILE), len(_MOBILE)),
    "112": Template(_place, 4),
    "113": Template(_texts("c8y_Configuration", ("config",)), 1),
    "114": Template(_list("c8y_SupportedOperations"), None),
    "115": Template(_texts("c8y_Firmware", ("name", "version", "url")), 3),
    "116": Template(_software, None),
    "117": Template(_availability, 1, 1),
    "118": Template(_list("c8y_SupportedLogs"), None),
    "119": Template(_list("c8y_SupportedConfigurations"), None),
    "120": Template(_configuration, 4, 2),
    "121": Template(profiles.applied, 2, 1),
    "122": Template(_agent, 4, 3),
    "125": Template(_heartbeat, 0),
    "140": Template(software.put, None),
    "141": Template(software.add, None, 1),
    "142": Template(software.remove, None, 1),
    "143": Template(_list("c8y_SupportedSoftwareTypes", removed=True), None),
    "150": Template(_list("c8y_RemoteAccessSupportedProtocols", str.upper, removed=True), None),
}
