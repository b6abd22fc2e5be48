"""Clients of a running stack, as a customer's scripts and devices use them: REST and MQTT over TLS."""

import json
import queue
import time
from collections.abc import Callable
from typing import Any, Protocol, Self

import requests
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.local.running import RunningStack

PATIENCE_S = 120.0
_UNAVAILABLE, _ATTEMPTS = 136, 20
"""Only ever reached by a failing test, on whatever machine."""


def until(condition: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
    """What the condition answers once it answers something true."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if found := condition():
            return found
        time.sleep(0.05)
    raise AssertionError(f"it did not come true within {seconds} s")


def as_it_goes_on(condition: Callable[[], Any], progress: Callable[[], Any]) -> Any:
    """As `until`, for as long as there is progress, however slowly."""
    ends, seen = time.monotonic() + PATIENCE_S, progress()
    while time.monotonic() < ends:
        if found := condition():
            return found
        if (now := progress()) != seen:
            ends, seen = time.monotonic() + PATIENCE_S, now
        time.sleep(0.05)
    raise AssertionError(f"nothing has moved for {PATIENCE_S} s: {seen}")


class Served(Protocol):
    """A REST API somewhere, and a key to it."""

    @property
    def url(self) -> str: ...
    @property
    def api_key(self) -> str: ...


class Rest:
    """The REST API with one API key. `call` answers the response, `ok` insists on success and gives the body."""

    def __init__(self, stack: Served, api_key: str | None = None) -> None:
        self._url = stack.url
        self._session = requests.Session()
        self._session.headers["X-API-Key"] = api_key or stack.api_key

    def call(self, method: str, path: str, body: Any = None, **query: Any) -> requests.Response:
        return self._session.request(method, self._url + path, json=body, params=query, timeout=PATIENCE_S)

    def ok(self, method: str, path: str, body: Any = None, **query: Any) -> Any:
        answer = self.call(method, path, body, **query)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def get(self, path: str, **query: Any) -> Any:
        return self.ok("GET", path, **query)

    def post(self, path: str, body: Any) -> Any:
        return self.ok("POST", path, body)

    def total(self, path: str, **query: Any) -> int:
        """How many items a list has."""
        wanted = {"X-Total-Count": "true"}
        answer = self._session.get(self._url + path, params=query, headers=wanted, timeout=PATIENCE_S)
        assert answer.ok, answer.text
        return int(answer.headers["X-Total-Count"])

    def close(self) -> None:
        self._session.close()


class MqttClient:
    """A paho client over TLS. `messages` are (topic, payload) in order of arrival; a context manager that connects."""

    def __init__(
        self,
        stack: RunningStack,
        client_id: str,
        username: str,
        password: str,
        *,
        clean: bool = True,
        acknowledging: bool = True,
        level: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv311,
        will: tuple[str, str] | None = None,
        returning: bool = True,
    ) -> None:
        """One that is not `acknowledging` takes messages and never sends a PUBACK; `will` is a topic and what it says.

        One that is `returning` connects anew where its connection was closed.
        """
        self.messages: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.answer: Callable[[str, bytes], tuple[str, Any] | None] = lambda _topic, _payload: None
        self.closed = False
        self._stack = stack
        self._granted: queue.Queue[list[int]] = queue.Queue()
        self._connected: queue.Queue[int] = queue.Queue()
        self._paho = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=None if level is MQTTProtocolVersion.MQTTv5 else clean,
            protocol=level,
            manual_ack=not acknowledging,
            reconnect_on_failure=returning,
        )
        self._paho.username_pw_set(username, password)
        self._paho.tls_set(str(stack.ca))
        if will is not None:
            self._paho.will_set(*will, qos=1)
        self._paho.connect_timeout = PATIENCE_S
        self.resumed = False
        self._paho.on_connect = self._on_connect
        self._paho.on_subscribe = lambda *a: self._granted.put([code.value for code in a[3]])
        self._paho.on_disconnect = self._on_disconnect
        self._paho.on_message = self._on_message

    def __enter__(self) -> Self:
        self.join()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def join(self) -> None:
        """Connect, again while the broker says that it cannot yet: one that has just started may be slow."""
        codes = [self.connect()]
        while codes[-1] == _UNAVAILABLE and len(codes) < _ATTEMPTS:
            self._paho.loop_stop()
            self._connected, self.closed = queue.Queue(), False
            codes.append(self.connect())
        assert codes[-1] == 0, f"the connection was refused with {codes}"

    def connect(self) -> int:
        """The reason code of CONNACK, or -1 where the connection was closed without one."""
        self._paho.connect("localhost", self._stack.mqtts, 60)
        self._paho.loop_start()
        try:
            return self._connected.get(timeout=PATIENCE_S)
        except queue.Empty:
            return -1

    def close(self) -> None:
        self._paho.disconnect()
        self._paho.loop_stop()
        # A loop that ended by itself, while it was being thrown out, leaves them for the garbage collector.
        self._paho._reset_sockets()

    def freeze(self) -> None:
        """Go on without reading or writing anything; the connection stays open."""
        self._paho.loop_stop()

    def vanish(self) -> None:
        """End as a device does that loses its power: without DISCONNECT."""
        self.freeze()
        self._paho._reset_sockets()

    def subscribe(self, *filters: str, qos: int = 1) -> list[int]:
        """The codes of SUBACK."""
        self._paho.subscribe([(name, qos) for name in filters])
        return self._granted.get(timeout=PATIENCE_S)

    def publish(self, topic: str, body: Any, qos: int = 1) -> None:
        """Returns once the broker has acknowledged it."""
        payload = body if isinstance(body, (bytes, str)) else json.dumps(body)
        self._paho.publish(topic, payload, qos).wait_for_publish(PATIENCE_S)

    def raw_publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """With QoS 1, and without waiting for an acknowledgement that may never come."""
        self._paho.publish(topic, payload, 1, retain)

    def next(self, topic: str) -> Any:
        """The JSON body of the next message, which has to be on that topic."""
        came, payload = self.messages.get(timeout=PATIENCE_S)
        assert came == topic, f"a message came on {came}: {payload!r}"
        return json.loads(payload)

    def _on_message(self, _client: Any, _data: Any, message: paho.MQTTMessage) -> None:
        payload = bytes(message.payload)
        self.messages.put((message.topic, payload))
        reply = self.answer(message.topic, payload)
        if reply is not None:
            self._paho.publish(reply[0], json.dumps(reply[1]), 1)

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self.resumed = flags.session_present
        self._connected.put(reason.value)

    def _on_disconnect(self, *_: Any) -> None:
        self.closed = True
        # a broker that refuses may close without CONNACK
        self._connected.put(-1)
