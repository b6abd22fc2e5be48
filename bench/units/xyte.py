"""What is counted of Xyte: devices that register, are claimed, and ask all day whether something waits for them."""

from collections.abc import Callable
from typing import Any

from bench.units.cloud import Cloud
from chalicelib import wiring
from chalicelib.fleet.access import tenants
from chalicelib.fleet.tenancy import settings

_MINUTE, _SECOND = 60_000, 1_000
_ORGANIZATION = "/core/v1/organization/devices"
_TELEMETRY = {"status": "online", "telemetries": {"temperature": 21.5, "mode": "auto", "volume": 40}}


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
    """An organization with a model, a device that it has claimed, and one that nobody has."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.numbered = 0
        tenant, _, self.key = tenants.create(wiring.ports(), "organization")
        self.tenant = tenant.id
        settings.open_dialect(wiring.ports(), tenant.id, "xyte")
        # Let in just now, which other instances know after a minute.
        cloud.clock.at += 2 * _MINUTE
        self.hardware_key = self.ask("POST", "/core/v1/models", {"name": "Pump"})["hardware_key"]
        self.device, self.nobodys = self.made(), self.made()
        self.claim(self.device)

    def warm(self) -> None:
        """Entries and settings were just looked at: that is remembered for a minute."""
        self.cloud.clock.at += 2 * _MINUTE - self.cloud.clock.at % _MINUTE - _SECOND
        for device in (self.device, self.nobodys):
            device.say()
        self.cloud.settle()

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


OPERATIONS: tuple[Callable[[Bench], int], ...] = (
    xyte_register,
    xyte_claim,
    xyte_telemetry,
    xyte_telemetry_unclaimed,
)
