"""Xyte: devices that register themselves and only ask, and the organization that has claimed them."""

from chalicelib.dialects.dialect import Dialect, Part

DEVICES, ORGANIZATION = "/v1", "/core"
DIALECT = Dialect(parts=frozenset({Part.REST, Part.TERMS}), prefixes=(DEVICES, ORGANIZATION))
