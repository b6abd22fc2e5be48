"""`fifo …`: queues for applications.

REST has no operation that takes a message out of a FIFO: `fifo read` does what every application does, and subscribes
over MQTT (Live Objects manual 3.6.2). A message is acknowledged, and so removed, when it was printed.
"""

import json
import queue
import secrets
import time
from typing import TYPE_CHECKING, Any, Self

import click

from infra.client.api import Api, Place, path, sendable
from infra.client.output import formatted, harmless, line, show
from infra.client.problems import Problem, Refused, TimedOut, Unreachable, Unusable
from infra.client.program import with_api

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

_FIFOS = "/api/v0/topics/fifo"
_MQTTS = 8883
_CONNECTS_WITHIN_S = 30
_REFUSED = 128
_UNAUTHORIZED, _FORBIDDEN = 401, 403


@click.group(help="FIFOs: how full they are, what is in them.")
def group() -> None:
    pass


@group.command("ls")
@formatted
@with_api
def ls(api: Api, *, output: str) -> None:
    """List FIFOs with how many messages wait and how many consumers there are."""
    columns = {
        "name": lambda f: f["name"],
        "messages": lambda f: f["messages"],
        "bytes": lambda f: f["messageBytes"],
        "consumers": lambda f: f["consumers"],
        "most bytes": lambda f: None if f["maxLengthBytes"] < 0 else f["maxLengthBytes"],
    }
    show(api.numbered(_FIFOS), columns, output)


@group.command("read")
@click.argument("name")
@click.option("-n", "count", type=click.IntRange(1), metavar="COUNT", help="End after so many. Default: when idle.")
@click.option(
    "--idle",
    type=click.FloatRange(0),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="End after such a pause.",
)
@click.option("-f", "--follow", is_flag=True, help="Go on until Ctrl-C, however long the pauses.")
@formatted
@with_api
def read(api: Api, *, name: str, count: int | None, idle: float, follow: bool, output: str) -> None:
    """Take messages out of a FIFO and print them. What was printed is gone from the FIFO.

    The key needs the role BUS_R. With -o json each line is {"message": …}, or {"text": …} where it is no JSON.
    """
    _ensure_there(api, name)
    with _Subscription(api.place, name) as subscription:
        taken = 0
        while count is None or taken < count:
            message = subscription.next(None if follow else idle)
            if message is None:
                break
            _print(bytes(message.payload), output)
            click.get_text_stream("stdout").flush()
            subscription.acknowledge(message)
            taken += 1
    if count is not None and taken < count:
        raise TimedOut(f"{taken} of {count} messages came")


def _ensure_there(api: Api, name: str) -> None:
    """Whoever subscribes to a FIFO that is not there is told nothing. Errors: Refused."""
    try:
        api.get(path(_FIFOS, name))
    except Refused as error:
        # A key that may read a FIFO need not be one that may look at it.
        if error.status not in (_UNAUTHORIZED, _FORBIDDEN):
            raise


def _print(payload: bytes, output: str) -> None:
    text = payload.decode(errors="replace")
    if output != "json":
        click.echo(harmless(text))
        return
    try:
        line({"message": json.loads(text)})
    except ValueError:
        line({"text": text})


class _Subscription:
    """One connection in application mode. Errors: Unreachable, Problem (the key or the FIFO is refused)."""

    def __init__(self, place: Place, name: str) -> None:
        from urllib.parse import urlsplit

        self._place = place
        self._topic = f"fifo/{sendable(name)}"
        self._host, self._port = place.mqtt or (urlsplit(place.url).hostname or "", _MQTTS)
        self._events: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._client = self._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def next(self, seconds: float | None) -> "MQTTMessage | None":
        """The next message, None when none comes for so long."""
        ends = None if seconds is None else time.monotonic() + seconds
        while True:
            try:
                # A wait without end cannot be interrupted everywhere.
                left = 60.0 if ends is None else max(0.0, ends - time.monotonic())
                kind, what = self._events.get(timeout=left)
            except queue.Empty:
                if ends is None:
                    continue
                return None
            if kind == "message":
                message: MQTTMessage = what
                return message
            if kind == "closed":
                raise Unreachable(f"{self._host}:{self._port} has closed the connection")

    def acknowledge(self, message: "MQTTMessage") -> None:
        self._client.ack(message.mid, message.qos)

    def _connected(self) -> "Client":
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        # Two readers of one name would close each other's connection.
        client = Client(CallbackAPIVersion.VERSION2, f"homeport-{secrets.token_hex(8)}", manual_ack=True)
        client.username_pw_set("application", self._place.key)
        client.on_connect = lambda *a: self._events.put(("connected", a[3]))
        client.on_subscribe = lambda *a: self._events.put(("subscribed", a[3]))
        client.on_message = lambda *a: self._events.put(("message", a[2]))
        client.on_disconnect = lambda *_: self._events.put(("closed", None))
        try:
            client.tls_set(self._place.ca)
            client.connect(self._host, self._port)
        except (OSError, ValueError) as error:
            raise Unreachable(f"{self._host}:{self._port} cannot be reached: {error}") from None
        client.loop_start()
        try:
            self._subscribe(client)
        except BaseException:
            client.disconnect()
            client.loop_stop()
            raise
        return client

    def _subscribe(self, client: "Client") -> None:
        reason = self._event("connected")
        if reason.value:
            raise Problem(f"{self._host}:{self._port} refuses the key: {reason}")
        try:
            client.subscribe(self._topic, 1)
        except ValueError:
            raise Unusable(f"{self._topic!r} is no topic of a FIFO") from None
        granted = self._event("subscribed")
        if granted[0].value >= _REFUSED:
            raise Problem(f"{self._topic} is refused: the key needs the role BUS_R, and this FIFO in its scope")

    def _event(self, wanted: str) -> Any:
        try:
            kind, what = self._events.get(timeout=_CONNECTS_WITHIN_S)
        except queue.Empty:
            raise Unreachable(f"{self._host}:{self._port} does not answer in time") from None
        if kind != wanted:
            raise Problem(f"{self._host}:{self._port} has closed the connection: the key needs the role BUS_R")
        return what
