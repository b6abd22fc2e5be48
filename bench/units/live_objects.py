"""What is counted of Live Objects: each operation as devices and clients perform it, all warm that would be warm."""

import json
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import quote

from bench.units.awaited import Device
from bench.units.cloud import STAGE, Cloud
from chalicelib import wiring
from chalicelib.dialects import topics
from chalicelib.fleet.access import tenants
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from infra.stage import Stage

COMMANDS, CONFIGURATION = "dev/cmd", "dev/cfg/upd"
ABSENT = "urn:lo:nsid:bench:device-001"
MESSAGES_A_MINUTE = 60
PAGE = 20
PAYLOAD_BYTES, SMALL_BYTES = 1024, 300
_MINUTE = 60_000
_SCHEDULED = dict.fromkeys(
    ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"), ""
)
_SECOND = 1_000


class Bench:
    """A tenant with one device that is connected, and some that never were."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.chance = Random(1)
        self.numbered = 0
        tenant, _, self.key = tenants.create(wiring.ports(), "bench")
        self.tenant = tenant.id
        for number in range(1, 2 * PAGE):
            urn = f"urn:lo:nsid:bench:device-{number:03}"
            self.request("POST", "devices", {"id": urn, "name": f"Device {number}", "tags": ["bench"]})
        self.device = Device("urn:lo:nsid:bench:device-000")
        cloud.connect(self.device, self.key, COMMANDS, CONFIGURATION)
        self.neighbour = Device("urn:lo:nsid:bench:neighbour")
        cloud.connect(self.neighbour, self.key, COMMANDS, CONFIGURATION)
        self.visitor = Device("urn:lo:nsid:bench:visitor")
        cloud.disconnect(self.visitor, cloud.connect(self.visitor, self.key, COMMANDS, CONFIGURATION))
        cloud.settle()

    def warm(self) -> None:
        """The last second of a minute: what functions remember for a minute is fresh, the next minute is not begun."""
        self.cloud.clock.at += 2 * _MINUTE - self.cloud.clock.at % _MINUTE - _SECOND
        self.say({"warm": True})
        self.request("GET", f"devices/{quote(self.device.client)}")
        self.cloud.settle()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        return self.cloud.request(method, f"/api/v1/deviceMgt/{path}", self.key, body)

    def post(self, path: str, body: Any) -> Any:
        return self.cloud.request("POST", path, self.key, body)

    def get(self, path: str) -> Any:
        return self.cloud.request("GET", path, self.key)

    def data(self, method: str, path: str) -> Any:
        return self.cloud.request(method, f"/api/v0/{path}", self.key)

    def say(self, value: Any, topic: str = "dev/data") -> None:
        self.cloud.publish(self.device, topic, {"s": "bench", "v": value})

    def order(self, device: str, **policy: Any) -> str:
        value = {"req": "reboot", "arg": {"delay": 5}}
        body = {"request": {"connector": "mqtt", "value": value}, "policy": policy}
        return str(self.request("POST", f"devices/{quote(device)}/commands", body)["id"])

    def ended(self, command: str) -> str:
        """The command's last status, read past the meter."""
        with self.cloud.meter.paused():
            return str(self.request("GET", f"commands/{command}")["status"])


def reading(chance: Random, size: int = PAYLOAD_BYTES) -> dict[str, float]:
    """Sensor values that make a message of so many bytes, 1 KB where none are named."""
    values: dict[str, float] = {}
    while len(json.dumps({"s": "bench", "v": values})) < size - 20:
        values[f"sensor{len(values)}"] = round(chance.uniform(-50, 150), 2)
    return values


def telemetry(bench: Bench) -> int:
    """A message a second; what is written once in a quarter of an hour is not among them."""
    bench.cloud.clock.at += _SECOND
    for _ in range(MESSAGES_A_MINUTE):
        bench.say(reading(bench.chance))
        bench.cloud.settle()
        bench.cloud.clock.at += 960
    return MESSAGES_A_MINUTE


