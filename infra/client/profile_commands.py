"""`profile …`: URL and key by a name."""

import sys
from pathlib import Path

import click

from infra.client import profiles
from infra.client.output import cell, formatted, show, told
from infra.client.problems import Misconfigured
from infra.client.program import environment


@click.group(help="Where commands work: URL and key by a name.")
def group() -> None:
    pass


@group.command("add")
@click.argument("name", default=profiles.DEFAULT)
@click.option("--url", required=True, help="Such as https://api.example.com.")
@click.option("--key-file", type=click.Path(), metavar="FILE", help="Where the key stands, - for standard input.")
@click.option("--ca", type=click.Path(exists=True, dir_okay=False), help="Certificates to trust for it.")
@click.option("--mqtt", metavar="HOST:PORT", help="MQTT over TLS. Default: port 8883 of the URL's host.")
@click.pass_context
def add(ctx: click.Context, name: str, url: str, key_file: str | None, ca: str | None, mqtt: str | None) -> None:
    """Remember a place as NAME; commands use the one called default unless told otherwise.

    The key is asked for, or read from a file: arguments are seen by everybody on the machine.
    """
    if not profiles.NAME.fullmatch(name):
        raise click.BadParameter(f"{name!r} is no name: take letters, digits, - and _")
    key = _key(key_file)
    table = {"url": profiles.checked_url(url, "--url"), "key": key, "ca": str(Path(ca).absolute()) if ca else ""}
    known = profiles.read(environment(ctx))
    path = profiles.write(environment(ctx), {**known, name: {**table, "mqtt": mqtt or ""}})
    told(f"{name} is in {cell(str(path), None)}")


@group.command("ls")
@formatted
@click.pass_context
def ls(ctx: click.Context, *, output: str) -> None:
    """List profiles, without their keys."""
    known = profiles.read(environment(ctx))
    shown = [{"name": name, **{k: v for k, v in table.items() if k != "key"}} for name, table in known.items()]
    columns = {"name": lambda p: p["name"], "url": lambda p: p.get("url"), "mqtt": lambda p: p.get("mqtt")}
    show(shown, columns, output)


@group.command("rm")
@click.argument("name")
@click.pass_context
def rm(ctx: click.Context, name: str) -> None:
    """Forget a profile; its key stays valid."""
    known = profiles.read(environment(ctx))
    if known.pop(name, None) is None:
        raise Misconfigured(f"there is no profile {name}")
    profiles.write(environment(ctx), known)
    told(f"forgot {name}")


def _key(file: str | None) -> str:
    if file is None:
        if not sys.stdin.isatty():
            raise Misconfigured("nobody is there to be asked for the key: say --key-file FILE, or - for standard input")
        key: str = click.prompt("API key", hide_input=True, err=True)
    else:
        try:
            with click.open_file(file, encoding="utf-8") as opened:
                key = opened.read()
        except (OSError, UnicodeDecodeError) as error:
            raise Misconfigured(f"{file} cannot be read: {error}") from None
    if not key.strip():
        raise Misconfigured("the key is empty")
    return profiles.checked_key(key.strip(), file or "API key")
