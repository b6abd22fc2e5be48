"""The debug mode of an API key: for a while, every message that comes in with it is told to the audit log."""

from dataclasses import replace

from chalicelib.fleet.access import keys, rights
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.errors import Contended
from chalicelib.fleet.ports import Ports


def debug(ports: Ports, by: Caller, key_id: str, until: int | None) -> ApiKey:
    """The key in debug mode until then (ms), or no more. Errors: KeyNotFound, Forbidden."""
    for _ in tries(ports):
        key = keys.get(ports, by.tenant, key_id)
        rights.ensure_may_change(ports, by, key)
        changed = replace(key, debugged=until)
        # The key may be changed, or the one above it, at the same time.
        if changed == key or ports.keys.replace(key, changed):
            return changed
    raise Contended("this API key is written by too many at once")
