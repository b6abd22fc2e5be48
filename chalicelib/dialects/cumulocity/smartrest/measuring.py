"""Templates that make measurements: 200 to 212."""

from collections.abc import Mapping, Sequence

from chalicelib.dialects.cumulocity import measurements
from chalicelib.dialects.cumulocity.measurements import Measurement
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments, number
from chalicelib.dialects.cumulocity.smartrest.faults import ARGUMENTS, WRONG_NUMBER, Fault
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Template

Value = tuple[str, str, float, str]
"""Fragment, series, number and unit."""


def _keep(publishing: Publishing, row: Row, type_: str, time: int, values: Sequence[Value]) -> None:
    numbers: dict[str, dict[str, float]] = {}
    units: dict[str, dict[str, str]] = {}
    for fragment, series, value, unit in values:
        numbers.setdefault(fragment, {})[series] = value
        if unit:
            units.setdefault(fragment, {})[series] = unit
    taken = next((fragment for fragment in numbers if fragment in measurements.OWN), None)
    if taken is not None:
        # It would be acknowledged, and hidden behind what the measurement says of itself.
        raise Fault(ARGUMENTS, f"{taken[:64]} is no name of a fragment")
    if len(type_) > measurements.LONGEST_TYPE:
        raise Fault(ARGUMENTS, f"a type has at most {measurements.LONGEST_TYPE} characters")
    extra = Measurement(type_, time, numbers, units).extra
    publishing.message(row.number, measurements.KIND, type_, time, numbers, extra)


def _one(publishing: Publishing, row: Row, said: Arguments) -> None:
    fragment, time = said.needed(0), said.time(4, publishing.speaker.uplink.at)
    value = fragment, said.needed(1), number(said.needed(2)), said.text(3)
    _keep(publishing, row, fragment, time, [value])


def _many(publishing: Publishing, row: Row, said: Arguments) -> None:
    type_, time = said.needed(0), said.time(1, publishing.speaker.uplink.at)
    groups = said.groups(2, 4)
    if not groups or not all(group[0] and group[1] and group[2] for group in groups):
        raise Fault(ARGUMENTS, WRONG_NUMBER)
    _keep(publishing, row, type_, time, [(group[0], group[1], number(group[2]), group[3]) for group in groups])


def _signal(publishing: Publishing, row: Row, said: Arguments) -> None:
    fragment, time = "c8y_SignalStrength", said.time(2, publishing.speaker.uplink.at)
    told = (("rssi", said.number(0), "dBm"), ("ber", said.number(1), "%"))
    values = [(fragment, series, value, unit) for series, value, unit in told if value is not None]
    if not values:
        raise Fault(ARGUMENTS, WRONG_NUMBER)
    _keep(publishing, row, fragment, time, values)


def _temperature(publishing: Publishing, row: Row, said: Arguments) -> None:
    _single(publishing, row, said, ("c8y_TemperatureMeasurement", "T", "C"))


def _battery(publishing: Publishing, row: Row, said: Arguments) -> None:
    _single(publishing, row, said, ("c8y_Battery", "level", "%"))


def _single(publishing: Publishing, row: Row, said: Arguments, what: tuple[str, str, str]) -> None:
    fragment, series, unit = what
    value, time = number(said.needed(0)), said.time(1, publishing.speaker.uplink.at)
    _keep(publishing, row, fragment, time, [(fragment, series, value, unit)])


TEMPLATES: Mapping[str, Template] = {
    "200": Template(_one, 5, 3),
    "201": Template(_many, None, 4),
    "210": Template(_signal, 3, 1),
    "211": Template(_temperature, 2, 1),
    "212": Template(_battery, 2, 1),
}
