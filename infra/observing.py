"""The broker's own events, heard by the operator: an MQTT client that signs in with AWS credentials, over WebSocket."""

import json
import queue
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, ReadOnlyCredentials
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from infra.probes.questions import Answer, Asked

PROVIDED_FOR_S = 150
"""How far time stamps may be off without an end that belongs to the wrong tenant."""
_WITHIN_S = 30.0
_VALID_S = 300
_FAILED = 128
Events = Callable[[], list[dict[str, Any]]]
"""What was heard, up to the end of a connection or until time is up; `heardAt` is when, in seconds."""


def signed_path(host: str, region: str, credentials: ReadOnlyCredentials | Credentials) -> str:
    """Path and query of the WebSocket (AWS IoT developer guide, "Device communication protocols")."""
    request = AWSRequest("GET", f"https://{host}/mqtt")
    # Unlike elsewhere at AWS, the token of credentials that expire is not signed.
    lasting = Credentials(credentials.access_key, credentials.secret_key)
    SigV4QueryAuth(lasting, "iotdevicegateway", region, expires=_VALID_S).add_auth(request)
    token = f"&X-Amz-Security-Token={quote(credentials.token, safe='')}" if credentials.token else ""
    return str(request.url).removeprefix(f"https://{host}") + token


@contextmanager
def hearing(host: str, port: int, path: str, name: str, ca: str | None, topics: Sequence[str]) -> Iterator[Events]:
    """`name` is the client id of the operator's own connection. Errors: OSError where it is not let in."""
    heard: queue.Queue[dict[str, Any]] = queue.Queue()
    ready: queue.Queue[bool] = queue.Queue()
    mqtt = paho.Client(CallbackAPIVersion.VERSION2, client_id=name, transport="websockets", protocol=paho.MQTTv311)
    mqtt.tls_set_context(ssl.create_default_context(cafile=ca))
    # The signature is of the name alone, without the port.
    mqtt.ws_set_options(path=path, headers=lambda given: {**given, "Host": host})

    def connected(client: paho.Client, _data: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if not code.is_failure:
            client.subscribe([(topic, 1) for topic in topics])

    mqtt.on_connect = connected
    # Also that of a connection that was refused.
    mqtt.on_disconnect = lambda *_: ready.put(item=False)
    mqtt.on_subscribe = lambda _c, _d, _m, codes, _p: ready.put(all(code.value < _FAILED for code in codes))
    mqtt.on_message = lambda _c, _d, message: heard.put({**json.loads(message.payload), "heardAt": time.time()})
    try:
        mqtt.connect(host, port, keepalive=30)
    except paho.WebsocketConnectionError as error:
        raise OSError(f"{host} takes no WebSocket with these credentials: {error}") from error
    mqtt.loop_start()
    try:
        if not _next(ready):
            raise OSError(f"{host} lets nobody hear its events with these credentials")
        yield lambda: _all(heard)
    finally:
        mqtt.disconnect()
        mqtt.loop_stop()


def _next(ready: "queue.Queue[bool]") -> bool:
    try:
        return ready.get(timeout=_WITHIN_S)
    except queue.Empty:
        return False


def _all(heard: "queue.Queue[dict[str, Any]]") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    ends = time.monotonic() + _WITHIN_S
    while True:
        kinds = [event.get("eventType") for event in found]
        over = "disconnected" in kinds and kinds.count("disconnected") >= kinds.count("connected")
        try:
            found.append(heard.get(timeout=0 if over else max(0.0, ends - time.monotonic())))
        except queue.Empty:
            return found


def judged(events: Sequence[dict[str, Any]], principal: str) -> list[Answer]:
    """What lifecycle events of clients that came in as `principal` say."""
    same, one, near = Asked.PRINCIPAL, Asked.SESSION, Asked.STAMPS
    if not events:
        return [Answer(question, yes=None, found="no event was heard") for question in (same, one, near)]
    said = {str(event.get("principalIdentifier", "")) for event in events}
    began, ended = (_sessions(events, kind) for kind in ("connected", "disconnected"))
    off = max(abs(event["heardAt"] - event["timestamp"] / 1000) for event in events)
    return [
        Answer(same, said == {principal}, f"{', '.join(sorted(said))} of {principal}"),
        Answer(one, None if not ended else "" not in ended and ended <= began, f"{len(ended)} ends of {len(began)}"),
        Answer(near, off <= PROVIDED_FOR_S, f"heard {off:.1f} s from what they say, at most"),
    ]


def _sessions(events: Sequence[dict[str, Any]], kind: str) -> set[str]:
    return {str(event.get("sessionIdentifier", "")) for event in events if event.get("eventType") == kind}
