"""Templates of operations: 500 to 507 (guide "MQTT", "Operation templates").

Which operation 501 to 503 and 507 mean is said by a fragment alone, the oldest one that is there, and functions that
take messages run side by side: so what comes late must not be taken for what came since. Each row has its moment, and
what is older than the end of an operation with that fragment says nothing of the next one. Where two with the same
fragment are open, rows wait for each other (`inbox`).
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from chalicelib.dialects.cumulocity import appearing, naming, operations
from chalicelib.dialects.cumulocity.operations import Shown
from chalicelib.dialects.cumulocity.smartrest import inbox, results
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.faults import FAILED, Fault
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Handler, Template
from chalicelib.fleet import ids
from chalicelib.fleet.commands import renewing, reporting
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.errors import Contended, IllegalTransition
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MQTT, Route


@dataclass(frozen=True, slots=True)
class Standing:
    """What a device has not done yet, the oldest first; and by fragment the row that last ended what had it."""

    open: list[Command]
    ended: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A row of 501 to 503 or 507, of the device that it means: what `inbox` keeps of it."""

    template: str
    device: str
    node: str
    stamp: str
    fragment: str
    values: tuple[str, ...] = field(default=())


def _again(publishing: Publishing, _row: Row, _said: Arguments) -> None:
    """500: all that waits for the device and for those that it is the agent of, once more."""
    publishing.write()
    claim, ports = publishing.speaker.claim, publishing.speaker.ports
    if claim.device is not None:
        renewing.again(ports, claim.tenant, claim.device)
        renewing.again_behind(ports, claim.tenant, claim.own_node)


def _by_fragment(template: str) -> Handler:
    def handler(publishing: Publishing, row: Row, said: Arguments) -> None:
        publishing.write()
        speaker = publishing.speaker
        device = speaker.claim.device if speaker.serial == speaker.claim.own_node else speaker.target.device
        fragment = said.text(0) if template == "507" else said.needed(0)
        stamp = speaker.stamp(row.number)
        told = Told(template, device or "", speaker.claim.own_node, stamp, fragment, said.values[1:])
        mailbox = speaker.ports.mailboxes.get(speaker.tenant, told.device) if device is not None else None
        if mailbox is None:
            raise _none(fragment)
        stands = standing(speaker.ports, mailbox)
        if inbox.is_open(mailbox) or _ambiguous(stands.open, fragment):
            inbox.put(speaker.ports, speaker.tenant, told.device, stamp, _kept(told))
        elif not take(speaker.ports, speaker.tenant, told, stands):
            raise _none(fragment)

    return handler


def take(ports: Ports, tenant: str, told: Told, seen: Standing | None = None) -> bool:
    """Report what was told; False where there is nothing that it could mean. Errors: TooLarge, Contended."""
    for _ in tries(ports):
        stands = seen or _standing_now(ports, tenant, told.device)
        try:
            return stands is None or _apply(ports, tenant, stands, told)
        except IllegalTransition:
            # Somebody has ended that operation since we looked: perhaps with this very row.
            seen = None
    raise Contended(f"the operations of device {told.device} are reported on by too many at once")


def _standing_now(ports: Ports, tenant: str, device: str) -> Standing | None:
    """None where the device is gone."""
    mailbox = ports.mailboxes.get(tenant, device)
    return None if mailbox is None else standing(ports, mailbox)


def _apply(ports: Ports, tenant: str, stands: Standing, told: Told) -> bool:
    if told.stamp <= stands.ended.get(told.fragment, ""):
        # It was said before an operation with that fragment ended, and says nothing of another one.
        return True
    mine = [command for command in stands.open if told.fragment in ("", *operations.asked(command))]
    if any(command.begun_by == told.stamp for command in mine):
        return True
    executing = [command for command in mine if operations.status(command) is Shown.EXECUTING]
    pending = [command for command in mine if operations.status(command) is Shown.PENDING]
    if told.template == "507":
        for command in executing:
            if (command.begun_by or "") <= told.stamp:
                _end(ports, tenant, command, told, done=False)
        return True
    if told.template == "501":
        chosen = pending[:1]
        if chosen:
            _report(ports, tenant, chosen[0], told, reporting.progress)
        return bool(chosen)
    sent = [command for command in pending if command.status is Status.PROCESSING]
    chosen = (executing or sent or pending)[:1]
    for command in chosen:
        _end(ports, tenant, command, told, done=told.template == "503")
    return bool(chosen)


