"""How a mailbox is changed when others may write it too."""

from collections.abc import Callable

from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox


def change_mailbox(
    ports: Ports, tenant: str, device: str, change: Callable[[Mailbox], Mailbox], seen: Mailbox | None = None
) -> Mailbox | None:
    """The mailbox after `change`, or None where the device is gone. `seen` saves the first read."""

    def read() -> Mailbox | None:
        return ports.mailboxes.get(tenant, device)

    return change_record(ports, f"the mailbox of {device}", read, ports.mailboxes.replace, change, seen)[0]
