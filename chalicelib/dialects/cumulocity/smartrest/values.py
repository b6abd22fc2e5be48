"""Values of rows: of which type they are, and where in a document they belong."""

from typing import Any

from chalicelib.dialects.cumulocity import times
from chalicelib.dialects.cumulocity.alarms import SEVERITIES, STATUSES
from chalicelib.dialects.cumulocity.operations import Shown
from chalicelib.dialects.cumulocity.smartrest.arguments import moment, number, whole
from chalicelib.dialects.cumulocity.smartrest.faults import ARGUMENTS, Fault, wrong_value

STRING, DATE, NUMBER, INTEGER, UNSIGNED, FLAG = "STRING", "DATE", "NUMBER", "INTEGER", "UNSIGNED", "FLAG"
SEVERITY, ALARM_STATUS, OPERATION_STATUS = "SEVERITY", "ALARMSTATUS", "OPERATIONSTATUS"
BOOLEAN = "BOOLEAN"
_CHOICES = {
    SEVERITY: ("Severity", frozenset(SEVERITIES)),
    ALARM_STATUS: ("Alarm status", frozenset(STATUSES)),
    OPERATION_STATUS: ("Operation status", frozenset(status.value for status in Shown)),
    BOOLEAN: ("Boolean", frozenset(("TRUE", "FALSE"))),
}
TYPES = frozenset({STRING, DATE, NUMBER, INTEGER, UNSIGNED, FLAG, *_CHOICES})


def read(type_: str, text: str) -> Any:
    """What a value of that type is in a document. Errors: Fault."""
    match type_.upper():
        case "" | "STRING":
            return text
        case "DATE":
            return times.render(moment(text))
        case "NUMBER":
            return number(text)
        case "INTEGER":
            return whole(text)
        case "UNSIGNED":
            return _unsigned(text)
        case "FLAG":
            return {}
        case chosen if chosen in _CHOICES:
            return _chosen(chosen, text)
    raise Fault(ARGUMENTS, f"there is no type {type_[:64]}")


def _unsigned(text: str) -> int:
    found = whole(text)
    if found < 0:
        raise wrong_value("Unsigned", text)
    return found


def _chosen(type_: str, text: str) -> Any:
    name, choices = _CHOICES[type_]
    if text.upper() not in choices:
        raise wrong_value(name, text)
    return text.upper() == "TRUE" if type_ == BOOLEAN else text.upper()


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Where the path leads, whose names are parted by dots. Errors: Fault."""
    *above, last = names = path.removeprefix("$.").split(".")
    if any(not name or name.startswith("$") or "[" in name or "]" in name for name in names):
        raise Fault(ARGUMENTS, f"{path[:256]} is no path of names, which have no dot and do not begin with $")
    held = document
    for name in above:
        inner = held.setdefault(name, {})
        if not isinstance(inner, dict):
            raise Fault(ARGUMENTS, f"{path[:256]} leads into a value")
        held = inner
    held[last] = value


def difference(value: Any, before: Any) -> Any:
    """What of a value is not as before; None where nothing is."""
    if value == before:
        return None
    if not (isinstance(value, dict) and isinstance(before, dict)):
        return value
    new = {name: difference(one, before.get(name)) for name, one in value.items()}
    return {name: one for name, one in new.items() if one is not None} or None
