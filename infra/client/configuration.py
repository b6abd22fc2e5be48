"""`config …`: what devices are to be set to, and what they say they are."""

import json
import time
from typing import Any

import click

from infra.client.api import Api, device_path
from infra.client.output import formatted, show
from infra.client.problems import Problem, TimedOut
from infra.client.program import with_api

_TYPES = ("INT32", "UINT32", "FLOAT", "STRING", "BINARY")
_LARGEST_INT32, _LARGEST_UINT32 = (1 << 31) - 1, (1 << 32) - 1
_OPEN = ("PENDING", "SENT")
_LOOKS_EVERY_S = 1.0


@click.group(help="What devices are to be set to.")
def group() -> None:
    pass


@group.command("get")
@click.argument("device")
@formatted
@with_api
def get(api: Api, *, device: str, output: str) -> None:
    """Show the parameters of a device: what was asked for, what it reports, and whether that is the same."""
    show(_parameters(api, device), _COLUMNS, output)


@group.command("set")
@click.argument("device")
@click.argument("parameters", nargs=-1, required=True, metavar="NAME=VALUE...")
@click.option("--wait", type=click.FloatRange(0), metavar="SECONDS", help="Wait until the device has taken them.")
@formatted
@with_api
def set_(api: Api, *, device: str, parameters: tuple[str, ...], wait: float | None, output: str) -> None:
    """Ask a device to take values, and show what is asked for then.

    A whole number is an INT32, one that is too big for it a UINT32, another number a FLOAT, all else a STRING;
    NAME:TYPE=VALUE says another type. With --wait it ends with 1 when the device has refused, 3 when it said nothing.
    """
    wanted = dict(map(parsed, parameters))
    api.call("POST", device_path(device, "config"), {"parameters": wanted})
    ends = time.monotonic() + (wait or 0)
    shown = [p for p in _parameters(api, device) if p["name"] in wanted]
    while any(p["syncStatus"] in _OPEN for p in shown) and (left := ends - time.monotonic()) > 0:
        time.sleep(min(_LOOKS_EVERY_S, left))
        shown = [p for p in _parameters(api, device) if p["name"] in wanted]
    show(shown, _COLUMNS, output)
    if wait is not None:
        _judge(shown, wait)


def parsed(text: str) -> tuple[str, dict[str, Any]]:
    """`NAME=VALUE` or `NAME:TYPE=VALUE` as the API takes it. Errors: click.BadParameter."""
    left, equals, value = text.partition("=")
    name, _, kind = left.rpartition(":") if left.rpartition(":")[2] in _TYPES else (left, "", "")
    if not equals or not name:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    number = _number(value)
    kind = kind or _kind(number)
    if kind in {"STRING", "BINARY"}:
        return name, {"type": kind, "value": value}
    if number is None:
        raise click.BadParameter(f"{text!r}: {value!r} is no {kind}")
    return name, {"type": kind, "value": number}


def _number(text: str) -> int | float | None:
    try:
        read = json.loads(text)
    except ValueError:
        return None
    return read if isinstance(read, int | float) and not isinstance(read, bool) else None


def _kind(number: float | None) -> str:
    if number is None:
        return "STRING"
    if isinstance(number, float):
        return "FLOAT"
    return "UINT32" if _LARGEST_INT32 < number <= _LARGEST_UINT32 else "INT32"


def _parameters(api: Api, device: str) -> list[dict[str, Any]]:
    found = api.get(device_path(device, "config")).get("parameters", {})
    return [{"name": name, **parameter} for name, parameter in sorted(found.items())]


def _judge(shown: list[dict[str, Any]], wait: float) -> None:
    for parameter in shown:
        match parameter["syncStatus"]:
            case "OK":
                continue
            case "PENDING" | "SENT" as status:
                raise TimedOut(f"{parameter['name']} is still {status} after {wait:g} s")
            case status:
                raise Problem(f"{parameter['name']} is {status}")


_COLUMNS = {
    "name": lambda p: p["name"],
    "requested": lambda p: p.get("requested", {}).get("value"),
    "reported": lambda p: p.get("reported", {}).get("value"),
    "type": lambda p: (p.get("requested") or p.get("reported") or {}).get("type"),
    "status": lambda p: p["syncStatus"],
}
