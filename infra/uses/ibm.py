"""What IBM's applications and managed devices take besides: records that come and go, and policies of their own."""

from infra.uses.actions import DELETE, GET, PUT, QUERY

_KEPT = {"policies": (PUT, DELETE), "records": (GET, PUT, QUERY, DELETE)}
TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "uplink": _KEPT,
    # Applications that come and go say so in a policy; what one may hear, its key says.
    "presence": {**_KEPT, "keys": (GET,)},
    # What is known of the connection of a client whose id is taken ends here.
    "disconnect": _KEPT,
}
