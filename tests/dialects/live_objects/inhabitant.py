"""A tenant of Live Objects, for the walks through every dialect."""

from collections.abc import Mapping

from chalicelib.dialects.live_objects.identity import device_for_client
from tests.dialects.live_objects.client import Client
from tests.dialects.live_objects.furnished import furnish
from tests.dialects.walked import Login
from tests.fakes import MemoryPorts

USERNAMES = {"device": "json+device", "connector": "connector", "application": "application"}


class Inhabitant:
    def __init__(self, ports: MemoryPorts, name: str) -> None:
        self.client = Client(ports, name)
        self.tenant = self.client.tenant.id
        self.secrets = (self.client.master.id, self.client.secret)
        word = name.replace(" ", "")
        self.logins = {m: Login(user, f"{m}of{word}", self.client.secret) for m, user in USERNAMES.items()}
        own = device_for_client(self.logins["device"].client)
        self.speaking = {"device_id": own, "stream_id": own}

    def furnish(self, word: str) -> dict[str, str]:
        return furnish(self.client, word)

    def posing(self, mode: str, victim: Mapping[str, Login]) -> Login:
        return victim[mode]._replace(password=self.client.secret)
