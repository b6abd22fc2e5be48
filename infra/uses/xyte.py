"""What it takes to find that a device has been silent for too long: its last message, and an alarm."""

from infra.uses.actions import GET, PUT, QUERY, UPDATE

TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "sweep": {
        "records": (GET, PUT),
        "messages": (QUERY,),
        "alarms": (GET, PUT, UPDATE),
        "alarm-seats": (GET, PUT),
    },
}
