"""A tenant of Cumulocity's API, for the walks through every dialect."""

from collections.abc import Mapping

from chalicelib.dialects.cumulocity import bootstrap
from tests.dialects.cumulocity.broker import PASSWORD, Broker
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.furnished import furnish
from tests.dialects.walked import Login
from tests.fakes import MemoryPorts

BOOTSTRAP = "management/devicebootstrap"


class Inhabitant:
    def __init__(self, ports: MemoryPorts, name: str) -> None:
        self.client = Client(ports, name)
        self.tenant = self.client.tenant.id
        self.secrets = (self.client.key.id, self.client.secret)
        broker, serial = Broker(self.client), f"{self.tenant}-pump"
        bootstrap.put(ports, BOOTSTRAP, "well known")
        self.logins: Mapping[str, Login] = {
            "device": Login(broker.user(serial), serial, PASSWORD),
            "bootstrap": Login(BOOTSTRAP, f"{self.tenant}-new", "well known"),
        }
        self.speaking: Mapping[str, str] = {}

    def furnish(self, word: str) -> dict[str, str]:
        return furnish(self.client, word)

    def posing(self, mode: str, victim: Mapping[str, Login]) -> Login:
        """Everybody may come as the bootstrap user, and is nobody then: one who does not know its password may not."""
        if mode == "bootstrap":
            return victim[mode]._replace(password="a guess")
        return self.logins[mode]._replace(client=victim[mode].client)
