"""Rows of a device that have to wait for each other, as only their order says what they mean.

They are taken in the order in which they were said, a second after the newest one came. Every row that is put in has
itself looked at then, so that none is forgotten; who finds one that was taken already finds it done.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.cumulocity.naming import DIALECT
from chalicelib.fleet.documents import Record
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox

QUIET = 1_000
"""Milliseconds after the newest row until they are taken."""
WAITS = "reports"
"""Stands among what a mailbox has to do while there are rows."""
_KEPT = 86_400
_PAGE = 100


def is_open(mailbox: Mailbox) -> bool:
    return WAITS in mailbox.todo


def put(ports: Ports, tenant: str, device: str, stamp: str, row: Mapping[str, Any]) -> None:
    """The same row again is there once."""
    now = ports.clock.now()
    # First where the others look: what they find then is either this row, or that it is to come.
    change_mailbox(ports, tenant, device, lambda mailbox: mailbox.with_todo(add=WAITS))
    ports.records.create(
        Record(tenant, _kind(device), stamp, {"row": dict(row), "at": now}, expires=now // 1000 + _KEPT)
    )
    _look(ports, tenant, device)


def _look(ports: Ports, tenant: str, device: str) -> None:
    ports.background.later(DIALECT, {"kind": "inbox", "tenant": tenant, "device": device}, QUIET // 1000)


def empty(ports: Ports, tenant: str, device: str, take: Callable[[Mapping[str, Any]], None]) -> None:
    """Take every row, unless one came just now."""
    rows = _every(ports, tenant, device)
    if any(ports.clock.now() < record.body["at"] + QUIET for record in rows):
        _look(ports, tenant, device)
        return
    for record in rows:
        take(record.body["row"])
        ports.records.delete(tenant, record.kind, record.id)
    change_mailbox(ports, tenant, device, lambda mailbox: mailbox.with_todo(done=WAITS))
    if _every(ports, tenant, device):
        # One came between: it has found the mailbox as it was, or been the first of the next ones.
        change_mailbox(ports, tenant, device, lambda mailbox: mailbox.with_todo(add=WAITS))
        _look(ports, tenant, device)


def _every(ports: Ports, tenant: str, device: str) -> list[Record]:
    """In order of their stamps."""
    found, after = list[Record](), None
    while True:
        page = ports.records.page(tenant, _kind(device), after=after, limit=_PAGE)
        found += page.items
        after = page.cursor
        if after is None:
            return sorted(found, key=lambda record: record.id)


def _kind(device: str) -> str:
    return f"cumulocity.inbox {device}"
