"""What devices of Xyte take besides, and finding that one has been silent for too long."""

from infra.uses.actions import BATCH, GET, PUT, QUERY, UPDATE

TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    # The entry of the directory says whose key it is, and whose the device is that says something.
    "authorizer": {"directory": (GET,), "mailboxes": (GET,)},
    "uplink": {"directory": (GET, UPDATE), "records": (GET, PUT, QUERY)},
    # All that waits for a device is told to it as it subscribes.
    "presence": {
        "directory": (GET,),
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
        "alarms": (GET, PUT, UPDATE),
        "alarm-seats": (GET, PUT),
    },
}