def resume(ports: Ports, tenant: str, device: str) -> None:
    """Take what waits in the inbox of a device, in the order in which it was said."""

    def taken(body: Mapping[str, Any]) -> None:
        take(ports, tenant, Told(**{**body, "values": tuple(body["values"])}))

    inbox.empty(ports, tenant, device, taken)


def standing(ports: Ports, mailbox: Mailbox) -> Standing:
    """How it stands with what is in that mailbox."""
    now, open_, ended = ports.clock.now(), list[Command](), dict(mailbox.ended)
    for command_id in sorted(mailbox.queue):
        command = ports.commands.get(mailbox.tenant, command_id)
        if command is None:
            continue
        if not as_of(command, now).final:
            open_.append(command)
        elif command.about:
            # Its end stands in it before the mailbox knows: who looks in between must not give a row that has had its
            # command the next one.
            ended[command.about] = max(ended.get(command.about, ""), command.answered_by or "")
    return Standing(open_, ended)


def _ambiguous(open_: list[Command], fragment: str) -> bool:
    return sum(fragment in operations.asked(command) for command in open_) > 1


def _kept(told: Told) -> dict[str, Any]:
    return {name: getattr(told, name) for name in ("template", "device", "node", "stamp", "fragment", "values")}


def _by_id(template: str) -> Handler:
    def handler(publishing: Publishing, row: Row, said: Arguments) -> None:
        publishing.write()
        speaker, number = publishing.speaker, said.needed(0)
        command = _named(publishing, number)
        if command is None:
            raise Fault(FAILED, f"Operation with id {number[:64]} for device id {speaker.target.id} not found")
        fragment = str(operations.first(command))
        stamp = speaker.stamp(row.number)
        told = Told(template, command.device, speaker.claim.own_node, stamp, fragment, said.values[1:])
        try:
            if template == "504":
                _report(speaker.ports, speaker.tenant, command, told, reporting.progress)
            else:
                _end(speaker.ports, speaker.tenant, command, told, done=template == "506")
        except IllegalTransition:
            if operations.status(command) is not _SAID[template]:
                raise

    return handler


_SAID = {"504": Shown.EXECUTING, "505": Shown.FAILED, "506": Shown.SUCCESSFUL}


def _named(publishing: Publishing, number: str) -> Command | None:
    """The target's; on the topic of the agent itself also that of a device whose agent it is."""
    speaker = publishing.speaker
    identifier = ids.of_number(number) if ids.is_number(number) else number
    command = speaker.ports.commands.get(speaker.tenant, identifier) if ids.is_id(identifier) else None
    if command is None or command.device == speaker.target.device:
        return command
    other = naming.number_of(command.device)
    found = speaker.ports.objects.get(speaker.tenant, other) if other is not None and not speaker.about else None
    return command if found is not None and appearing.below(speaker.ports, speaker.agent, found) else None


def _report(
    ports: Ports, tenant: str, command: Command, told: Told, say: Callable[[Ports, str, str, Report], Command]
) -> None:
    say(ports, tenant, command.id, _as_report(told))


def _end(ports: Ports, tenant: str, command: Command, told: Told, *, done: bool) -> None:
    if done:
        said = results.of(ports, tenant, command, told.fragment, told.values, ids.moment(told.stamp))
        reporting.succeed(ports, tenant, command.id, _as_report(told, response=said))
        return
    reason = next(iter(told.values), "") or None
    reporting.fail(ports, tenant, command.id, _as_report(told, reason=reason))


def _as_report(told: Told, response: Any = None, reason: str | None = None) -> Report:
    route = Route(naming.DIALECT, told.node, MQTT, told.node, told.node)
    return Report(route, response, reason, event=told.stamp, about=told.fragment)


def _none(fragment: str) -> Fault:
    return Fault(FAILED, f"there is no operation with the fragment {fragment[:64]} that this could be about")


TEMPLATES: Mapping[str, Template] = {
    "500": Template(_again, 0),
    "501": Template(_by_fragment("501"), None, 1),
    "502": Template(_by_fragment("502"), None, 1),
    "503": Template(_by_fragment("503"), None, 1),
    "504": Template(_by_id("504"), None, 1),
    "505": Template(_by_id("505"), None, 1),
    "506": Template(_by_id("506"), None, 1),
    "507": Template(_by_fragment("507"), None),
}
