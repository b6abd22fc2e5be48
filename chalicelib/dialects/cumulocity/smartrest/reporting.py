"""Templates of operations: 500 to 507 (guide "MQTT", "Operation templates"), and those of one's own that change one.

Which operation 501 to 503 and 507 mean is said by a fragment alone, the oldest one that is there, and functions that
take messages run side by side: so what comes late must not be taken for what came since. Each row has its moment, and
what is older than the end of an operation with that fragment says nothing of the next one. Where two with the same
fragment are open, rows wait for each other (`inbox`).
"""

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from chalicelib.dialects.cumulocity import appearing, naming, operations, ordering
from chalicelib.dialects.cumulocity.operations import Shown
from chalicelib.dialects.cumulocity.smartrest import inbox, results
from chalicelib.dialects.cumulocity.smartrest.arguments import Arguments
from chalicelib.dialects.cumulocity.smartrest.faults import FAILED, Fault
from chalicelib.dialects.cumulocity.smartrest.publishing import Publishing
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.dialects.cumulocity.smartrest.template import Handler, Template
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.fleet import ids
from chalicelib.fleet.commands import renewing, reporting
from chalicelib.fleet.commands.records import Command, Status
from chalicelib.fleet.commands.reporting import Report
from chalicelib.fleet.commands.transitions import as_of
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.errors import Contended, IllegalTransition, Invalid, TooLarge
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import MQTT, Route
from chalicelib.fleet.tenancy import audit


@dataclass(frozen=True, slots=True)
class Standing:
    """What a device has not done yet, the oldest first; and by fragment the row that last ended what had it."""

    open: list[Command]
    ended: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Told:
    """A row of 501 to 503 or 507, of the device that it means: what `inbox` keeps of it.

    Or one by a template of one's own, with the `body` that it says; its `template` is CUSTOM then.
    """

    template: str
    device: str
    node: str
    stamp: str
    fragment: str
    values: tuple[str, ...] = field(default=())
    body: Mapping[str, Any] | None = None


CUSTOM = "PUT"
Meant = list[Command] | None
"""What a row was about, as it is now; empty where it says nothing any more, None where it could be about nothing."""


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
        fragment = said.text(0) if template == "507" else said.needed(0)
        _tell(publishing.speaker, row.number, template, fragment, said.values[1:])

    return handler


def change(speaker: Speaker, row: int, fragment: str, body: Mapping[str, Any]) -> Command | None:
    """What a body says of the oldest operation with that fragment: one that is being done, or else one that waits.

    The operation as it is then; None where it was said of one that is over, or waits for other rows.
    Errors: Fault, and those of `ordering.report`.
    """
    return next(iter(_tell(speaker, row, CUSTOM, fragment, (), body)), None)


def _tell(
    speaker: Speaker,
    row: int,
    template: str,
    fragment: str,
    values: tuple[str, ...],
    body: Mapping[str, Any] | None = None,
) -> list[Command]:
    device = speaker.claim.device if speaker.serial == speaker.claim.own_node else speaker.target.device
    told = Told(template, device or "", speaker.claim.own_node, speaker.stamp(row), fragment, values, body)
    mailbox = speaker.ports.mailboxes.get(speaker.tenant, told.device) if device is not None else None
    if mailbox is None:
        raise _none(fragment)
    stands = standing(speaker.ports, mailbox)
    if inbox.is_open(mailbox) or _ambiguous(stands.open, fragment):
        inbox.put(speaker.ports, speaker.tenant, told.device, told.stamp, _kept(told))
        return []
    meant = take(speaker.ports, speaker.tenant, told, stands)
    if meant is None:
        raise _none(fragment)
    return meant


def take(ports: Ports, tenant: str, told: Told, seen: Standing | None = None) -> Meant:
    """Report what was told. Errors: TooLarge, Invalid, Contended."""
    for _ in tries(ports):
        stands = seen or _standing_now(ports, tenant, told.device)
        try:
            return [] if stands is None else _apply(ports, tenant, stands, told)
        except IllegalTransition:
            # Somebody has ended that operation since we looked: perhaps with this very row.
            seen = None
    raise Contended(f"the operations of device {told.device} are reported on by too many at once")


def _standing_now(ports: Ports, tenant: str, device: str) -> Standing | None:
    """None where the device is gone."""
    mailbox = ports.mailboxes.get(tenant, device)
    return None if mailbox is None else standing(ports, mailbox)


def _apply(ports: Ports, tenant: str, stands: Standing, told: Told) -> Meant:
    if told.stamp <= stands.ended.get(told.fragment, ""):
        # It was said before an operation with that fragment ended, and says nothing of another one.
        return []
    mine = [command for command in stands.open if told.fragment in ("", *operations.asked(command))]
    if known := [command for command in mine if command.begun_by == told.stamp]:
        return known
    executing = [command for command in mine if operations.status(command) is Shown.EXECUTING]
    pending = [command for command in mine if operations.status(command) is Shown.PENDING]
    if told.template == "507":
        started = [command for command in executing if (command.begun_by or "") <= told.stamp]
        return [_end(ports, tenant, command, told, done=False) for command in started]
    if told.template == "501":
        return [_report(ports, tenant, command, told, reporting.progress) for command in pending[:1]] or None
    sent = [command for command in pending if command.status is Status.PROCESSING]
    chosen = (executing or sent or pending)[:1]
    if told.body is not None:
        return [_changed(ports, command, told, told.body) for command in chosen] or None
    return [_end(ports, tenant, command, told, done=told.template == "503") for command in chosen] or None


def resume(ports: Ports, tenant: str, device: str) -> None:
    """Take what waits in the inbox of a device, in the order in which it was said."""

    def taken(row: Mapping[str, Any]) -> None:
        told = Told(**{**row, "values": tuple(row["values"])})
        try:
            take(ports, tenant, told)
        except (TooLarge, Invalid) as error:
            # Nobody listens any more: the rows behind it are not to wait for ever.
            source = {"connector": MQTT, "client": told.node}
            at = ids.moment(told.stamp)
            audit.refuse(ports, tenant, at=at, event=told.stamp, reason=str(error), source=source)

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
    return {name: getattr(told, name) for name in ("template", "device", "node", "stamp", "fragment", "values", "body")}


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
) -> Command:
    return say(ports, tenant, command.id, _as_report(told))


def _end(ports: Ports, tenant: str, command: Command, told: Told, *, done: bool) -> Command:
    if done:
        said = results.of(ports, tenant, command, told.fragment, told.values, ids.moment(told.stamp))
        return reporting.succeed(ports, tenant, command.id, _as_report(told, response=said))
    reason = next(iter(told.values), "") or None
    return reporting.fail(ports, tenant, command.id, _as_report(told, reason=reason))


def _changed(ports: Ports, command: Command, told: Told, body: Mapping[str, Any]) -> Command:
    stands = operations.status(command)
    wanted = operations.STATUSES[body.get("status") or stands.value]
    if wanted is Shown.PENDING and stands is not Shown.PENDING:
        raise Invalid(f"an operation that is {stands} cannot become {wanted}", "status")
    return ordering.report(ports, command, wanted, body, _as_report(told))


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
