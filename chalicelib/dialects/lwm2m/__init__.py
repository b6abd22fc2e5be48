"""LwM2M 1.0 and 1.1 of the Open Mobile Alliance: what devices say and are asked. The wire below is `infra.gateway`.

Its devices come through the gateway, never the broker; its REST API is that of Live Objects, chapter 7.
"""

from chalicelib.dialects.dialect import Dialect, Part

DIALECT = Dialect(parts=frozenset({Part.TERMS}))
