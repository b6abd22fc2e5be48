"""Who an MQTT client is: a device, by its id as user name and client id, and its access key (MQTT Basics).

One that nobody owns holds no client id: nothing of it is stored, and it comes in again when it has an owner. As such
comes in, too, whose owner has deleted it by another API, which is found out as it speaks.
"""

import re

from chalicelib.dialects.registry import Refused
from chalicelib.dialects.xyte import identities
from chalicelib.dialects.xyte.topics import DEVICE
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.fleet.presence.records import MQTT

NOT_AUTHORIZED = 5
KEEPS_SESSIONS = True
"""Whether the original platform goes on with an earlier session of a client that asks for it."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def recognises(username: str, client: str) -> bool:
    return username == client and _UUID.fullmatch(username) is not None


def ignores_client_id(username: str) -> bool:  # noqa: ARG001 - it is its user name as well
    return False


def authenticate(
    ports: Ports,
    *,
    username: str,
    password: str,
    client: str,
    server_name: str | None,
    secured: bool = True,
    address: str = "",  # noqa: ARG001 - its keys are not guessed
) -> tuple[Caller, Candidate]:
    found = identities.current(ports, client)
    if found is None or not found.entry.fits(password):
        raise Refused("the key is not that device's", NOT_AUTHORIZED)
    owner = found.owner
    if owner is not None and ports.mailboxes.get(owner, found.device) is None:
        owner = None
    device = found.device if owner is not None else None
    tenant = owner if owner is not None else found.entry.maker
    caller = callers.of_device(tenant, device, frozenset({Role.DEVICE_ACCESS}), client)
    candidate = Candidate(
        client=client,
        dialect="xyte",
        mode=DEVICE,
        connector=MQTT if device is not None else "",
        device=device,
        username=username,
        server_name=server_name,
        secured=secured,
        passing=device is None,
        registers=False,
    )
    return caller, candidate
