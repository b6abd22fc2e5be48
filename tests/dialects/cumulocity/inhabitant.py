"""A tenant of Cumulocity's API, for the walks through every dialect."""

from collections.abc import Mapping

from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import furnish
from tests.dialects.walked import Login
from tests.fakes import MemoryPorts


class Inhabitant:
    def __init__(self, ports: MemoryPorts, name: str) -> None:
        self.client = Client(ports, name)
        self.tenant = self.client.tenant.id
        self.secrets = (self.client.key.id, self.client.secret)
        self.logins: Mapping[str, Login] = {}
        self.speaking: Mapping[str, str] = {}

    def furnish(self, word: str) -> dict[str, str]:
        return furnish(self.client, word)

    def posing(self, mode: str, victim: Mapping[str, Login]) -> Login:
        return victim[mode]
