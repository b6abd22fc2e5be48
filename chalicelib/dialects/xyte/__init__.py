"""Xyte: devices that register themselves and only ask, and the organization that has claimed them."""

from chalicelib.dialects.dialect import OVER_MQTT, Dialect, Part, Settable

DEVICES, ORGANIZATION = "/v1", "/core"
DIALECT = Dialect(
    parts=OVER_MQTT | {Part.REST, Part.TERMS, Part.LIFECYCLE, Part.LISTENING},
    prefixes=(DEVICES, ORGANIZATION),
    settable=frozenset(Settable),
)
