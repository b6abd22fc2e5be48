"""What every dialect takes of tables and indexes (the API's function takes all, and they come from the tables)."""

from infra.uses.actions import BATCH, DELETE, GET, PUT, QUERY, UPDATE

_RECORD = (GET, PUT)
_COUNT = (GET, PUT, UPDATE)
"""What it takes to count under a quota; what was there before it is counted by facets."""
TELLING: dict[str, tuple[str, ...]] = {
    "policies": (QUERY,),
    "queues": (GET, UPDATE),
    "queued": (PUT, QUERY, DELETE),
    "audit": (PUT, QUERY),
    # How long what goes to the audit log is kept.
    "tenants": (GET,),
}
"""What it takes to tell an event to the queues of action policies."""

_CLAIMING: dict[str, tuple[str, ...]] = {
    "claims": (*_RECORD, BATCH),
    "claims/index/by_key": (QUERY,),
    "keys": (*_RECORD, QUERY),
}
"""What it takes to reserve a client id, and to count under a quota who holds one."""

_CLEARING: dict[str, tuple[str, ...]] = {
    "objects": (GET, PUT, UPDATE, DELETE, QUERY, BATCH),
    "objects/index/inventory": (QUERY,),
    "external-ids": (DELETE,),
    "facets": (PUT, DELETE),
    "devices": (GET, PUT, DELETE),
    "devices/index/fleet": (QUERY,),
    "interfaces": (DELETE,),
    "configurations": (DELETE,),
    "device-resources": (DELETE,),
    "claims": _RECORD,
    "usages": (UPDATE,),
    "groups": (QUERY,),
    "records": (GET, PUT, DELETE, QUERY),
    "tombstones": (PUT, QUERY, DELETE),
    "tombstones/index/due": (QUERY,),
    "messages": (GET, QUERY, "dynamodb:BatchWriteItem"),
    "streams": (QUERY,),
    "alarms": (BATCH, DELETE),
    "alarms/index/by_source": (QUERY,),
    "alarm-seats": (GET, PUT, QUERY),
}
"""What it takes to go on with the deletion of managed objects and their data, and to make objects of devices."""

TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "uplink": {
        **TELLING,
        **_CLAIMING,
        # A node that was never heard of is registered, as the authorizer registers clients.
        "devices": _RECORD,
        "devices/index/fleet": (QUERY,),
        "facets": (PUT, QUERY),
        "objects": (PUT,),
        "interfaces": _RECORD,
        "usages": _COUNT,
        "groups": (QUERY,),
        "messages": (PUT,),
        "streams": (UPDATE,),
        "audit": (PUT, QUERY),
        "mailboxes": _RECORD,
        "commands": (GET, PUT, BATCH),
        "commands/index/by_device": (QUERY,),
        "configurations": _RECORD,
        "device-resources": _RECORD,
        "decoders": (GET, BATCH),
    },
    "presence": {
        **TELLING,
        "claims": (GET,),
        "mailboxes": _RECORD,
        "gateways": (GET, PUT, QUERY, DELETE),
        # A device that connects by itself no longer belongs to the gateway that spoke for it.
        "devices": _RECORD,
        "devices/index/fleet": (QUERY,),
        "groups": (QUERY,),
        "consumers": _RECORD,
        "listeners": (PUT,),
    },
    "authorizer": {
        **TELLING,
        **_CLAIMING,
        "authorities": (GET,),
        "audit": (PUT, QUERY),
        # A client id that was never seen is registered: device, mailbox, interface and facets in one transaction.
        "devices": _RECORD,
        "facets": (PUT, QUERY),
        "objects": (PUT,),
        "interfaces": _RECORD,
        "usages": _COUNT,
        "mailboxes": (PUT,),
    },
    "lwm2m": {
        **TELLING,
        # What reports that came together concern is read together.
        "records": (GET, PUT, QUERY, DELETE, BATCH),
        "devices": (GET, BATCH),
        "mailboxes": (*_RECORD, BATCH),
        # Those that are carried out as operations end with them.
        "commands": _RECORD,
        "messages": (PUT,),
        "streams": (UPDATE,),
        "groups": (QUERY,),
    },
    "deliver": {
        **TELLING,
        "mailboxes": _RECORD,
        "commands": _RECORD,
        "configurations": _RECORD,
        "gateways": _RECORD,
        "device-resources": _RECORD,
        "resources": (GET,),
        "resource-versions": _RECORD,
        "links": (PUT,),
    },
    "settle": {**TELLING, "mailboxes": _RECORD, "commands": _RECORD},
    "sweep": {
        **TELLING,
        **_CLEARING,
        "mailboxes": (*_RECORD, DELETE),
        "commands": _RECORD,
        "commands/index/due": (QUERY,),
        "records/index/due": (QUERY,),
        "queues/index/attended": (QUERY,),
    },
    "pump": {
        "queues": (GET, UPDATE),
        "queued": (QUERY, DELETE),
        "consumers": _RECORD,
        "listeners": (QUERY, DELETE),
        "claims": (GET,),
        "keys": (GET,),
        "audit": (PUT, QUERY),
        "tenants": (GET,),
    },
    "push": {"policies": (QUERY, UPDATE), "audit": (PUT, QUERY), "tenants": (GET,)},
    "activate": {"holders": (QUERY,)},
    "disconnect": {
        **TELLING,
        "claims": _RECORD,
        "claims/index/by_key": (QUERY,),
        "mailboxes": _RECORD,
        "gateways": _RECORD,
        "consumers": _RECORD,
        "devices": (GET,),
        "groups": (QUERY,),
        "usages": (UPDATE,),
    },
}
"""By function and table or index."""
