"""How a mailbox is changed when others may write it too."""

from collections.abc import Callable

from chalicelib.fleet.compare_and_set import change_record
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Counted, Mailbox


def change_mailbox(
    ports: Ports,
    tenant: str,
    device: str,
    change: Callable[[Mailbox], Mailbox],
    seen: Mailbox | None = None,
    *,
    touch: bool = False,
) -> Mailbox | None:
    """The mailbox after `change`, or None where the device is gone. `seen` saves the first read.

    With `touch` it is written even where nothing changes, so that whoever has read it before has to look again.
    """

    def read() -> Mailbox | None:
        return ports.mailboxes.get(tenant, device)

    # Another delivery, an answer, a lifecycle event or a deletion may write it at the same time.
    name = f"the mailbox of {device}"
    return change_record(ports, name, read, ports.mailboxes.replace, change, seen, touch=touch)[0]


def change_heard(
    ports: Ports, tenant: str, device: str, change: Callable[[Mailbox], Mailbox], seen: Mailbox | None = None
) -> Mailbox | None:
    """As `change_mailbox`; a write takes along how many messages of the device were not counted so far."""
    waiting = ports.messages.uncounted(tenant, device)
    taken: dict[str, Counted] | None = None

    def heard(mailbox: Mailbox) -> Mailbox:
        nonlocal taken
        taken = None
        told = change(mailbox)
        if told == mailbox:
            return mailbox
        told = told.counting(waiting)
        taken = {stream: waiting[stream] for stream in waiting if stream in told.counted}
        return told

    mailbox = change_mailbox(ports, tenant, device, heard, seen=seen)
    if taken is not None:
        ports.messages.counted(tenant, device, taken)
    return mailbox
