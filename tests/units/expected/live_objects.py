"""Live Objects' operations, in the order of `COUNTED`."""

EXPECTED = {
    "telemetry": (1, 1, 0, 1, 1, 0, 0, 0, 0),
    "telemetry_usual": (1, 1.75, 4.5, 1, 1, 0, 0, 0, 0),
    "command_none": (2, 9, 3, 1, 0, 1, 0, 0, 0),
    "command_network": (2, 9, 3, 1, 0, 1, 0, 0, 0),
    "command_applicative": (3, 10, 5, 2, 1, 1, 1, 0, 0),
    "command_retried": (5, 19, 13.5, 3, 1, 2, 4, 0, 0),
    "command_expired": (2, 7, 4, 0, 0, 0, 3, 0, 0),
    "config_roundtrip": (3, 5, 6, 2, 1, 1, 0, 0, 0),
    "device_get": (1, 0, 4, 0, 0, 0, 0, 0, 0),
    "device_list_page": (1, 0, 0.5, 0, 0, 0, 0, 0, 0),
    "connect_disconnect": (4, 5, 8, 2, 3, 0, 0, 0, 0),
    "device_register": (1, 13, 0, 0, 0, 0, 0, 0, 0),
    "device_register_limited": (1, 15, 0, 0, 0, 0, 0, 0, 0),
}
