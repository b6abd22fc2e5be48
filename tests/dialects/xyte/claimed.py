"""A device that its organization has claimed, for tests of what it does then."""

from dataclasses import dataclass
from typing import Any

from tests.dialects.xyte.client import Client, Device
from tests.fakes import MemoryPorts


@dataclass(frozen=True)
class Owned:
    organization: Client
    device: Device
    model: str

    @property
    def ports(self) -> MemoryPorts:
        return self.organization.ports

    @property
    def tenant(self) -> str:
        return self.organization.tenant.id

    @property
    def urn(self) -> str:
        """Its id in the fleet."""
        return f"urn:lo:nsid:xyte:{self.device.id}"

    def another(self, **about: Any) -> "Owned":
        """One more device of the same organization and model."""
        return Owned(self.organization, claimed(self.organization, self.model, **about), self.model)


def owning(ports: MemoryPorts | None = None, name: str = "acme", mac: str = "", sn: str = "", **model: Any) -> Owned:
    organization = Client(ports or MemoryPorts(), name)
    hardware_key = organization.model(**model)
    named = {key: value for key, value in {"mac": mac, "sn": sn}.items() if value}
    return Owned(organization, claimed(organization, hardware_key, **named), hardware_key)


def claimed(organization: Client, hardware_key: str, **about: Any) -> Device:
    shown = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1", **about}
    device = organization.register(hardware_key, **shown)
    proof = {name: shown[name] for name in ("mac", "sn")}
    reply = organization.call("POST", "/core/v1/organization/devices/claim", proof)
    assert reply.status == 200, reply.raw
    return device