def telemetry_minute(bench: Bench) -> int:
    """A message a minute of one device among others."""
    return _every(bench, 1, times=60)


def telemetry_usual(bench: Bench) -> int:
    """The usual device: a message every five minutes, one device among others."""
    return _every(bench, 5, times=72)


def telemetry_small(bench: Bench) -> int:
    """The same with 300 bytes."""
    return _every(bench, 5, times=72, size=SMALL_BYTES)


def telemetry_hour(bench: Bench) -> int:
    """A message an hour of one device among others."""
    return _every(bench, 60, times=6)


def telemetry_alone(bench: Bench) -> int:
    """A message every five minutes of the only device that there is."""
    return _every(bench, 5, times=72, among_others=False)


def telemetry_basic_ingest(bench: Bench) -> int:
    """The usual device's message, by a topic that names the rule: IoT Core bills no message."""
    return _every(bench, 5, times=72, topic=topics.ingested(Stage(STAGE).rule(""), "dev/data"))


def telemetry_elsewhere(bench: Bench) -> int:
    """A message every five minutes, each to an instance of the function that knows of nothing yet."""
    bench.cloud.clock.at += 15 * _MINUTE
    for _ in range(12):
        bench.cloud.clock.at += 5 * _MINUTE
        bench.cloud.begin_anew()
        bench.say(reading(bench.chance))
        bench.cloud.settle()
    return 12


def _every(
    bench: Bench,
    minutes: int,
    *,
    times: int,
    among_others: bool = True,
    size: int = PAYLOAD_BYTES,
    topic: str = "dev/data",
) -> int:
    """Six hours, after which a stream is written anew, or one; what all devices of a tenant share, others have read."""
    bench.cloud.clock.at += 15 * _MINUTE
    for _ in range(times):
        bench.cloud.clock.at += minutes * _MINUTE
        if among_others:
            with bench.cloud.meter.paused():
                bench.cloud.publish(bench.neighbour, "dev/data", {"v": {"n": 1}})
                bench.cloud.settle()
        bench.say(reading(bench.chance, size), topic)
        bench.cloud.settle()
    return times


def idle_minute(bench: Bench) -> int:
    """A stage in which nothing happens: the sweep looks for what is due."""
    with bench.cloud.meter.paused():
        # What its queue is called is asked once.
        bench.cloud.invoke("sweep", _SCHEDULED)
    bench.cloud.invoke("sweep", _SCHEDULED)
    return 1


def command_none(bench: Bench) -> int:
    return _command(bench, "PROCESSED", ackMode="NONE")


def command_network(bench: Bench) -> int:
    return _command(bench, "PROCESSED", ackMode="NETWORK")


def command_applicative(bench: Bench) -> int:
    bench.device.answer = _answer
    return _command(bench, "PROCESSED", ackMode="APPLICATIVE", ackTimeoutInSeconds=60)


def command_retried(bench: Bench) -> int:
    """The device acknowledges the first attempt's message and says nothing; it answers the second."""
    bench.device.answer = lambda _topic, _payload: None
    command = bench.order(bench.device.client, ackMode="APPLICATIVE", ackTimeoutInSeconds=60, attempts=2)
    bench.cloud.settle()
    bench.device.answer = _answer
    bench.cloud.run_out()
    bench.cloud.settle()
    _ensure(bench, command, "PROCESSED")
    return 1


def command_applicative_queue(bench: Bench) -> int:
    """The same where SQS keeps deadlines: that of a command which was answered comes all the same."""
    with bench.cloud.meter.paused():
        # Its contact is written beforehand, and not with the answer.
        bench.cloud.clock.at += 15 * _MINUTE
        bench.warm()
        bench.say({"warm": True})
        bench.cloud.settle()
    with bench.cloud.queued_deadlines():
        command_applicative(bench)
        bench.cloud.run_out()
        bench.cloud.settle()
    return 1


def command_expired_queue(bench: Bench) -> int:
    with bench.cloud.queued_deadlines():
        return command_expired(bench)


