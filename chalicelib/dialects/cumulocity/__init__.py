"""Cumulocity: its REST API (inventory, identity, data, alarms, device control), and SmartREST over MQTT."""

from chalicelib.dialects.dialect import OVER_MQTT, Dialect, Part

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
    parts=OVER_MQTT
    | {
        *(Part.REST, Part.TERMS, Part.LISTENING, Part.LIFECYCLE),
        *(Part.RESUMING, Part.KEEPERS, Part.WRITING, Part.WORDING),
    },
    prefixes=tuple(f"/{root}" for root in ROOTS),
    namespace="c8y",
)
