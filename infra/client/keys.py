"""`keys …`: what opens a tenant's doors."""

import re
import sys
from typing import Any

import click

from infra.client.api import Api, path
from infra.client.output import formatted, moment, show, show_one, told
from infra.client.problems import Misconfigured
from infra.client.program import with_api

_KEYS = "/api/v0/apiKeys"
_UNITS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
_COLUMNS = {
    "id": lambda k: k["id"],
    "label": lambda k: k.get("label"),
    "state": lambda k: "expired" if k["expired"] else "active" if k["active"] else "disabled",
    "until": lambda k: moment(k.get("to")),
    "roles": lambda k: " ".join(k["roles"]),
}


@click.group(help="API keys: list, make, revoke.")
def group() -> None:
    pass


@group.command("ls")
@formatted
@with_api
def ls(api: Api, *, output: str) -> None:
    """List the keys of the tenant; their secrets are shown nowhere."""
    show(api.numbered(_KEYS), _COLUMNS, output)


@group.command("create")
@click.option("--role", "roles", multiple=True, required=True, help="What it may do; repeat the option for more.")
@click.option("--label", default="", help="What people know it by, at most 24 characters.")
@click.option("--valid-for", metavar="SPAN", help="From now on, such as 12h or 30d. Default: without end.")
@click.option("--fifo", "fifos", multiple=True, help="For this FIFO only; repeat the option for more.")
@formatted
@with_api
def create(
    api: Api, *, roles: tuple[str, ...], label: str, valid_for: str | None, fifos: tuple[str, ...], output: str
) -> None:
    """Make a key below yours and print it, with its secret: that is shown this once."""
    body: dict[str, Any] = {"parentId": api.get(f"{_KEYS}/current_key")["id"], "roles": [r.upper() for r in roles]}
    body |= {"label": label} if label else {}
    body |= {"ttl": span(valid_for)} if valid_for else {}
    body |= {"scope": {"fifos": list(fifos)}} if fifos else {}
    show_one(api.call("POST", _KEYS, body), {**_COLUMNS, "secret": lambda k: k["value"]}, output)


@group.command("rm")
@click.argument("key")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_api
def rm(api: Api, *, key: str, yes: bool) -> None:
    """Revoke the key of that id, and all keys below it: who carries one is shut out."""
    if not yes:
        if not sys.stdin.isatty():
            raise Misconfigured(f"nobody is there to be asked whether to revoke {key}: say --yes")
        click.confirm(f"Revoke {key} and all keys below it?", abort=True, err=True)
    api.call("DELETE", path(_KEYS, key))
    told(f"revoked {key}")


def span(text: str) -> int:
    """Milliseconds of a span such as 90m, 12h, 30d or 2w. Errors: click.BadParameter."""
    found = re.fullmatch(r"([1-9]\d{0,5})([mhdw])", text)
    if found is None:
        raise click.BadParameter(f"{text!r} is no span: give a number and m, h, d or w, such as 30d")
    return int(found[1]) * _UNITS[found[2]]
