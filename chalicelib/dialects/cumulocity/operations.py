"""Operations as Cumulocity shows them, and what a client says of one (reference, "Operations").

One is a command of the fleet: `req` and `arg` are what the devices of other dialects read of it, `operation` is all
that was said, and what its agent adds is the command's response.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from chalicelib.dialects.cumulocity import fragments, times
from chalicelib.fleet import ids
from chalicelib.fleet.commands.records import Command, DeliveryStatus, Status
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ids import as_number

OWN = frozenset(
    {
        "id",
        "self",
        "deviceId",
        "deviceName",
        "agentId",
        "creationTime",
        "status",
        "failureReason",
        "delivery",
        "deviceExternalIDs",
        "bulkOperationId",
    }
)
_SAID = ("description", "profileId", "profileName")
"""What may be said beside what is to be done."""
RESERVED = OWN | frozenset(_SAID)
"""Names that no fragment of one has."""
_LOG = 10


class Shown(StrEnum):
    PENDING = "PENDING"
    EXECUTING = "EXECUTING"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"


OPEN = frozenset({Shown.PENDING, Shown.EXECUTING})
STATUSES = {status.name: status for status in Shown}


def read(body: Mapping[str, Any]) -> dict[str, Any]:
    """What is to be done. Errors: Invalid."""
    said = {name: value for name, value in fragments.of(body, OWN).items() if value is not None}
    if not said:
        raise Invalid("an operation has a property beside deviceId, which says what is to be done", "deviceId")
    return said


def request(said: Mapping[str, Any], agent: str, bulk: str | None = None) -> dict[str, Any]:
    """What the fleet keeps of it; `agent` is the number of the object that is to do it, or have it done.

    `bulk` is the id of the bulk operation that it is one of. Errors: TooLarge.
    """
    name = next((name for name in said if name not in _SAID), next(iter(said)))
    arg = said[name] if isinstance(said[name], dict) else {"value": said[name]}
    part = {"bulk": bulk} if bulk is not None else {}
    asked = {"req": name, "arg": arg, "agent": agent, "operation": dict(said), **part}
    fragments.ensure_fits(asked, fragments.LARGEST)
    return asked


def number_of(command: str) -> str:
    """What the command is called here: a number, or its id where another dialect has given it one that is none."""
    return as_number(command) or command


def command_of(number: str) -> str | None:
    """The command that is called so; None for what is no name of one."""
    if ids.is_number(number):
        return ids.of_number(number)
    return number if ids.is_id(number) else None


def is_own(request: Any) -> bool:
    """Whether it was ordered by this dialect."""
    return isinstance(request, dict) and isinstance(request.get("operation"), dict)


def about(command: Command) -> Mapping[str, Any]:
    """What this API keeps with an operation beside what is to be done; nothing of one that another dialect ordered."""
    return command.request if is_own(command.request) else {}


def asked(command: Command) -> dict[str, Any]:
    """What its device is to do; of what another dialect has asked for, in words for it or under its name."""
    request_ = command.request if isinstance(command.request, dict) else {"req": "", "arg": command.request}
    operation = request_.get("operation")
    if isinstance(operation, dict):
        return operation
    if isinstance(command.wording, dict):
        return command.wording
    name = str(request_.get("req") or "command")
    return {"description": name, name: request_.get("arg", {})}


def first(command: Command) -> str:
    """The name of what says what is to be done."""
    return next((name for name in asked(command) if name not in _SAID), "")


def said(command: Command) -> dict[str, Any]:
    """What was asked for, and what its agent has added to it."""
    added = command.response if isinstance(command.response, dict) else {}
    every = {**asked(command), **added}
    return {name: value for name, value in every.items() if value is not None}


def status(command: Command) -> Shown:
    if command.status is Status.PROCESSED:
        return Shown.SUCCESSFUL
    if command.final:
        return Shown.FAILED
    return Shown.PENDING if command.begun is None else Shown.EXECUTING


def view(command: Command, device: str, itself: str) -> dict[str, Any]:
    """`device` is the number of the object that it is for."""
    shown: dict[str, Any] = {
        **said(command),
        "id": number_of(command.id),
        "self": itself,
        "deviceId": device,
        "agentId": about(command).get("agent", device),
        "creationTime": times.render(command.created),
        "status": str(status(command)),
        "delivery": _delivery(command),
    }
    if "bulk" in about(command):
        shown["bulkOperationId"] = about(command)["bulk"]
    reason = _reason(command)
    return {**shown, "failureReason": reason} if reason is not None else shown


def _reason(command: Command) -> str | None:
    match command.status:
        case Status.ERROR:
            return command.reason or command.error
        case Status.CANCELED:
            return "Operation cancelled by user."
        case Status.EXPIRED:
            return "expired"
        case _:
            return None


def _delivery(command: Command) -> dict[str, Any]:
    arrived = {DeliveryStatus.DELIVERED, DeliveryStatus.REPLIED}
    log = [entry for entry in command.history if entry.delivery is not None][-_LOG:]
    return {
        "status": "DELIVERED" if any(entry.delivery in arrived for entry in log) else "PENDING",
        "time": times.render(log[-1].at if log else command.created),
        "log": [{"status": str(entry.delivery), "time": times.render(entry.at)} for entry in log],
    }
