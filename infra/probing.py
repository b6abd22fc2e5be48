"""Questions that AWS's documentation leaves open, put to a real account (or to the local stack) by one device of ours.

Each question is asked by a connection of its own; nothing of it stays behind but lines in logs.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from infra.probes.questions import Answer, Asked

PATIENCE_S = 10.0
_LOOKS, _BETWEEN_LOOKS_S = 60, 1.5
_EXACTLY_ONCE = 2
_NEWER = 5


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where the device connects. `ca` is a file of certificates to trust, None for those of the system."""

    host: str
    port: int
    ca: str | None
    username: str
    password: str


@dataclass
class Device:
    """An MQTT client, of 3.1.1 where `level` is not 5, whose callbacks fill in what the broker said.

    `will` is a topic and `said` what is published there; `given` is the id that the broker gave it, `acknowledged` has
    a reason for each PUBACK.
    """

    entrance: Entrance
    client_id: str
    password: str | None = None
    clean: bool = True
    level: int = 4
    will: str = ""
    said: str = ""
    kept: bool | None = None
    given: str = ""
    acknowledged: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    granted: list[int] = field(default_factory=list)
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        older = self.level != _NEWER
        self.mqtt = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=self.client_id,
            protocol=paho.MQTTv311 if older else paho.MQTTv5,
            clean_session=self.clean if older else None,
            reconnect_on_failure=False,
        )
        if self.will:
            self.mqtt.will_set(self.will, self.said, 1)
        # Port 8883 as firmware opens it: with SNI, without ALPN.
        self.mqtt.tls_set_context(ssl.create_default_context(cafile=self.entrance.ca))
        self.mqtt.username_pw_set(self.entrance.username, self.password or self.entrance.password)
        self.mqtt.on_connect = lambda _c, _d, flags, code, told: self._connected(flags, str(code), told)
        self.mqtt.on_publish = lambda _c, _d, _m, code, _p: self._note(self.acknowledged, str(code))
        self.mqtt.on_disconnect = lambda _c, _d, _f, code, _p: self._note(self.codes, f"closed: {code}")
        self.mqtt.on_subscribe = lambda _c, _d, _m, codes, _p: self._note(self.granted, *(c.value for c in codes))
        self.mqtt.on_message = lambda _c, _d, m: self._note(self.messages, (m.topic, m.payload))

    def __enter__(self) -> Self:
        self.mqtt.connect(self.entrance.host, self.entrance.port, keepalive=30)
        self.mqtt.loop_start()
        return self

    def __exit__(self, *_: object) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def _connected(self, flags: Any, code: str, told: Any) -> None:
        self.kept = flags.session_present
        self.given = str(getattr(told, "AssignedClientIdentifier", ""))
        self._note(self.codes, code)

    def break_off(self) -> None:
        """As a device that loses its power."""
        wire: Any = self.mqtt.socket()
        if wire is not None:
            wire.shutdown(socket.SHUT_RDWR)
        self.wait(lambda: len(self.codes) > 1)

    @property
    def first(self) -> str:
        return self.codes[0] if self.codes else "no answer"

    @property
    def last(self) -> str:
        return self.codes[-1] if len(self.codes) > 1 else f"silence for {PATIENCE_S:.0f} s"

    def _note(self, where: list[Any], *what: Any) -> None:
        with self._changed:
            where.extend(what)
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool]) -> bool:
        with self._changed:
            return self._changed.wait_for(condition, PATIENCE_S)

    @property
    def connected(self) -> bool:
        return "Success" in self.codes


def probe(entrance: Entrance, iot_data: Any, client_id: str, topic: str, other: str) -> list[Answer]:
    """`iot_data` is a client of the account's data endpoint, `topic` a downlink topic that the device may subscribe.

    `other` is the password by which the same device comes as another principal.
    """
    answers = []
    with Device(entrance, client_id) as device:
        device.wait(lambda: bool(device.codes))
        answers.append(
            Answer(
                Asked.WITHOUT_ALPN,
                device.connected,
                device.codes[0] if device.codes else "no answer",
            )
        )
        if not device.connected:
            return answers
        device.mqtt.subscribe(topic, 1)
        device.wait(lambda: bool(device.granted))
        answers.append(_direct_message(device, iot_data, topic))
        answers.append(_connection(device, iot_data))
    answers.append(_gone(iot_data, client_id))
    answers.append(_refusal(entrance, client_id))
    answers.append(_exactly_once(entrance, client_id, topic))
    answers.append(_kept_session(entrance, iot_data, client_id, topic))
    answers.append(_others_session(entrance, iot_data, client_id, topic, other))
    return answers


