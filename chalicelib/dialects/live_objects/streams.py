"""Names of data streams (OpenAPI of the data store: no quotes, backslashes, brackets, semicolons and blanks)."""

import re

from chalicelib.fleet.errors import Invalid

LONGEST, MOST_BYTES = 512, 1024
FORBIDDEN = frozenset("'\\\";{}() \t\r\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def checked(name: str, field: str) -> str:
    """The name, if it is one. Errors: Invalid."""
    fits = 0 < len(name) <= LONGEST and len(name.encode()) <= MOST_BYTES and not FORBIDDEN & set(name)
    if not fits or _CONTROL.search(name):
        raise Invalid(f"{field} has 1 to {LONGEST} characters, none of them a quote, \\ ; {{ }} ( ) or blank", field)
    return name
