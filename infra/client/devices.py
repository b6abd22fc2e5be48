"""`devices …`: the fleet."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import click

from infra.client.api import Api, device_path
from infra.client.output import formatted, show, show_one, told
from infra.client.problems import Misconfigured
from infra.client.program import with_api

_DEVICES = "/api/v1/deviceMgt/devices"
_NAMESPACE = "urn:lo:nsid:"
_FIELDS = "id,name,group,tags,interfaces"


@click.group(help="The fleet: list, register, tag, delete.")
def group() -> None:
    pass


@group.command("ls")
@click.option("--id", "id_", metavar="TEXT", help="Whose id has this in it.")
@click.option("--name", metavar="TEXT", help="Whose name is this; * at its ends stands for anything.")
@click.option("--group", "path", metavar="PATH", help="In this group; /a/* for all below it.")
@click.option("--tag", "tags", multiple=True, help="With this tag; repeat the option for more.")
@click.option("--connector", help="With an interface of this connector, such as mqtt.")
@click.option("--status", type=click.Choice(["ONLINE", "OFFLINE", "REGISTERED"], case_sensitive=False))
@click.option("--filter", "query", metavar="RSQL", help="Such as tags==eu;properties.model==x1.")
@click.option("--limit", type=click.IntRange(1), help="So many at most. Default: all.")
@formatted
@with_api
def ls(
    api: Api,
    *,
    id_: str | None,
    name: str | None,
    path: str | None,
    tags: tuple[str, ...],
    connector: str | None,
    status: str | None,
    query: str | None,
    limit: int | None,
    output: str,
) -> None:
    """List devices in the order of their ids."""
    asked = {
        "id": id_,
        "name": name,
        "groupPath": path,
        "tags": ",".join(tags) or None,
        "connectors": connector,
        "interfaces.status": status and status.upper(),
        "filterQuery": query,
    }
    columns = {
        "id": lambda d: d["id"],
        "name": lambda d: d.get("name") if d.get("name") != d["id"] else None,
        "group": lambda d: d["group"]["path"],
        "status": _status,
        "last contact": lambda d: max((i["lastContact"] for i in _interfaces(d) if "lastContact" in i), default=None),
        "tags": lambda d: d.get("tags"),
    }
    show(_found(api, asked, limit), columns, output)


def _found(api: Api, asked: Mapping[str, Any], limit: int | None) -> Iterator[Any]:
    """An id in full is that device alone; where there is none, those whose id goes on from there."""
    found = api.pages(_DEVICES, **asked, fields=_FIELDS, limit=limit)
    first = next(found, None)
    if first is not None:
        yield first
        yield from found
    elif (begun := asked["id"] or "").startswith(_NAMESPACE):
        shorter = {**asked, "id": begun.removeprefix(_NAMESPACE) or None}
        yield from api.pages(_DEVICES, **shorter, fields=_FIELDS, limit=limit)


@group.command("get")
@click.argument("device")
@formatted
@with_api
def get(api: Api, *, device: str, output: str) -> None:
    """Show all that is known of a device."""
    show_one(api.get(device_path(device)), _ALL, output)


@group.command("create")
@click.argument("device")
@click.option("--name", help="What people call it.")
@click.option("--description")
@click.option("--group", "path", metavar="PATH", help="The group that it is in. Default: /.")
@click.option("--tag", "tags", multiple=True, help="Repeat the option for more.")
@click.option("--property", "properties", multiple=True, metavar="NAME=VALUE", help="Repeat the option for more.")
@click.option("--mqtt", metavar="CLIENT_ID", help="Give it an interface of that client id; - for its own id.")
@formatted
@with_api
def create(
    api: Api,
    *,
    device: str,
    name: str | None,
    description: str | None,
    path: str | None,
    tags: tuple[str, ...],
    properties: tuple[str, ...],
    mqtt: str | None,
    output: str,
) -> None:
    """Register a device, urn:lo:nsid:NAMESPACE:ID, and show it.

    Devices that connect with MQTT and a key of role DEVICE_ACCESS register themselves.
    """
    body: dict[str, Any] = {
        "id": device,
        "name": name,
        "description": description,
        "group": None if path is None else {"path": path},
        "tags": list(tags) or None,
        "properties": dict(map(_named, properties)) or None,
    }
    if mqtt is not None:
        client = device if mqtt == "-" else mqtt
        body["interfaces"] = [{"connector": "mqtt", "enabled": True, "definition": {"clientId": client}}]
    made = api.call("POST", _DEVICES, {field: value for field, value in body.items() if value is not None})
    show_one(made, _ALL, output)


@group.command("rm")
@click.argument("devices", nargs=-1, required=True)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@with_api
def rm(api: Api, *, devices: tuple[str, ...], yes: bool) -> None:
    """Delete devices, with their commands and configurations. What they sent stays."""
    what = devices[0] if len(devices) == 1 else f"{len(devices)} devices"
    if not yes:
        if not sys.stdin.isatty():
            raise Misconfigured(f"nobody is there to be asked whether to delete {what}: say --yes")
        click.confirm(f"Delete {what}?", abort=True, err=True)
    for device in devices:
        api.call("DELETE", device_path(device))
    told(f"deleted {what}")


@group.command("tag")
@click.argument("devices", nargs=-1, required=True)
@click.option("--add", multiple=True, metavar="TAG", help="Repeat the option for more.")
@click.option("--remove", multiple=True, metavar="TAG", help="Repeat the option for more.")
@formatted
@with_api
def tag(api: Api, *, devices: tuple[str, ...], add: tuple[str, ...], remove: tuple[str, ...], output: str) -> None:
    """Add tags to devices, or remove some, and show what they have then."""
    if not add and not remove:
        raise click.UsageError("say which tags to --add or to --remove")

    def tagged(device: str) -> Any:
        present = api.get(device_path(device)).get("tags") or []
        wanted = [one for one in dict.fromkeys([*present, *add]) if one not in remove]
        return api.call("PATCH", device_path(device), {"id": device, "tags": wanted})

    show(map(tagged, devices), {"id": lambda d: d["id"], "tags": lambda d: d.get("tags")}, output)


def _named(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise click.BadParameter(f"{text!r} is not NAME=VALUE")
    return name, value


def _interfaces(device: Any) -> list[Any]:
    return device.get("interfaces") or []


def _status(device: Any) -> str | None:
    return ", ".join(f"{i['connector']} {i.get('status', '-')}" for i in _interfaces(device)) or None


_ALL = {
    "id": lambda d: d["id"],
    "name": lambda d: d.get("name"),
    "description": lambda d: d.get("description"),
    "group": lambda d: d["group"]["path"],
    "tags": lambda d: ", ".join(d.get("tags", [])) or None,
    "properties": lambda d: d.get("properties"),
    "interfaces": lambda d: [f"{i['connector']}:{i['nodeId']} {i.get('status', '-')}" for i in _interfaces(d)],
    "last contact": lambda d: max((i["lastContact"] for i in _interfaces(d) if "lastContact" in i), default=None),
    "configuration": lambda d: {key: value.get("value") for key, value in d.get("config", {}).items()} or None,
    "created": lambda d: d["created"],
    "updated": lambda d: d["updated"],
}