def _direct_message(device: Device, iot_data: Any, topic: str) -> Answer:
    question = Asked.DIRECT_MESSAGE
    began = time.monotonic()
    try:
        iot_data.send_direct_message(
            clientId=device.client_id, topic=topic, payload=b'{"probe":true}', confirmation=True, timeout=10
        )
    except Exception as error:  # noqa: BLE001 - whatever AWS says is the answer
        return Answer(question, yes=False, found=f"{type(error).__name__}: {error}")
    took = (time.monotonic() - began) * 1000
    arrived = device.wait(lambda: bool(device.messages))
    return Answer(question, arrived, f"confirmed after {took:.0f} ms, {'arrived' if arrived else 'did not arrive'}")


def _connection(device: Device, iot_data: Any) -> Answer:
    question = Asked.CONNECTIONS
    try:
        connection = iot_data.get_connection(clientId=device.client_id)
        found = iot_data.list_subscriptions(clientId=device.client_id).get("subscriptions", [])
    except Exception as error:  # noqa: BLE001 - whatever AWS says is the answer
        return Answer(question, yes=False, found=f"{type(error).__name__}: {error}")
    return Answer(question, bool(connection.get("connected") and found), f"{len(found)} subscriptions")


def _gone(iot_data: Any, client_id: str) -> Answer:
    """The device has just disconnected."""
    question = Asked.GONE
    began = time.monotonic()
    for _ in range(_LOOKS):
        # It may be asked once a second for a client, and has been asked just now.
        time.sleep(_BETWEEN_LOOKS_S)
        try:
            there = iot_data.get_connection(clientId=client_id).get("connected")
        except iot_data.exceptions.ResourceNotFoundException:
            there = False
        except iot_data.exceptions.ThrottlingException:
            continue
        except Exception as error:  # noqa: BLE001 - whatever AWS says is the answer
            return Answer(question, yes=False, found=f"{type(error).__name__}: {error}")
        if not there:
            return Answer(question, yes=True, found=f"within {time.monotonic() - began:.1f} s")
    return Answer(question, yes=False, found=f"not within {time.monotonic() - began:.0f} s")


def _kept_session(entrance: Entrance, iot_data: Any, client_id: str, topic: str) -> Answer:
    question = Asked.KEPT_SESSION
    if why := _leave_session(entrance, iot_data, client_id, topic):
        return Answer(question, yes=None, found=why)
    try:
        iot_data.delete_connection(clientId=client_id, cleanSession=True, preventWillMessage=True)
        said = "taken"
    except Exception as error:  # noqa: BLE001 - whatever AWS says is part of the answer
        said = type(error).__name__
    return _session_ended(question, entrance, client_id, entrance.password, f"DeleteConnection: {said}")


def _others_session(entrance: Entrance, iot_data: Any, client_id: str, topic: str, other: str) -> Answer:
    question = Asked.OTHERS_SESSION
    if why := _leave_session(entrance, iot_data, client_id, topic):
        return Answer(question, yes=None, found=why)
    return _session_ended(question, entrance, client_id, other, "another key of the tenant")


def _leave_session(entrance: Entrance, iot_data: Any, client_id: str, topic: str) -> str:
    """With a subscription, its device gone; or why there is none."""
    with Device(entrance, client_id, clean=False) as device:
        device.wait(lambda: bool(device.codes))
        device.mqtt.subscribe(topic, 1)
        if not device.wait(lambda: bool(device.granted)):
            return f"no session was kept: {device.codes}"
    _gone(iot_data, client_id)
    return ""


def _session_ended(question: Asked, entrance: Entrance, client_id: str, password: str, before: str) -> Answer:
    with Device(entrance, client_id, password=password, clean=False) as device:
        device.wait(lambda: bool(device.codes))
        found = device.kept if device.connected else None
    # Nothing of it stays behind.
    with Device(entrance, client_id) as device:
        device.wait(lambda: bool(device.codes))
    if found is None:
        return Answer(question, yes=None, found=f"{before}; the client was not let in again")
    return Answer(question, not found, f"{before}; the session was {'still there' if found else 'gone'}")


def _refusal(entrance: Entrance, client_id: str) -> Answer:
    with Device(entrance, client_id, password="wrong") as device:  # noqa: S106 - opens nothing, on purpose
        device.wait(lambda: bool(device.codes))
        found = device.codes[0] if device.codes else "no answer"
    return Answer(Asked.REFUSED, not found.startswith("closed"), found)


def _exactly_once(entrance: Entrance, client_id: str, topic: str) -> Answer:
    with Device(entrance, client_id) as device:
        device.wait(lambda: bool(device.codes))
        device.mqtt.subscribe(topic, _EXACTLY_ONCE)
        device.wait(lambda: bool(device.granted) or len(device.codes) > 1)
        if device.granted:
            return Answer(Asked.EXACTLY_ONCE, yes=True, found=f"granted {device.granted[0]}")
        found = device.codes[1] if len(device.codes) > 1 else f"silence for {PATIENCE_S:.0f} s"
    return Answer(Asked.EXACTLY_ONCE, yes=False, found=found)
