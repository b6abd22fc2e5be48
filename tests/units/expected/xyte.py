"""Xyte's operations, in the order of `COUNTED`."""

EXPECTED = {
    "xyte_register": (1, 6, 0, 0, 0, 0, 0, 0, 0),
    "xyte_claim": (1, 15, 12, 0, 0, 0, 0, 0, 0),
    "xyte_telemetry": (1, 1, 1, 0, 0, 0, 0, 0, 0),
    "xyte_telemetry_unclaimed": (1, 1, 0, 0, 0, 0, 0, 0, 0),
    "xyte_command": (4, 9, 11, 0, 0, 0, 0, 0, 0),
    "xyte_command_made": (5, 13, 14, 0, 0, 0, 0, 0, 0),
    "xyte_configuration": (3, 5, 7, 0, 0, 0, 0, 0, 0),
    "xyte_licence": (3, 4, 7, 0, 0, 0, 0, 0, 0),
    # Its item in the index of what is due moves, which is three units; a tenth of what the run takes is in it.
    "xyte_looked_at": (0.1, 3.2, 8.275, 0, 0, 0, 0, 0, 0.1),
    # Its last contact is written once in a quarter of an hour, and newer firmware looked for once a minute.
    "xyte_telemetry_mqtt": (1, 1.0667, 5.5, 1, 1, 0, 0, 0, 0),
    "xyte_command_mqtt": (3, 10, 9, 3, 2, 1, 0, 0, 0),
}
