"""Questions that AWS's documentation leaves open, put to a real account (or to the local stack) by one device of ours.

Each question is asked by a connection of its own; nothing of it stays behind but lines in logs.
"""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

PATIENCE_S = 10.0
_LOOKS, _BETWEEN_LOOKS_S = 60, 1.5
_EXACTLY_ONCE = 2


@dataclass(frozen=True, slots=True)
class Entrance:
    """Where the device connects. `ca` is a file of certificates to trust, None for those of the system."""

    host: str
    port: int
    ca: str | None
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`yes` is None where the question could not be put."""

    question: str
    yes: bool | None
    found: str


@dataclass
class _Device:
    """An MQTT 3.1.1 client, whose callbacks fill in what the broker said."""

    entrance: Entrance
    client_id: str
    password: str | None = None
    clean: bool = True
    kept: bool | None = None
    codes: list[str] = field(default_factory=list)
    granted: list[int] = field(default_factory=list)
    messages: list[tuple[str, bytes]] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.mqtt = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=self.client_id, protocol=paho.MQTTv311, clean_session=self.clean
        )
        # Port 8883 as firmware opens it: with SNI, without ALPN.
        self.mqtt.tls_set_context(ssl.create_default_context(cafile=self.entrance.ca))
        self.mqtt.username_pw_set(self.entrance.username, self.password or self.entrance.password)
        self.mqtt.on_connect = lambda _c, _d, flags, code, _p: self._connected(flags.session_present, str(code))
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

    def _connected(self, kept: bool, code: str) -> None:  # noqa: FBT001 - as paho hands it
        self.kept = kept
        self._note(self.codes, code)

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


def probe(entrance: Entrance, iot_data: Any, client_id: str, topic: str) -> list[Answer]:
    """`iot_data` is a client of the account's data endpoint, `topic` a downlink topic that the device may subscribe."""
    answers = []
    with _Device(entrance, client_id) as device:
        device.wait(lambda: bool(device.codes))
        answers.append(
            Answer(
                "Does a password client reach port 8883 without ALPN?",
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
    return answers


def _direct_message(device: _Device, iot_data: Any, topic: str) -> Answer:
    question = "Does a custom-authorizer client receive direct messages, confirmed?"
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


def _connection(device: _Device, iot_data: Any) -> Answer:
    question = "Do GetConnection and ListSubscriptions know such a client?"
    try:
        connection = iot_data.get_connection(clientId=device.client_id)
        found = iot_data.list_subscriptions(clientId=device.client_id).get("subscriptions", [])
    except Exception as error:  # noqa: BLE001 - whatever AWS says is the answer
        return Answer(question, yes=False, found=f"{type(error).__name__}: {error}")
    return Answer(question, bool(connection.get("connected") and found), f"{len(found)} subscriptions")


def _gone(iot_data: Any, client_id: str) -> Answer:
    """The device has just disconnected."""
    question = "Does GetConnection say that a connection has gone?"
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
    question = "Does DeleteConnection end the kept session of a client that is not connected?"
    with _Device(entrance, client_id, clean=False) as device:
        device.wait(lambda: bool(device.codes))
        device.mqtt.subscribe(topic, 1)
        if not device.wait(lambda: bool(device.granted)):
            return Answer(question, yes=None, found=f"no session was kept: {device.codes}")
    _gone(iot_data, client_id)
    try:
        iot_data.delete_connection(clientId=client_id, cleanSession=True, preventWillMessage=True)
        said = "taken"
    except Exception as error:  # noqa: BLE001 - whatever AWS says is part of the answer
        said = type(error).__name__
    with _Device(entrance, client_id, clean=False) as device:
        device.wait(lambda: bool(device.codes))
        found = device.kept
    # Nothing of it stays behind.
    with _Device(entrance, client_id) as device:
        device.wait(lambda: bool(device.codes))
    if found is None:
        return Answer(question, yes=None, found=f"DeleteConnection: {said}; the client was not answered")
    return Answer(
        question, not found, f"DeleteConnection: {said}; the session was {'still there' if found else 'gone'}"
    )


def _refusal(entrance: Entrance, client_id: str) -> Answer:
    with _Device(entrance, client_id, password="wrong") as device:  # noqa: S106 - opens nothing, on purpose
        device.wait(lambda: bool(device.codes))
        found = device.codes[0] if device.codes else "no answer"
    return Answer("Does a refused client hear why (a CONNACK code)?", not found.startswith("closed"), found)


def _exactly_once(entrance: Entrance, client_id: str, topic: str) -> Answer:
    with _Device(entrance, client_id) as device:
        device.wait(lambda: bool(device.codes))
        device.mqtt.subscribe(topic, _EXACTLY_ONCE)
        device.wait(lambda: bool(device.granted) or len(device.codes) > 1)
        if device.granted:
            return Answer("Is SUBSCRIBE with QoS 2 answered?", yes=True, found=f"granted {device.granted[0]}")
        found = device.codes[1] if len(device.codes) > 1 else f"silence for {PATIENCE_S:.0f} s"
    return Answer("Is SUBSCRIBE with QoS 2 answered?", yes=False, found=found)
