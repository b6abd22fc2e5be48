"""When a device was heard last, as exactly as somebody needs to know it.

To write that down for every message would double its price. So a device that is connected is written down as heard
every quarter of the shortest span that somebody watches: a rule about silence, how often the device says that it will
speak, after how long it counts as gone. No more often than once a minute. Where nobody watches it is every quarter of
an hour, and every half where a device is registered for a time, after which it is gone whenever it was heard.
"""

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.changing import change_mailbox
from chalicelib.fleet.presence.mailbox import Mailbox, Watch
from chalicelib.fleet.presence.records import MINUTE, Presence

SECOND = 1_000
LONGEST = 15 * MINUTE
LONGEST_REGISTERED = 30 * MINUTE


def interval(ports: Ports, mailbox: Mailbox) -> int:
    """How long (ms) nothing need be written after the device was heard."""
    rules = ports.tenants.settings(mailbox.tenant).watched.values()
    spans = [*rules, *(watch.span for watch in mailbox.watches.values())]
    return min(LONGEST, max(MINUTE, min(spans) * SECOND // 4)) if spans else _unwatched(mailbox)


def again_at(ports: Ports, mailbox: Mailbox, presence: Presence) -> int:
    """From when on (ms) it is to be written that it was heard."""
    rest = interval(ports, mailbox) if presence.online else MINUTE
    return (presence.last_contact or 0) + rest


def watch(ports: Ports, tenant: str, device: str, name: str, span: int | None) -> Mailbox | None:
    """Somebody, by that name, needs to know when this device is silent for `span` seconds; None for no more.

    The mailbox as it is then; None where the device is gone. What all devices of a tenant are watched for stands in
    its settings.
    """
    now = ports.clock.now()

    def watched(mailbox: Mailbox) -> Mailbox:
        known = mailbox.watches.get(name)
        if (known.span if known else None) == span:
            return mailbox
        others = {each: watch for each, watch in mailbox.watches.items() if each != name}
        return mailbox.watched(others if span is None else {**others, name: Watch(span, now)})

    return change_mailbox(ports, tenant, device, watched)


def silent_from(ports: Ports, mailbox: Mailbox, last_contact: int, span: int, since: int) -> int:
    """The moment (ms) at which a device has surely been silent for `span` seconds, unless it is heard before.

    What is written may be older than what was heard: by the interval, and by the longest one for as long as functions
    may not know that anybody watches, which he does since `since` (ms).
    """
    heard_by = max(last_contact + interval(ports, mailbox), min(last_contact, since) + _unwatched(mailbox))
    return heard_by + span * SECOND


def _unwatched(mailbox: Mailbox) -> int:
    registered = any(presence.registration is not None for presence in mailbox.presence.values())
    return LONGEST_REGISTERED if registered else LONGEST
