"""CPU that HTTP Basic takes beside an API key, once a password has been proven: `python -m bench.basic`.

On ports in memory, so that nothing but the proof is counted.
"""

import base64
import time
from collections.abc import Callable

from chalicelib.dialects.cumulocity import device_users
from chalicelib.dialects.cumulocity.rest import access
from chalicelib.fleet.access import callers, users
from chalicelib.fleet.access.records import User
from chalicelib.fleet.access.roles import Role
from chalicelib.web.request import Headers, Request
from tests.dialects.cumulocity.client import Client

REQUESTS = 20_000
_PASSWORD = "A Long enough 1 password!"  # noqa: S105 - of nobody


def run() -> dict[str, float]:
    client = Client()
    ports, tenant = client.ports, client.tenant.id
    person = User(tenant, "u1", "ann", "ann@example.com", frozenset({Role.DATA_R}), ports.clock.now())
    users.create(ports, callers.of_key(client.key), person, _PASSWORD)
    made = ports.chance(device_users.CHANCE).hex()
    device_users.issue(ports, tenant, "device_d1", made, ports.clock.now())
    key = _each(client, f"{tenant}/any", client.secret)
    return {
        "api_key_us": key,
        "person_us_more": round(_each(client, f"{tenant}/ann", _PASSWORD) - key, 1),
        "device_us_more": round(_each(client, f"{tenant}/device_d1", made) - key, 1),
    }


def _each(client: Client, name: str, password: str) -> float:
    """Microseconds of CPU of one that was proven before."""
    encoded = base64.b64encode(f"{name}:{password}".encode()).decode()
    request = Request(headers=Headers({"Authorization": f"Basic {encoded}", "Host": "homeport.example.com"}))
    once: Callable[[], object] = lambda: access.authenticate(client.ports, request)  # noqa: E731 - said once
    once()
    began = time.process_time()
    for number in range(REQUESTS):
        if number % 40 == 0:
            # No device sends so many in one moment, and one that does is refused.
            client.ports.clock.advance(seconds=5)
        once()
    return round((time.process_time() - began) / REQUESTS * 1_000_000, 1)


if __name__ == "__main__":
    for name, value in run().items():
        print(f"{name:<20} {value:>8,}")
