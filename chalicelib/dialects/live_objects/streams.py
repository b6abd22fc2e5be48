"""Names of data streams (OpenAPI of the data store: no quotes, backslashes, brackets, semicolons and blanks)."""

from chalicelib.fleet.errors import Invalid

LONGEST, MOST_BYTES = 512, 1024
FORBIDDEN = frozenset("'\\\";{}() \t\r\n")


def checked(name: str, field: str) -> str:
    """The name, if it is one. Errors: Invalid."""
    if not 0 < len(name) <= LONGEST or len(name.encode()) > MOST_BYTES or FORBIDDEN & set(name):
        raise Invalid(f"{field} has 1 to {LONGEST} characters, none of them a quote, \\ ; {{ }} ( ) or blank", field)
    return name
