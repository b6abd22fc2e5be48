"""Templates of events: 400 to 408."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from chalicelib.dialects.cumulocity import device_events as shapes
from chalicelib.dialects.cumulocity.smartrest import describing, values
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.faults import ARGUMENTS, FAILED, WRONG_NUMBER, Fault
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Template
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage

PLACE, UPDATE = "c8y_LocationUpdate", "c8y_ParameterUpdate"
POSITION = "c8y_Position"
_LOOKED_AT = 200
"""Messages among which the latest event of a type is looked for."""


def _event(publishing: Publishing, row: Row, said: Arguments) -> None:
    type_, time = said.needed(0), said.time(2, publishing.speaker.uplink.at)
    _keep(publishing, row, type_, time, said.needed(1), {})


def _keep(
    publishing: Publishing, row: Row, type_: str, time: int, text: str, more: Mapping[str, Any], part: str = ""
) -> None:
    if len(type_) > shapes.LONGEST_TYPE or len(text) > shapes.LONGEST_TEXT:
        raise Fault(ARGUMENTS, f"a type has at most {shapes.LONGEST_TYPE} characters, a text {shapes.LONGEST_TEXT}")
    publishing.message(row.number, shapes.KIND, type_, time, {"text": text, **more}, part=part)


def _located(publishing: Publishing, row: Row, said: Arguments) -> None:
    time = said.time(4, publishing.speaker.uplink.at)
    _keep(publishing, row, PLACE, time, "Location updated", {POSITION: describing.position(said)})


def _moved(publishing: Publishing, row: Row, said: Arguments) -> None:
    """402: also where the device is from now on."""
    _located(publishing, row, said)
    publishing.fragments(row.number, {POSITION: describing.position(said)})


def _without(publishing: Publishing, _row: Row, said: Arguments) -> None:
    """407: the latest event of that type loses fragments."""
    type_, gone = said.needed(0), said.every(1)
    found = _latest(publishing, lambda one: one.model == type_)
    if found is None:
        raise Fault(FAILED, f"there is no event of the type {type_}")
    ports = publishing.speaker.ports
    change = shapes.changed(dict.fromkeys(gone), "", ports.clock.now())
    messages.update(ports, found.tenant, found.stream, found.id, change)


def _parameters(publishing: Publishing, row: Row, said: Arguments) -> None:
    """408: one event for each fragment; where changes are to be detected, with what is not as it was said last."""
    text, time = said.text(0, "Parameters updated"), said.time(1, publishing.speaker.uplink.at)
    detecting = said.flag(2, default=False)
    groups = said.groups(3, 3)
    if not groups or not all(group[0] and group[1] for group in groups):
        raise Fault(ARGUMENTS, WRONG_NUMBER)
    told: dict[str, Any] = {}
    for path, type_, value in groups:
        values.put(told, path, values.read(type_, value))
    for fragment, value in told.items():
        new = _changed(publishing, fragment, value) if detecting else value
        if new is not None:
            _keep(publishing, row, UPDATE, time, text, {fragment: new}, part=fragment)


def _changed(publishing: Publishing, fragment: str, value: Any) -> Any:
    """What of it is not as it was said last; None where all of it is."""
    found = _latest(publishing, lambda one: one.model == UPDATE and fragment in one.value)
    return values.difference(value, found.value[fragment]) if found is not None else value


def _latest(publishing: Publishing, wanted: Callable[[DataMessage], bool]) -> DataMessage | None:
    speaker = publishing.speaker
    sent = messages.sent_by(speaker.ports, speaker.tenant, speaker.source.name)
    events = (one for one in islice(sent, _LOOKED_AT) if one.kind == shapes.KIND and isinstance(one.value, dict))
    return next((one for one in events if wanted(one)), None)


TEMPLATES: Mapping[str, Template] = {
    "400": Template(_event, 3, 2),
    "401": Template(_located, 5),
    "402": Template(_moved, 5),
    "407": Template(_without, None, 2),
    "408": Template(_parameters, None, 2),
}
