"""Commands as Xyte shows them, and what a device or an organization says of one (Get Command, Update Command).

One is a command of the fleet: `req` and `arg` are what devices of other dialects read of it, `xyte` what only this one
knows. What others asked for goes by the name that this vendor has for it.
"""

import hashlib
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from chalicelib.fleet.commands.records import Command, Status

OWN = "xyte"
"""The field of a request that holds what only this dialect knows: the name for people, and the file."""
REBOOT, UPDATE, DUMP = "reboot", "update_firmware", "dump"
_NAMES = {"c8y_Restart": REBOOT, "c8y_Firmware": UPDATE, "c8y_LogfileRequest": DUMP}
_FIRMWARE = ("version", "url")
"""What an update is told of the firmware that another dialect's users order."""
_UUID = re.compile(r"([0-9a-f]{8})-([0-9a-f]{4})-8([0-9a-f]{3})-8([0-9a-f]{3})-([0-9a-f]{6})([0-9a-f]{6})", re.ASCII)
_MARK = 6


class Shown(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    FAILED = "failed"
    CANCELED = "canceled"


REPORTS = {
    "in_progress": Shown.IN_PROGRESS,
    "done": Shown.DONE,
    "failed": Shown.FAILED,
    "error": Shown.FAILED,
}
"""What a device says of one; `error` is how older ones fail."""
FINAL = frozenset({Shown.DONE, Shown.FAILED, Shown.CANCELED})
EXPIRED = "expired"


def uuid_of(command: str) -> str:
    """What the command with that id of the fleet is called here, and no other; it leads back, without an index."""
    return f"{command[:8]}-{command[8:12]}-8{command[12:15]}-8{command[15:18]}-{command[18:24]}{_mark(command)}"


def id_of(uuid: str) -> str | None:
    """The id of the fleet that is called so; None for what is no name of a command."""
    found = _UUID.fullmatch(uuid.lower())
    if found is None:
        return None
    command = "".join(found.groups()[:5])
    return command if _mark(command) == found[6] else None


def request(name: str, parameters: Mapping[str, Any], friendly_name: str | None, file: str | None) -> dict[str, Any]:
    """What the fleet keeps of an organization's command; `file` is the id of one that goes with it."""
    own = {"friendly_name": friendly_name, "file": file}
    return {"req": name, "arg": dict(parameters), OWN: {key: value for key, value in own.items() if value is not None}}


def name(command: Command) -> str:
    asked = _asked(command).get("req")
    said = asked if isinstance(asked, str) and asked else "command"
    return _NAMES.get(said, said)


def parameters(command: Command) -> dict[str, Any]:
    asked = _asked(command)
    arg = asked.get("arg") if "arg" in asked else {key: value for key, value in asked.items() if key != "req"}
    if not isinstance(arg, dict):
        return {} if arg is None else {"value": arg}
    updates = name(command) == UPDATE != asked.get("req")
    return {key: value for key, value in arg.items() if key in _FIRMWARE or not updates}


def friendly_name(command: Command) -> str | None:
    found = _own(command).get("friendly_name")
    return found if isinstance(found, str) else None


def file(command: Command) -> str | None:
    """The id of the file that goes with it."""
    found = _own(command).get("file")
    return found if isinstance(found, str) else None


def status(command: Command) -> Shown:
    match command.status:
        case Status.PROCESSED:
            return Shown.DONE
        case Status.CANCELED:
            return Shown.CANCELED
        case Status.ERROR | Status.EXPIRED:
            return Shown.FAILED
        case _:
            return Shown.PENDING if command.begun is None else Shown.IN_PROGRESS


def message(command: Command) -> str | None:
    """What its device said of it last, or why it failed without that."""
    if command.status is Status.EXPIRED:
        return EXPIRED
    if command.status is Status.ERROR:
        return command.reason or command.error
    return command.response if isinstance(command.response, str) else None


def _asked(command: Command) -> Mapping[str, Any]:
    return command.request if isinstance(command.request, dict) else {"arg": command.request}


def _own(command: Command) -> Mapping[str, Any]:
    found = _asked(command).get(OWN)
    return found if isinstance(found, dict) else {}


def _mark(command: str) -> str:
    """By which an id that somebody else has made is told."""
    return hashlib.sha256(command.encode()).hexdigest()[:_MARK]
