"""Orange Live Objects: MQTT of manual chapter 6, REST of chapters 4, 5 and 8."""

from chalicelib.dialects.dialect import OVER_MQTT, Dialect, Part, Settable

DIALECT = Dialect(
    parts=OVER_MQTT | {Part.TERMS, Part.EVENTS, Part.REST}, prefixes=("/api",), settable=frozenset(Settable)
)
