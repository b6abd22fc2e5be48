"""What it takes to tell clients of Cumulocity in real time, and to watch over devices that are to be heard."""

from infra.uses.actions import BATCH, DELETE, GET, PUT, QUERY, UPDATE

_TOLD: dict[str, tuple[str, ...]] = {
    "policies": (PUT, DELETE),
    "records": (GET, PUT, QUERY, DELETE),
    "objects": (GET, QUERY),
    "devices": (GET, BATCH),
    "mailboxes": (BATCH,),
    "gateways": (GET, QUERY),
}
_WATCHED: dict[str, tuple[str, ...]] = {
    **_TOLD,
    "alarms": (GET, PUT, UPDATE, BATCH),
    "alarms/index/by_source": (QUERY,),
    "alarm-seats": (GET, PUT, UPDATE, QUERY),
    "objects": (GET, QUERY, UPDATE, PUT),
}
TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("deliver", "authorizer", "settle", "lwm2m", "disconnect"), _TOLD),
    **dict.fromkeys(("uplink", "presence", "sweep"), _WATCHED),
}
