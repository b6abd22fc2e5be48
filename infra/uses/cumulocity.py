"""What clients and devices of Cumulocity take beside that: being told in real time and watched, and SmartREST.

Devices make objects with children and services, and report on commands.
"""

from infra.uses import core
from infra.uses.actions import BATCH, DELETE, GET, PUT, QUERY, UPDATE

Uses = dict[str, tuple[str, ...]]

_TOLD: Uses = {
    "policies": (PUT, DELETE),
    "records": (GET, PUT, QUERY, DELETE),
    "objects": (GET, QUERY),
    "devices": (GET, BATCH),
    "mailboxes": (BATCH,),
    "gateways": (GET, QUERY),
}
_WATCHED: Uses = {
    **_TOLD,
    "alarms": (GET, PUT, UPDATE, BATCH),
    "alarms/index/by_source": (QUERY,),
    "alarm-seats": (GET, PUT, UPDATE, QUERY),
    "objects": (GET, QUERY, UPDATE, PUT),
}
_MADE: Uses = {
    "objects": (GET, PUT, UPDATE, DELETE, QUERY, BATCH),
    "objects/index/inventory": (QUERY,),
    "external-ids": (GET, PUT, DELETE),
    "facets": (PUT, DELETE, QUERY),
    "groups": (QUERY,),
    "devices": (GET, PUT, DELETE),
    "mailboxes": (GET, PUT),
    "records": (GET, PUT),
    "users": (GET,),
}
"""What it takes to make a device, and to take it back where it cannot be one."""
_SPEAKING: Uses = {
    "users/index/by_name": (QUERY,),
    # What one message had goes into a queue in bulk.
    "queued": (PUT, QUERY, DELETE, "dynamodb:BatchWriteItem"),
    "gateways": (GET, PUT, QUERY),
    "messages": (GET, PUT, QUERY),
    "streams": (GET, PUT, UPDATE, QUERY),
    "tombstones": (QUERY,),
}


def _all(*parts: Uses) -> Uses:
    found: Uses = {}
    for part in parts:
        for table, actions in part.items():
            found[table] = tuple(dict.fromkeys((*found.get(table, ()), *actions)))
    return found


_UPLINK = _all(_WATCHED, _MADE, _SPEAKING)
TABLES: dict[str, Uses] = {
    **dict.fromkeys(("settle", "lwm2m", "disconnect"), _TOLD),
    # Operations are written by templates that stand in objects.
    "deliver": _all(_TOLD, {"objects": (GET, QUERY, BATCH), "external-ids": (GET,), "facets": (QUERY,)}),
    **dict.fromkeys(("presence", "sweep"), _WATCHED),
    "authorizer": _all(_TOLD, _MADE),
    "uplink": _UPLINK,
    "later": _all(core.TABLES["uplink"], _UPLINK),
}
