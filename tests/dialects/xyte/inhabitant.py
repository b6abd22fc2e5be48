"""A tenant of Xyte, for the walks through every dialect: it asks as an organization and as its device by turns."""

from collections.abc import Mapping
from typing import Any

from tests.dialects.walked import Login
from tests.dialects.xyte.client import Client, Device, Reply, send
from tests.dialects.xyte.furnished import furnish
from tests.fakes import MemoryPorts


class Walking:
    """Whatever is a device's is asked with the device's key."""

    def __init__(self, organization: Client, device: Device) -> None:
        self._organization = organization
        self._device = device

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Reply:
        key = self._device.key if path.startswith("/v1/") else self._organization.secret
        # Fuzzing asks more in a moment than a device may.
        self._organization.ports.clock.advance(ms=31_000)
        return send(self._organization.ports, method, path, body, key=key, raw=raw, headers=headers, **query)


class Inhabitant:
    def __init__(self, ports: MemoryPorts, name: str) -> None:
        self._organization = Client(ports, name)
        self._device = self._organization.register(self._organization.model(claim="automatic"), name=name)
        self.client = Walking(self._organization, self._device)
        self.tenant = self._organization.tenant.id
        self.secrets = (self._organization.key.id, self._organization.secret, self._device.key)
        self.speaking: Mapping[str, str] = {"device_id": self._device.id}
        self.logins = {"device": Login(self._device.id, self._device.id, self._device.key)}

    def furnish(self, word: str) -> dict[str, str]:
        return furnish(self._organization, self._device, word)

    def posing(self, mode: str, victim: Mapping[str, Login]) -> Login:
        return victim[mode]._replace(password=self._device.key)
