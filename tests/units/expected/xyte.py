"""Xyte's operations, in the order of `COUNTED`."""

EXPECTED = {
    "xyte_register": (1, 6, 0, 0, 0, 0, 0, 0, 0),
    "xyte_claim": (1, 15, 12, 0, 0, 0, 0, 0, 0),
    "xyte_telemetry": (1, 1, 1, 0, 0, 0, 0, 0, 0),
    "xyte_telemetry_unclaimed": (1, 1, 0, 0, 0, 0, 0, 0, 0),
}
