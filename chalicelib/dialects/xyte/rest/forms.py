"""What bodies look like: parts that several routes share."""

from chalicelib.fleet.inventory.records import LONGEST_NAME
from chalicelib.web.schemas import Schema

LARGEST = 128 * 1024
"""Bytes of a device's body."""
TEXT: Schema = {"type": "string", "maxLength": 255}
MAYBE: Schema = {"type": ["string", "null"], "maxLength": 255}
NAME: Schema = {"type": ["string", "null"], "maxLength": LONGEST_NAME}
"""Of a device."""
SPACE: Schema = {"type": ["integer", "null"], "minimum": 0, "maximum": 1_000_000_000}
DETAILS: Schema = {"type": ["object", "null"], "maxProperties": 100}
