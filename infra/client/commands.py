"""`commands …`: what devices are told to do, and what became of it."""

import json
import time
from collections.abc import Callable
from typing import Any

import click

from infra.client.api import Api, device_path, path
from infra.client.output import formatted, show, show_one
from infra.client.problems import Expired, Problem, TimedOut
from infra.client.program import with_api

_COMMANDS = "/api/v1/deviceMgt/commands"
_LOOKS_EVERY_S = 1.0


class JsonObject(click.ParamType):
    """An object in JSON."""

    name = "json"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            read = json.loads(value)
        except ValueError as error:
            self.fail(f"{value!r} is not JSON: {error}", param, ctx)
        if not isinstance(read, dict):
            self.fail(f"{value!r} is no object", param, ctx)
        return read


@click.group(help="Send commands, and see what became of them.")
def group() -> None:
    pass


@group.command("send")
@click.argument("device")
@click.option("--req", required=True, help="What the device is to do.")
@click.option("--arg", type=JsonObject(), help='Its arguments, such as {"delay":3}.')
@click.option("--wait", type=click.FloatRange(0), metavar="SECONDS", help="Wait until it has come to its end.")
@click.option("--ack", type=click.Choice(["APPLICATIVE", "NETWORK", "NONE"], case_sensitive=False))
@click.option("--expires", type=int, metavar="SECONDS", help="When to give up. Default: seven days.")
@click.option("--attempts", type=int, help="How often to try.")
@click.option("--connector", default="mqtt", show_default=True)
@click.option("--once", metavar="TOKEN", help="The same token again is the same command, not another.")
@formatted
@with_api
def send(
    api: Api,
    *,
    device: str,
    req: str,
    arg: Any,
    wait: float | None,
    ack: str | None,
    expires: int | None,
    attempts: int | None,
    connector: str,
    once: str | None,
    output: str,
) -> None:
    """Send a command to a device and show it.

    With --wait it ends with 0 when the device has done it, 1 when it failed or was cancelled, 2 when it expired and
    3 when SECONDS were over before; the command goes on then.
    """
    policy = {"ackMode": ack and ack.upper(), "expirationInSeconds": expires, "attempts": attempts}
    value = {"req": req} if arg is None else {"req": req, "arg": arg}
    body = {
        "request": {"connector": connector, "value": value},
        "policy": {name: asked for name, asked in policy.items() if asked is not None},
    }
    made = api.call(
        "POST", device_path(device, "commands"), body, headers={} if once is None else {"Idempotency-Key": once}
    )
    command = made if wait is None else ended(api, made, wait)
    show_one(command, _ALL, output)
    if wait is not None:
        _judge(command, wait)


@group.command("ls")
@click.argument("device")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@formatted
@with_api
def ls(api: Api, *, device: str, limit: int, output: str) -> None:
    """List the commands of a device, the newest first."""
    show(api.get(device_path(device, "commands"), limit=limit), _LISTED, output)


@group.command("get")
@click.argument("command")
@formatted
@with_api
def get(api: Api, *, command: str, output: str) -> None:
    """Show a command with its history."""
    show_one(api.get(path(_COMMANDS, command)), _ALL, output)


@group.command("cancel")
@click.argument("command")
@formatted
@with_api
def cancel(api: Api, *, command: str, output: str) -> None:
    """Cancel a command that has not come to its end."""
    api.call("PUT", path(_COMMANDS, command, "status"), "CANCELED")
    show_one(api.get(path(_COMMANDS, command)), _ALL, output)


def ended(
    api: Api,
    command: Any,
    wait: float,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Any:
    """The command as it is when it has come to its end, or when `wait` seconds are over."""
    ends = now() + wait
    while command["status"] not in _FINAL and (left := ends - now()) > 0:
        sleep(min(_LOOKS_EVERY_S, left))
        command = api.get(path(_COMMANDS, command["id"]))
    return command


_FINAL = ("PROCESSED", "ERROR", "CANCELED", "EXPIRED")


def _judge(command: Any, wait: float) -> None:
    """Errors: Problem, unless the command was processed."""
    match command["status"]:
        case "PROCESSED":
            return
        case "EXPIRED":
            raise Expired(f"command {command['id']} has expired")
        case "ERROR" | "CANCELED" as status:
            why = command.get("errorCode")
            raise Problem(f"command {command['id']} is {status}{f': {why}' if why else ''}")
        case status:
            raise TimedOut(f"command {command['id']} is still {status} after {wait:g} s")


_LISTED = {
    "id": lambda c: c["id"],
    "created": lambda c: c["created"],
    "status": lambda c: c["status"],
    "delivery": lambda c: c.get("deliveryStatus"),
    "request": lambda c: c["request"]["value"],
    "response": lambda c: c.get("response", {}).get("value"),
}
_ALL = {
    "id": lambda c: c["id"],
    "device": lambda c: c["targetDeviceId"],
    "status": lambda c: c["status"],
    "delivery": lambda c: c.get("deliveryStatus"),
    "error": lambda c: c.get("errorCode"),
    "connector": lambda c: c["request"]["connector"],
    "request": lambda c: c["request"]["value"],
    "response": lambda c: c.get("response", {}).get("value"),
    "created": lambda c: c["created"],
    "history": lambda c: [_step(entry) for entry in c.get("history", [])],
}


def _step(entry: Any) -> str:
    said = (entry["timestamp"], entry["status"], entry.get("deliveryStatus"), entry.get("errorCode"), entry.get("note"))
    return " ".join(word for word in said if word)
