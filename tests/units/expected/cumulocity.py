"""Cumulocity's operations, in the order of `COUNTED`.

A raise takes its seat and then makes its alarm (1, and 3 with two indexes), with a write more only where somebody died
between the two. A clearing moves the alarm in an index (3) and gives back the seat (1). Both count what is open (1),
and write that to the object, so that lists of objects show it without a read more.
"""

EXPECTED = {
    "object_create": (1, 25, 3, 0, 0, 0, 0, 0, 0),
    "object_create_asset": (1, 13, 0, 0, 0, 0, 0, 0, 0),
    "object_change": (1, 1, 1, 0, 0, 0, 0, 0, 0),
    "object_heartbeat": (1, 0, 1, 0, 0, 0, 0, 0, 0),
    "object_get": (1, 0, 3, 0, 0, 0, 0, 0, 0),
    "identity_create": (1, 6, 2, 0, 0, 0, 0, 0, 0),
    "identity_get": (1, 0, 2, 0, 0, 0, 0, 0, 0),
    "child_link": (1, 10, 5.5, 0, 0, 0, 0, 0, 0),
    "alarm_raise": (1, 5, 6, 0, 0, 0, 0, 0, 0),
    "alarm_repeat": (1, 1, 3, 0, 0, 0, 0, 0, 0),
    "alarm_acknowledge": (1, 1, 3, 0, 0, 0, 0, 0, 0),
    "alarm_clear": (1, 5, 6, 0, 0, 0, 0, 0, 0),
    "measurement_create": (1, 2, 2, 0, 0, 0, 0, 0, 0),
    "message_delete": (1, 1, 7, 0, 0, 0, 0, 0, 0),
    "messages_delete": (1, 16, 4.5, 0, 0, 0, 0, 0, 0),
    "operation_polled": (4, 9, 19, 0, 0, 0, 0, 0, 0),
    "notifications_idle": (1, 0, 7, 0, 0, 0, 0, 0, 0),
    "mqtt_appears": (5, 56, 21, 4, 4, 0, 0, 0, 0),
    "mqtt_measurement": (1, 1, 0, 1, 1, 0, 0, 0, 0),
    "mqtt_ten_rows": (1, 10, 0, 1, 1, 0, 0, 0, 0),
    "mqtt_fragment": (1, 4, 1, 1, 1, 0, 0, 0, 0),
    "mqtt_operation": (4, 11, 11, 3, 2, 1, 0, 0, 0),
}
