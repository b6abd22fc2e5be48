"""An organization of IBM, for the walks through every dialect."""

from collections.abc import Mapping

from tests.dialects.ibm.client import V2, Client
from tests.dialects.ibm.furnished import furnish
from tests.dialects.ibm.site import Site
from tests.dialects.walked import Login
from tests.fakes import MemoryPorts

TOKEN = "use-token-auth"


class Inhabitant:
    def __init__(self, ports: MemoryPorts, name: str) -> None:
        self.client = Client(ports, name)
        self.tenant = org = self.client.org
        self.secrets = (self.client.key.id, self.client.token)
        device = self.client.registered("pump", "own")
        self.client.call("POST", f"{V2}/device/types", {"id": "gateway", "classId": "Gateway"})
        gateway = self.client.registered("gateway", "own")
        self.logins = {
            "device": Login(TOKEN, f"d:{org}:pump:own", device),
            "gateway": Login(TOKEN, f"g:{org}:gateway:own", gateway),
            "application": Login(self.client.credentials[0], f"a:{org}:app", self.client.token),
        }
        self.speaking = {"device_id": "own", "more": "own"}

    def furnish(self, word: str) -> dict[str, str]:
        return furnish(Site(self.client), word)

    def posing(self, mode: str, victim: Mapping[str, Login]) -> Login:
        return self.logins[mode]._replace(client=victim[mode].client)
