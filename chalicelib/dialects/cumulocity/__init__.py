"""Cumulocity: its REST API (Device Integration, Identity, Measurements, Events, Alarms, Device Control)."""

from chalicelib.dialects.dialect import Dialect, Part

ROOTS = (
    "platform",
    "inventory",
    "identity",
    "measurement",
    "event",
    "alarm",
    "devicecontrol",
    "audit",
    "tenant",
    "user",
    "notification",
    "cep",
    "application",
    "service",
)
"""First segments of all that the vendor serves; what of it is not there is answered in the vendor's shape."""

DIALECT = Dialect(
    parts=frozenset({Part.REST, Part.TERMS, Part.LISTENING}), prefixes=tuple(f"/{root}" for root in ROOTS)
)
