"""Whether a device is there, in the vendor's words."""

from chalicelib.dialects.xyte.identities import CONNECTOR
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import relaying
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Presence, interface_key

ONLINE, OFFLINE, ERROR = "online", "offline", "error"


def presence(mailbox: Mailbox | None, uuid: str) -> Presence | None:
    """What is known of a device that asks by itself."""
    return mailbox.presence.get(interface_key(CONNECTOR, uuid)) if mailbox is not None else None


def of(mailbox: Mailbox | None) -> str:
    """Of a device by whatever dialect it came: of one that asks, with what it says of itself."""
    if mailbox is None or not mailbox.online:
        return OFFLINE
    return ERROR if any(each.online and each.faulty for each in mailbox.presence.values()) else ONLINE


def last_seen(mailbox: Mailbox | None) -> int | None:
    """When (ms) it was heard last by any way, as far as it was written down."""
    if mailbox is None:
        return None
    return max((each.last_contact for each in mailbox.presence.values() if each.last_contact is not None), default=None)


def mailboxes(ports: Ports, tenant: str, found: list[Device]) -> dict[str, Mailbox]:
    """Of these devices, as a reader is told."""
    return relaying.seen_all(ports, ports.mailboxes.some(tenant, [device.id for device in found]))
