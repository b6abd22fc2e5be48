"""One tenant that has, or wants, a client id."""

from typing import Any

from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.walked import inhabitant
from tests.fakes import MemoryPorts

Who = tuple[str, str]
"""A dialect and a mode of it."""
DEVICE: Who = ("live_objects", "device")


class Side:
    """`rest` is the tenant's client of the core's resources, which any dialect's tenant may use."""

    def __init__(self, ports: MemoryPorts, who: Who, name: str) -> None:
        self.dialect, self.mode = who
        self.name = name
        lives = self.inhabitant = inhabitant(self.dialect, ports, name)
        self.tenant = lives.tenant
        _, secret, *_ = lives.secrets
        self.rest = Client.known(ports, self.tenant, secret, name)
        self.login = lives.logins[self.mode]
        self.webhook = f"https://hooks.example/{name}"

    def event(self, client: str) -> dict[str, Any]:
        """What a broker asks the authorizer about this tenant's client that calls itself so."""
        return self.login.knocking(client)

    def delete(self, path: str) -> None:
        reply = self.rest.call("DELETE", f"{DEVICES}/{path}")
        assert reply.status == 204, reply.raw
