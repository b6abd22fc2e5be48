"""The debug mode of an API key: for a while, every message that comes in with it is told to the audit log."""

from dataclasses import replace

from chalicelib.fleet.access import rights
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.changing import change_key
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.ports import Ports


def debug(ports: Ports, by: Caller, key_id: str, until: int | None) -> ApiKey:
    """The key in debug mode until then (ms), or no more. Errors: KeyNotFound, Forbidden."""

    def debugged(key: ApiKey) -> ApiKey:
        rights.ensure_may_change(ports, by, key)
        return replace(key, debugged=until)

    # The key may be changed, or the one above it, at the same time.
    return change_key(ports, by.tenant, key_id, debugged)[1]
