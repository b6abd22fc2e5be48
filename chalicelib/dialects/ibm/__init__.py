"""IBM IoT Foundation (later Watson IoT Platform): MQTT of manual chapter 5, REST v0001 of chapter 3, and v0002."""

from chalicelib.dialects.dialect import OVER_MQTT, Dialect, Part

DIALECT = Dialect(
    parts=OVER_MQTT | {Part.TERMS, Part.LISTENING, Part.LIFECYCLE, Part.REST}, prefixes=("/api/v0001", "/api/v0002")
)
