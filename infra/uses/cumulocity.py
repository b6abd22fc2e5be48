"""What it takes to tell clients of Cumulocity that listen in real time: records that come and go, and what is shown."""

from infra.uses.actions import BATCH, DELETE, GET, PUT, QUERY

_TOLD: dict[str, tuple[str, ...]] = {
    "policies": (PUT, DELETE),
    "records": (GET, PUT, QUERY, DELETE),
    "objects": (GET, QUERY),
    "devices": (GET, BATCH),
    "mailboxes": (BATCH,),
    "gateways": (GET, QUERY),
}
TABLES: dict[str, dict[str, tuple[str, ...]]] = dict.fromkeys(
    ("uplink", "deliver", "presence", "authorizer", "settle", "sweep", "lwm2m", "disconnect"), _TOLD
)
