"""What is counted of Xyte: devices that register, are claimed, and ask all day whether something waits for them."""

from collections.abc import Callable
from typing import Any

from bench.units.awaited import Device
from bench.units.cloud import Cloud
from chalicelib import wiring
from chalicelib.fleet.access import tenants
from chalicelib.fleet.tenancy import settings

_MINUTE, _SECOND = 60_000, 1_000
_AN_HOUR = 60
_SEVERAL, _LOOKS = 10, 4
_SCHEDULED = dict.fromkeys(
    ("version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"), ""
)
_ORGANIZATION = "/core/v1/organization/devices"
_TELEMETRY = {"status": "online", "telemetries": {"temperature": 21.5, "mode": "auto", "volume": 40}}
_COMMAND = {"name": "reboot", "extra_params": {"delay": 5}}


class Asking:
    """A device that has registered; `say` sends telemetry and answers what waits."""

    def __init__(self, cloud: Cloud, hardware_key: str, serial: str) -> None:
        self.cloud = cloud
        self.serial = serial
        body = {"hardware_key": hardware_key, "mac": "00:11:22:33:44:55", "sn": serial, "firmware_version": "1.0.0"}
        made = cloud.request("POST", "/v1/devices", "", body)
        self.id, self.key = made["id"], made["access_key"]

    def ask(self, method: str, path: str = "", body: Any = None) -> Any:
        return self.cloud.request(method, f"/v1/devices/{self.id}{path}", "", body, bare=self.key)

    def say(self) -> Any:
        return self.ask("POST", "/telemetry", _TELEMETRY)


class Bench:
    """An organization with a model, a device that it has claimed, one that nobody has, and one over MQTT.

    `told` are the commands that came to the last.
    """

    def __init__(self, cloud: Cloud, name: str = "organization") -> None:
        self.cloud = cloud
        self.numbered = 0
        tenant, _, self.key = tenants.create(wiring.ports(), name)
        self.tenant = tenant.id
        settings.open_dialect(wiring.ports(), tenant.id, "xyte")
        # Let in just now, which other instances know after a minute.
        cloud.clock.at += 2 * _MINUTE
        self.hardware_key = self.ask("POST", "/core/v1/models", {"name": "Pump"})["hardware_key"]
        self.device, self.nobodys = self.made(), self.made()
        self.claim(self.device)
        self.connected = self.made()
        self.claim(self.connected)
        # Who claims a device closes whatever session it has.
        cloud.settle()
        self.told: list[Any] = []
        self.wire = Device(self.connected.id, answer=self._note)
        cloud.connect(self.wire, self.connected.key, self.topic("command"), username=self.connected.id)
        cloud.settle()

    def warm(self) -> None:
        """Entries and settings were just looked at: that is remembered for a minute."""
        self.cloud.clock.at += 2 * _MINUTE - self.cloud.clock.at % _MINUTE - _SECOND
        for device in (self.device, self.nobodys):
            device.say()
        self.publish("telemetry", _TELEMETRY)

    def topic(self, name: str) -> str:
        return f"v1/device/{self.connected.id}/{name}"

    def publish(self, name: str, body: Any) -> None:
        """What the device says that comes over MQTT, and all that this sets going."""
        self.cloud.publish(self.wire, self.topic(name), body)
        self.cloud.settle()

    def _note(self, _topic: str, body: Any) -> None:
        self.told.append(body)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.cloud.request(method, path, "", body, bare=self.key)

    def made(self) -> Asking:
        self.numbered += 1
        return Asking(self.cloud, self.hardware_key, f"serial-{self.numbered}")

    def claim(self, device: Asking) -> None:
        self.ask("POST", f"{_ORGANIZATION}/claim", {"mac": "00:11:22:33:44:55", "sn": device.serial})


def xyte_register(bench: Bench) -> int:
    bench.made()
    return 1


def xyte_claim(bench: Bench) -> int:
    with bench.cloud.meter.paused():
        device = bench.made()
    bench.claim(device)
    return 1


def xyte_telemetry(bench: Bench) -> int:
    """Of a device that is online, while its instance remembers it."""
    bench.device.say()
    return 1


def xyte_telemetry_unclaimed(bench: Bench) -> int:
    bench.nobodys.say()
    return 1


def xyte_command(bench: Bench) -> int:
    """Its device hears of it by its telemetry, asks for it, begins it and has done it."""
    with bench.cloud.meter.paused():
        bench.ask("POST", f"{_ORGANIZATION}/{bench.device.id}/commands", _COMMAND)
        bench.cloud.settle()
    return _carried_out(bench)


