"""What the routes of a device grant its commands: they are its dialects' terms, and hold whoever asks."""

import hashlib

from chalicelib.fleet.commands.records import Terms
from chalicelib.fleet.errors import CommandLimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Route, split_interface_key

USUAL = Terms()
"""Those of a route that nobody speaks; no dialect lets fewer commands wait."""


def terms_of(ports: Ports, route: Route) -> Terms:
    return ports.terms.of(route.dialect, route.connector)


def session_mark(route: Route) -> str:
    """A session, with what it listens to, as short as a mailbox can hold it for each of its claims."""
    return hashlib.sha256("\n".join((route.session, *sorted(route.heard))).encode()).hexdigest()[:8]


def ensure_room(ports: Ports, mailbox: Mailbox, connector: str | None, dialect: str | None = None) -> None:
    """By the terms of `dialect` where the device has no route at all.

    Errors: CommandLimitReached, where no route that the command may go by lets another one wait.
    """
    waiting = len(mailbox.queue) if connector is None else mailbox.length(connector)
    if waiting < USUAL.queue:
        return
    ways = _ways(ports, mailbox, connector) or ([(dialect, connector or "")] if dialect is not None else [])
    if not any(mailbox.length(name) < ports.terms.of(dialect, name).queue for dialect, name in ways):
        raise CommandLimitReached(f"{waiting} commands wait for this device already")


def worth_it(ports: Ports, mailbox: Mailbox, connector: str | None, now: int) -> bool:
    """Whether trying now is worth it: the device is there, or may be, and at most a stale claim blocks the way."""
    able = mailbox.command_routes(connector)
    return any(mailbox.flying(r.connector, fresh=now) < terms_of(ports, r).window for r in able)


def _ways(ports: Ports, mailbox: Mailbox, connector: str | None) -> list[tuple[str, str]]:
    """(dialect, connector) of each route of the device, there or not."""
    known = [(p.dialect, split_interface_key(key)[0]) for key, p in mailbox.presence.items()]
    found = [pair for pair in known if connector in (None, pair[1])]
    if found:
        return found
    # It was never there: its interfaces are known to its device alone.
    device = ports.devices.get(mailbox.tenant, mailbox.device)
    interfaces = device.interfaces if device is not None else ()
    return [(i.dialect, i.connector) for i in interfaces if connector in (None, i.connector)]
