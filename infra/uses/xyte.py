"""What devices of Xyte take besides, and finding that one has been silent for too long."""

from infra.uses.actions import BATCH, DELETE, GET, PUT, QUERY, UPDATE

TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    # The entry of the directory says whose key it is, and whose the device is that says something.
    "authorizer": {"directory": (GET,), "mailboxes": (GET,)},
    "uplink": {
        "directory": (GET, UPDATE),
        "records": (GET, PUT, QUERY),
        # Whoever speaks is told of newer firmware, and of what has become of its incidents.
        "resources": (QUERY,),
        "resource-versions": (QUERY,),
        "alarms": (BATCH,),
        "alarm-seats": (QUERY,),
    },
    # All that waits for a device is told to it as it subscribes, and what it listens to stands in a policy.
    "presence": {
        "directory": (GET,),
        "policies": (PUT, DELETE),
        "commands": (GET,),
        "records": (QUERY,),
        "resources": (QUERY,),
        "resource-versions": (QUERY,),
        "alarms": (BATCH,),
        "alarm-seats": (QUERY,),
    },
    # Its last message, and an alarm.
    "sweep": {
        "records": (GET, PUT),
        "messages": (QUERY,),
        "devices": (GET,),
        "alarms": (GET, PUT, UPDATE, BATCH),
        "alarm-seats": (GET, PUT, QUERY),
    },
}
