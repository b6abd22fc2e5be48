"""An attempt that is given up, while its device says something."""

from chalicelib.fleet.commands import finishing, reporting
from chalicelib.fleet.commands.records import Status
from tests.fleet.commands.test_taking import PUSHED, said
from tests.fleet.rig import DEVICE, TENANT, Rig


def test_what_its_device_begins_while_its_attempt_is_given_up_is_not_given_up(online: Rig) -> None:
    command = online.sent()
    overdue = online.read(command)
    assert overdue.due is not None
    online.ports.clock.advance(ms=overdue.due - online.ports.clock.now() - 1)
    reporting.progress(online.ports, TENANT, command.id, said(PUSHED))
    online.ports.clock.advance(ms=1)
    # Whoever gives it up has read it before.
    assert not finishing.settle(online.ports, TENANT, DEVICE, command.id, seen=overdue)
    begun = online.read(command)
    assert (begun.status, begun.begun is not None) == (Status.PROCESSING, True)
    assert command.id in online.mailbox.queue


def test_nor_is_it_where_its_time_to_wait_is_over_then(online: Rig) -> None:
    command = online.sent(expiration=60)
    overdue = online.read(command)
    assert overdue.due is not None
    online.ports.clock.advance(ms=overdue.due - online.ports.clock.now() - 1)
    reporting.progress(online.ports, TENANT, command.id, said(PUSHED))
    online.ports.clock.advance(ms=60_000)
    finishing.settle(online.ports, TENANT, DEVICE, command.id, seen=overdue)
    assert online.read(command).status is Status.PROCESSING
