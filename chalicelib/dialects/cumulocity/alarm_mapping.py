"""What a tenant makes of alarms by their type: options of `alarm.type.mapping` (reference, "Alarm mapping").

Each is `SEVERITY|text` under the type as its key; either may be empty, and the severity NONE lets nobody hear of it.
"""

from dataclasses import replace

from chalicelib.dialects.cumulocity import alarms, options
from chalicelib.fleet.data.alarms import Report
from chalicelib.fleet.errors import NotFound
from chalicelib.fleet.ports import Ports

CATEGORY = "alarm.type.mapping"
_NONE = "NONE"


def mapped(ports: Ports, tenant: str, said: Report) -> Report | None:
    """The report as the tenant wants it; None where it wants none of that type."""
    try:
        value = options.get(ports, tenant, CATEGORY, said.type).value
    except NotFound:
        return said
    severity, _, text = (part.strip() for part in value.partition("|"))
    if severity.upper() == _NONE:
        return None
    # What is no severity changes none: options may be any text.
    known = alarms.SEVERITIES.get(severity.upper(), said.severity)
    return replace(said, severity=known, text=text[: alarms.LONGEST_TEXT] or said.text)
