"""`data …`: what devices said."""

import csv
import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, count
from typing import Any

import click

from infra.client.api import PAGE, Api, device_path, path
from infra.client.output import formatted, line, show
from infra.client.program import with_api

_LOOKS_EVERY_S = 2.0
_STREAMS_EVERY = 10
"""Looks after which new streams of a device are looked for."""
_MOST_STREAMS = 100
_LATE_S = 60
"""How much older than the newest message one may be, and still be seen when it comes after it."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

_COLUMNS = {
    "timestamp": lambda m: m["timestamp"],
    "stream": lambda m: m["streamId"],
    "value": lambda m: m.get("value"),
}


@click.group(help="What devices said: follow it, export it.")
def group() -> None:
    pass


def _of(command: Callable[..., Any]) -> Callable[..., Any]:
    command = click.option("--stream", "streams", multiple=True, help="This stream; repeat the option for more.")(
        command
    )
    return click.argument("device", required=False)(command)


@group.command("tail")
@_of
@click.option("-n", "most", type=click.IntRange(0, PAGE), default=10, show_default=True, help="Begin with so many.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what comes, until Ctrl-C.")
@formatted
@with_api
def tail(api: Api, *, device: str | None, streams: tuple[str, ...], most: int, follow: bool, output: str) -> None:
    """Show the last messages of a device, or of streams, and with -f those that follow."""
    source = Source(api, device, streams)
    seen = sorted(source.newest(most), key=_order)
    last = seen[-most:] if most else []
    show(chain(last, source.following(seen) if follow else ()), _COLUMNS, output, first=max(len(last), 1))


@group.command("export")
@_of
@click.option("--from", "start", metavar="TIME", help="Not before, in ISO 8601.")
@click.option("--to", "end", metavar="TIME", help="Before, in ISO 8601.")
@click.option("--format", "format_", type=click.Choice(["json", "csv"]), default="json", show_default=True)
@click.option("--field", "fields", multiple=True, metavar="PATH", help="For csv: a column of its own, such as gps.lat.")
@with_api
def export(
    api: Api,
    *,
    device: str | None,
    streams: tuple[str, ...],
    start: str | None,
    end: str | None,
    format_: str,
    fields: tuple[str, ...],
) -> None:
    """Write all messages of a device, or of streams, to standard output, the newest first.

    In csv the value is one column of JSON, or a column for each --field. Texts that a spreadsheet would take for
    formulas begin with ' there; json has everything as it is.
    """
    found = Source(api, device, streams).all(start, end)
    if format_ == "json":
        for message in found:
            line(message)
        return
    click.echo(row(["timestamp", "stream", "device", "model", *(fields or ["value"])]), nl=False)
    for message in found:
        told = message.get("metadata", {}).get("source")
        values = [field(message.get("value"), name) for name in fields] or [message.get("value")]
        click.echo(row([message["timestamp"], message["streamId"], told, message.get("model"), *values]), nl=False)


class Source:
    """The messages of a device, of streams, or of a device in streams. Errors: click.UsageError (of neither)."""

    def __init__(self, api: Api, device: str | None, streams: Sequence[str]) -> None:
        if device is None and not streams:
            raise click.UsageError("name a device, or a --stream")
        self._api = api
        self._device = device
        self._named = streams

    def newest(self, most: int) -> list[Any]:
        """So many of each stream."""
        return [m for stream in self._streams() for m in self._read(stream, limit=max(most, 1))]

    def all(self, start: str | None, end: str | None) -> Iterator[Any]:
        for stream in self._streams():
            bookmark = None
            while page := self._page(stream, limit=PAGE, timeRange=_range(start, end), bookmarkId=bookmark):
                yield from filter(self._wanted, page)
                bookmark = page[-1]["id"]

    def following(self, seen: Sequence[Any], sleep: Callable[[float], None] = time.sleep) -> Iterator[Any]:
        """What comes after `seen`, for ever; what was sent late by up to a minute too."""
        known = {message["id"] for message in seen}
        newest = max(map(_order, seen), default=("", ""))
        # What lay within the time allowed for late messages when this began is not late: it was not asked for.
        begun = newest
        streams: list[str] = []
        for look in count():
            if look % _STREAMS_EVERY == 0 or not streams:
                streams = self._streams()
            since = _range(_earlier(newest[0]), None) if newest[0] else None
            found = [m for stream in streams for m in self._read(stream, limit=PAGE, timeRange=since)]
            for message in sorted((m for m in found if m["id"] not in known), key=_order):
                if look or _order(message) > begun:
                    yield message
                newest = max(newest, _order(message))
            known |= {message["id"] for message in found}
            sleep(_LOOKS_EVERY_S)

    def _streams(self) -> list[str]:
        if self._named:
            return list(self._named)
        used = self._api.get(device_path(str(self._device), "data", "streams"), limit=_MOST_STREAMS)
        return [stream["streamId"] for stream in used]

    def _read(self, stream: str, **query: Any) -> list[Any]:
        return list(filter(self._wanted, self._page(stream, **query)))

    def _page(self, stream: str, **query: Any) -> list[Any]:
        page: list[Any] = self._api.get(path("/api/v0/data/streams", stream), **query)
        return page

    def _wanted(self, message: Any) -> bool:
        return self._device is None or message.get("metadata", {}).get("source") == self._device


def row(values: Sequence[Any]) -> str:
    """A line of CSV (RFC 4180)."""
    written = io.StringIO()
    csv.writer(written).writerow([_harmless(value) for value in values])
    return written.getvalue()


def field(value: Any, name: str) -> Any:
    """What stands at a path such as `gps.lat`; None where there is nothing."""
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _harmless(value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return "" if value is None else json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _order(message: Any) -> tuple[str, str]:
    return message["timestamp"], message["id"]


def _range(start: str | None, end: str | None) -> str | None:
    return f"{start or ''},{end or ''}" if start or end else None


def _earlier(timestamp: str) -> str:
    from datetime import datetime, timedelta

    at = datetime.fromisoformat(timestamp) - timedelta(seconds=_LATE_S)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
