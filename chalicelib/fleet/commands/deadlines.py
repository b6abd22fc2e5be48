"""That somebody looks at a command when the clock demands something: by a timer, or by the sweep."""

from dataclasses import replace

from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.records import MINUTE, PATROL, Command, DeliveryStatus
from chalicelib.fleet.events import routing
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import LEASE


def arm_expiry(ports: Ports, command: Command) -> Command:
    """A waiting command that expires soon gets its timer; a later one is found by the sweep as it comes near."""
    if command.expires is None or command.expires > ports.clock.now() + PATROL:
        return command
    return arm(ports, command, command.expiry_timer, command.expires)


def arm_attempt(ports: Ports, command: Command) -> Command:
    """The same for the time-out of an attempt, where that waits for the device's answer."""
    if not command.timer or command.due is None or command.due > ports.clock.now() + PATROL:
        return command
    return arm(ports, command, command.timer, command.due)


def arm(ports: Ports, command: Command, timer: str, due: int) -> Command:
    """Start a timer. Where that fails the sweep is to look then: that is a write, but only in this case."""
    return command if ports.deadlines.start(timer, due, command.subject) else look_by(ports, command, due)


def watch(ports: Ports, command: Command) -> None:
    """It was claimed, and its holder may have died since: see that somebody looks when that can be settled."""
    if command.waiting:
        look_by(ports, command, ports.clock.now() + LEASE)
    elif command.delivery is not DeliveryStatus.SENDING or command.due is None:
        # The holder has said what became of it.
        return
    else:
        # It may have died before it could tell, too.
        routing.command(ports, command)
        if command.timer:
            arm_attempt(ports, command)
        else:
            look_by(ports, command, command.due)


def look_by(ports: Ports, command: Command, moment: int) -> Command:
    """Let the sweep look at a command that is not final at that moment, or a minute later."""

    def sooner(present: Command) -> Command | None:
        late = present.check_at is None or present.check_at > moment + MINUTE
        return replace(present, check_at=moment) if late and not present.final else None

    if sooner(command) is None:
        return command
    return change_command(ports, command.tenant, command.id, sooner, seen=command)[0] or command