def command_expired(bench: Bench) -> int:
    command = bench.order(ABSENT, ackMode="APPLICATIVE", ackTimeoutInSeconds=60, expirationInSeconds=60)
    bench.cloud.settle()
    bench.cloud.run_out()
    bench.cloud.settle()
    _ensure(bench, command, "EXPIRED")
    return 1


def config_roundtrip(bench: Bench) -> int:
    """A client sets a target, the device gets it and reports what it has now."""
    bench.device.answer = _adopt
    parameters = {"logLevel": {"type": "STRING", "value": f"level {bench.chance.random()}"}}
    bench.request("POST", f"devices/{quote(bench.device.client)}/config", {"parameters": parameters})
    bench.cloud.settle()
    with bench.cloud.meter.paused():
        found = bench.request("GET", f"devices/{quote(bench.device.client)}/config")
    if found["parameters"]["logLevel"]["syncStatus"] != "OK":
        raise RuntimeError(f"the configuration did not arrive: {found}")
    return 1


def device_get(bench: Bench) -> int:
    bench.request("GET", f"devices/{quote(bench.device.client)}")
    return 1


def device_list_page(bench: Bench) -> int:
    if len(bench.request("GET", f"devices?limit={PAGE}")) != PAGE:
        raise RuntimeError("the page is not full")
    return 1


def connect_disconnect(bench: Bench) -> int:
    """A device that was there before comes, subscribes once, and goes."""
    session = bench.cloud.connect(bench.visitor, bench.key, COMMANDS, CONFIGURATION)
    bench.cloud.settle()
    bench.cloud.disconnect(bench.visitor, session)
    bench.cloud.settle()
    return 1


def device_register(bench: Bench) -> int:
    """A device with an interface, over the API."""
    _register(bench)
    return 1


def device_register_limited(bench: Bench) -> int:
    """The same for a tenant that has a limit of devices, which were counted before."""
    with bench.cloud.meter.paused():
        _limit(bench, 1_000)
        _register(bench)
    _register(bench)
    with bench.cloud.meter.paused():
        _limit(bench, None)
    return 1


OPERATIONS: tuple[Callable[[Bench], int], ...] = (
    telemetry,
    telemetry_minute,
    telemetry_usual,
    telemetry_small,
    telemetry_hour,
    telemetry_alone,
    telemetry_basic_ingest,
    command_none,
    command_network,
    command_applicative,
    command_retried,
    command_applicative_queue,
    command_expired,
    config_roundtrip,
    device_get,
    device_list_page,
    connect_disconnect,
    device_register,
    device_register_limited,
    command_expired_queue,
    telemetry_elsewhere,
    idle_minute,
)


def _register(bench: Bench) -> None:
    bench.numbered += 1
    urn = f"urn:lo:nsid:bench:new-{bench.numbered}"
    interface = {"connector": "mqtt", "definition": {"clientId": urn}}
    bench.request("POST", "devices", {"id": urn, "interfaces": [interface]})


def _limit(bench: Bench, most: int | None) -> None:
    settings.set_quotas(wiring.ports(), bench.tenant, {Stored.DEVICES: most})


def _command(bench: Bench, status: str, **policy: Any) -> int:
    command = bench.order(bench.device.client, **policy)
    bench.cloud.settle()
    _ensure(bench, command, status)
    return 1


def _ensure(bench: Bench, command: str, status: str) -> None:
    ended = bench.ended(command)
    if ended != status:
        raise RuntimeError(f"the command is {ended}, not {status}")


def _answer(topic: str, payload: Any) -> tuple[str, Any] | None:
    return ("dev/cmd/res", {"res": {"done": True}, "cid": payload["cid"]}) if topic == COMMANDS else None


def _adopt(topic: str, payload: Any) -> tuple[str, Any] | None:
    return ("dev/cfg", {"cfg": payload["cfg"], "cid": payload["cid"]}) if topic == CONFIGURATION else None
