"""What a device says of a command that it can name: it is at it, it has done it, it could not.

It may say so of one that was never sent to it: whoever polls, or lists what waits, knows it all the same. The same
report again changes nothing; so does an answer that was lost on its way.
"""

import json
from dataclasses import replace
from typing import Any

from chalicelib.fleet.commands import finishing
from chalicelib.fleet.commands.changing import change_command
from chalicelib.fleet.commands.records import Command, DeliveryStatus, Failure, Policy, Status
from chalicelib.fleet.commands.taking import claimed_by
from chalicelib.fleet.commands.transitions import as_of, begun, claimed, move
from chalicelib.fleet.compare_and_set import AGAIN, Again, insist
from chalicelib.fleet.errors import CommandNotFound, IllegalTransition, TooLarge
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.records import Route

LARGEST = 360_000
"""Bytes of JSON: so much of a command fits into an item of the store, with its history."""


@dataclass(frozen=True, slots=True)
class Report:
    """`route` is who says it. A `response` that is an object is merged into what was said before.

    `event` names the message that it came in, as far as that has a name; `reason` is why the device could not do it.
    Where several commands are told apart by what they are `about` alone, events sort as they were said, and the
    mailbox remembers the last one that ended such a command.
    """

    route: Route
    response: Any = None
    reason: str | None = None
    event: str | None = None
    about: str = ""


def progress(ports: Ports, tenant: str, command_id: str, said: Report) -> Command:
    """The device is at it: from now on it is not sent again, and has until it expires.

    Errors: CommandNotFound, IllegalTransition (it is final), TooLarge.
    """

    def at_it() -> Command | Again:
        command = _open(ports, tenant, command_id)
        if command.waiting:
            command = _taken(ports, command, said)
        known = _begun(ports, command, said)
        # Put back between our claim and this: once more.
        return AGAIN if known.waiting else known

    return insist(ports, f"command {command_id}", at_it)


def _taken(ports: Ports, command: Command, said: Report) -> Command:
    """Claimed and begun at once; as somebody else has left it, where it waits no more."""
    mailbox = ports.mailboxes.get(command.tenant, command.device)

    def taken(present: Command, now: int, generation: int, policy: Policy) -> Command:
        out = claimed(present, now, generation, said.route.node, policy)
        return begun(out, now, said.route.node, response=_told(present, said), begun_by=said.event)

    claim = claimed_by(ports, mailbox, command, said.route, taken, force=True) if mailbox else None
    if claim is None or claim.command is None:
        raise CommandNotFound(f"command {command.id} not found")
    return claim.command


def _begun(ports: Ports, command: Command, said: Report) -> Command:
    def at_it(present: Command) -> Command | None:
        _ensure_open(ports, present)
        response, now = _told(present, said), ports.clock.now()
        if present.waiting:
            return None
        if present.begun is not None:
            return replace(present, response=response, updated=now) if response != present.response else None
        return begun(present, now, said.route.node, response=response, begun_by=said.event)

    after, ours = change_command(ports, command.tenant, command.id, at_it, seen=command)
    if after is None:
        raise CommandNotFound(f"command {command.id} not found")
    if ours and command.timer:
        ports.deadlines.stop(command.timer)
    return after


def succeed(ports: Ports, tenant: str, command_id: str, said: Report) -> Command:
    """The device has done it. Errors: CommandNotFound, IllegalTransition (it is final, and not so), TooLarge."""
    return _end(ports, tenant, command_id, said, Status.PROCESSED)


def fail(ports: Ports, tenant: str, command_id: str, said: Report) -> Command:
    """The device could not do it, for a reason of its own. Errors as for `succeed`."""
    return _end(ports, tenant, command_id, said, Status.ERROR, error=Failure.DEVICE_ERROR, reason=said.reason)


def remark(ports: Ports, tenant: str, command_id: str, said: Report) -> Command:
    """What it says of a command that it has not begun: its response is merged, and nothing else changes.

    Errors: CommandNotFound, IllegalTransition (it is final), TooLarge.
    """

    def remarked(present: Command) -> Command | None:
        _ensure_open(ports, present)
        response = _told(present, said)
        return None if response == present.response else replace(present, response=response)

    command, _ = change_command(ports, tenant, command_id, remarked)
    if command is None:
        raise CommandNotFound(f"command {command_id} not found")
    return command


def merged(before: Any, said: Any) -> Any:
    if isinstance(before, dict) and isinstance(said, dict):
        return {**before, **said}
    return before if said is None else said


def _told(present: Command, said: Report) -> Any:
    """The response after that. Errors: TooLarge."""
    response = merged(present.response, said.response)
    if response is not present.response or said.reason is not None:
        # A device may say something else each time, for as long as it is at it.
        kept = json.dumps([present.request, response, said.reason], ensure_ascii=False).encode(errors="surrogatepass")
        if len(kept) > LARGEST:
            raise TooLarge(f"a command has at most {LARGEST} bytes together with what is said of it")
    return response


def _end(
    ports: Ports,
    tenant: str,
    command_id: str,
    said: Report,
    status: Status,
    *,
    error: str | None = None,
    reason: str | None = None,
) -> Command:
    now = ports.clock.now()

    def ended(present: Command) -> Command | None:
        if present.status is status and present.error == error:
            return None
        _ensure_open(ports, present)
        return replace(
            move(present, now, status, delivery=DeliveryStatus.REPLIED, error=error, node=said.route.node),
            response=_told(present, said),
            reason=reason,
            answered_by=said.event or command_id,
            about=said.about,
        )

    command, ours = change_command(ports, tenant, command_id, ended)
    if command is None:
        raise CommandNotFound(f"command {command_id} not found")
    finishing.finish(ports, command, told=ours)
    return command


def _open(ports: Ports, tenant: str, command_id: str) -> Command:
    command = ports.commands.get(tenant, command_id)
    if command is None:
        raise CommandNotFound(f"command {command_id} not found")
    _ensure_open(ports, command)
    return command


def _ensure_open(ports: Ports, command: Command) -> None:
    stands = as_of(command, ports.clock.now())
    if stands.final:
        raise IllegalTransition(f"a command that is {stands.status} takes no report any more")
