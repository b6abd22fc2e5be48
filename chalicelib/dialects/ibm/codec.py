"""Commands of the fleet to what a device of IBM gets, and back (manual 5.2.4 and 5.4).

A command that an application published keeps its payload byte for byte under `ibm`; beside it stand `req` and `arg`,
which other dialects read. A command that came through another dialect is written after the payload specification.
"""

import base64
import re
from typing import Any

from chalicelib.dialects.ibm import payload, topics
from chalicelib.dialects.ibm.identity import name_of
from chalicelib.dialects.topics import Downlink
from chalicelib.fleet.commands.records import Command, Policy
from chalicelib.fleet.presence.records import Route

POLICY = Policy(expiration=86_400, ack_mode=None, ack_timeout=None, attempts=3)
"""A command is done as its device's route says, here with the PUBACK; after a day nobody wants it any more."""

_NO_LEVEL = re.compile(r"[/+#\x00]")


def request(name: str, format_: str, body: bytes) -> dict[str, Any]:
    """A command as the fleet keeps it."""
    found = payload.specified(body, format_)
    value = found.data if found else payload.parsed(body, format_)
    raw = {"format": format_, "payload": base64.b64encode(body).decode()}
    return {"req": name, "arg": value if isinstance(value, dict) else {}, "ibm": raw}


def command(command: Command, route: Route) -> Downlink:
    """Nothing on these topics answers a command: what a device has to say comes as an event."""
    name, format_, body = published(command)
    device = name_of(command.device)
    if route.client.startswith("g:") and device is not None:
        return Downlink(topics.device_command(device.type, device.id, name, format_), body, answerable=False)
    return Downlink(topics.command(name, format_), body, answerable=False)


def published(command: Command) -> tuple[str, str, bytes]:
    """A command's name, format and payload."""
    asked = command.request if isinstance(command.request, dict) else {"value": command.request}
    name = asked.get("req")
    level = _NO_LEVEL.sub("_", name) if isinstance(name, str) and name else "command"
    raw = _raw(asked)
    if raw is not None:
        return level, *raw
    arg = asked.get("arg") if "arg" in asked else {k: v for k, v in asked.items() if k != "req"}
    return level, payload.JSON, payload.compact({"d": arg if isinstance(arg, dict) else {"value": arg}})


def is_own(command: Command) -> bool:
    """Whether it was published as a command of this dialect."""
    return isinstance(command.request, dict) and _raw(command.request) is not None


def _raw(asked: dict[str, Any]) -> tuple[str, bytes] | None:
    """Format and payload as they were published; None for a command of another dialect, whatever it says."""
    raw = asked.get("ibm")
    if not isinstance(raw, dict) or not isinstance(raw.get("format"), str) or _NO_LEVEL.search(raw["format"]):
        return None
    try:
        return raw["format"], base64.b64decode(raw.get("payload", ""), validate=True)
    except (TypeError, ValueError):
        return None
