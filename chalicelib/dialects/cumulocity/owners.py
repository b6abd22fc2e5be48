"""Whose something is that a caller makes."""

from chalicelib.dialects.cumulocity.objects import HOLDER
from chalicelib.fleet.access.callers import Caller, Kind


def of(caller: Caller) -> str:
    if caller.kind is Kind.USER and caller.user is not None:
        return caller.user
    return caller.name or HOLDER