def xyte_command_made(bench: Bench) -> int:
    """The same with the request of the organization, and all that it sets going."""
    bench.ask("POST", f"{_ORGANIZATION}/{bench.device.id}/commands", _COMMAND)
    bench.cloud.settle()
    return _carried_out(bench)


def xyte_configuration(bench: Bench) -> int:
    """Its device hears of it by its telemetry, asks for it, and sends back what it goes by then."""
    with bench.cloud.meter.paused():
        bench.numbered += 1
        content = {"input": "hdmi", "volume": bench.numbered}
        bench.ask("PATCH", f"{_ORGANIZATION}/{bench.device.id}", {"configuration": content})
        bench.cloud.settle()
    _ensure(bench.device.say()["config_version"] > 0)
    told = bench.device.ask("GET", "/config")
    _ensure(told["config"] == content)
    _ensure(bench.device.ask("POST", "/config", told)["version"] == told["version"])
    bench.cloud.settle()
    return 1


def xyte_licence(bench: Bench) -> int:
    """Its device hears of it by its telemetry, asks for it, and puts it to use."""
    with bench.cloud.meter.paused():
        bench.ask("POST", f"{_ORGANIZATION}/{bench.device.id}/licenses", {"data": {"seats": 5}})
        bench.cloud.settle()
    _ensure(bench.device.say()["new_licenses"])
    licence = bench.device.ask("GET", "/license")
    bench.device.ask("POST", "/licenses", {"id": licence["id"], "state": "inuse"})
    bench.cloud.settle()
    with bench.cloud.meter.paused():
        _ensure(not bench.device.say()["new_licenses"])
    return 1


def xyte_looked_at(bench: Bench) -> int:
    """A device that tells something every minute, looked at by the sweep when its threshold is over; ten in a run."""
    with bench.cloud.meter.paused():
        several = [bench.made() for _ in range(_SEVERAL)]
        for device in several:
            bench.claim(device)
            device.say()
        bench.cloud.settle()
        bench.cloud.invoke("sweep", _SCHEDULED)
    looks = 0
    for _ in range(_LOOKS):
        with bench.cloud.meter.paused():
            bench.cloud.clock.at += _MINUTE
            for device in several:
                device.say()
            bench.cloud.clock.at += _MINUTE
        bench.cloud.invoke("sweep", _SCHEDULED)
        looks += len(several)
    return looks


def xyte_telemetry_mqtt(bench: Bench) -> int:
    """A message a minute over MQTT, its instance remembering it; what is written now and then has its share."""
    for _ in range(_AN_HOUR):
        bench.cloud.clock.at += _MINUTE
        bench.publish("telemetry", _TELEMETRY)
    return _AN_HOUR


def xyte_command_mqtt(bench: Bench) -> int:
    """Its device is told, begins it and has done it."""
    with bench.cloud.meter.paused():
        made = bench.ask("POST", f"{_ORGANIZATION}/{bench.connected.id}/commands", _COMMAND)
    bench.cloud.settle()
    _ensure([command["id"] for command in bench.told] == [made["id"]])
    for status in ("in_progress", "done"):
        bench.publish("command/update", {"id": made["id"], "status": status})
    with bench.cloud.meter.paused():
        (shown,) = bench.ask("GET", f"{_ORGANIZATION}/{bench.connected.id}/commands")["items"]
    _ensure(shown["status"] == "done")
    return 1


def _carried_out(bench: Bench) -> int:
    _ensure(bench.device.say()["command"])
    command = bench.device.ask("GET", "/command")
    for status in ("in_progress", "done"):
        bench.device.ask("POST", "/command", {"id": command["id"], "status": status})
    bench.cloud.settle()
    with bench.cloud.meter.paused():
        _ensure(not bench.device.say()["command"])
    return 1


def _ensure(held: bool) -> None:  # noqa: FBT001 - it is all that is said
    if not held:
        raise RuntimeError("the device was not told what waits for it, or is told it still")


OPERATIONS: tuple[Callable[[Bench], int], ...] = (
    xyte_register,
    xyte_claim,
    xyte_telemetry,
    xyte_telemetry_unclaimed,
    xyte_command,
    xyte_command_made,
    xyte_configuration,
    xyte_licence,
    xyte_looked_at,
    xyte_telemetry_mqtt,
    xyte_command_mqtt,
)
