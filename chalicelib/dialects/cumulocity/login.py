"""Who an MQTT client is: `tenant/user` and a password, for the device that its client id names (guide "MQTT").

A device that has no credentials yet comes as the bootstrap user of the stage, whose password everybody may know: it
holds no client id, and is not let in under that of a client which is connected.
"""

from chalicelib.dialects.cumulocity import appearing, bootstrap, device_users, naming, reach, registration, waiting
from chalicelib.dialects.cumulocity.naming import DIALECT, Client
from chalicelib.dialects.cumulocity.topics import BOOTSTRAP, DEVICE, DOORS
from chalicelib.dialects.registry import Refused
from chalicelib.fleet.access import basic, callers, doors, keys, secrets
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Conflict, Forbidden, RateLimitReached, Unauthenticated, UnknownCredential
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.fleet.presence.records import MQTT

BAD_IDENTIFIER, BAD_CREDENTIALS, NOT_AUTHORIZED = 2, 4, 5
"""CONNACK codes of MQTT 3.1.1 chapter 3.2.2.3."""

KEEPS_SESSIONS = False
"""Clients have to ask for a clean session (guide "MQTT", "MQTT clean session")."""


def ignores_client_id(username: str) -> bool:  # noqa: ARG001 - it is the client id that says which device it is
    return False


def recognises(username: str, client: str) -> bool:  # noqa: ARG001 - other dialects look at the client id
    return "/" in username


def authenticate(
    ports: Ports,
    *,
    username: str,
    password: str,
    client: str,
    server_name: str | None,
    secured: bool = True,
    address: str = "",
) -> tuple[Caller, Candidate]:
    found = naming.parse_client(client)
    if found is None:
        raise Refused(
            f"a client id is d:, a serial of at most {naming.LONGEST} bytes, perhaps : and a collection", BAD_IDENTIFIER
        )
    tenant, _, name = username.partition("/")
    if not name.startswith(device_users.PREFIX) and bootstrap.fits(ports, username, password):
        return _bootstrap(ports, found, username, server_name, secured=secured)
    caller = _caller(ports, tenant, name, password, secured=secured, address=address)
    candidate = Candidate(
        client=client,
        dialect=DIALECT,
        mode=DEVICE,
        connector=MQTT,
        device=_device(ports, caller, found),
        username=username,
        server_name=server_name,
        secured=secured,
        node=found.serial if found.serial != client else "",
        relays=True,
    )
    return caller, candidate


def _bootstrap(
    ports: Ports, found: Client, username: str, server_name: str | None, *, secured: bool
) -> tuple[Caller, Candidate]:
    """It is the tenant's where the device was registered, if it was."""
    waits = waiting.find(ports, found.serial)
    tenant = waiting.holder(waits) if waits is not None else bootstrap.TENANT
    held = ports.claims.current(found.text)
    if held is not None and not held.vacant and ports.delivery.connected(found.text):
        raise Refused("a client with this id is connected", NOT_AUTHORIZED)
    caller = callers.of_device(tenant, None, frozenset({Role.DEVICE_ACCESS}), found.text)
    candidate = Candidate(
        client=found.text,
        dialect=DIALECT,
        mode=BOOTSTRAP,
        username=username,
        server_name=server_name,
        secured=secured,
        passing=True,
    )
    return caller, candidate


def _caller(ports: Ports, tenant: str, name: str, password: str, *, secured: bool, address: str) -> Caller:
    try:
        caller = _proven(ports, tenant, name, password, address)
    except (Unauthenticated, UnknownCredential, RateLimitReached) as error:
        raise Refused(str(error), BAD_CREDENTIALS) from error
    if caller.tenant != tenant or ports.tenants.settings(tenant).objects is None:
        raise Refused("the credentials are of another tenant, or it has no such API", BAD_CREDENTIALS)
    if not reach.bounded(caller):
        try:
            doors.ensure_open(DOORS[DEVICE], caller, secured=secured)
        except Forbidden as error:
            raise Refused(str(error), NOT_AUTHORIZED, caller) from error
    return caller


def _proven(ports: Ports, tenant: str, name: str, password: str, address: str) -> Caller:
    """Errors: Unauthenticated, UnknownCredential, RateLimitReached."""
    if name.startswith(device_users.PREFIX):
        caller = device_users.authenticate(
            ports, tenant, name, password, lambda user: registration.used(ports, user), address, anew=True
        )
        if caller is not None:
            return caller
    if secrets.is_foreign(password) or secrets.parse(password) is not None:
        return callers.of_key(keys.authenticate(ports, password))
    return basic.authenticate(ports, name, password, address=address, tenant=tenant)


def _device(ports: Ports, caller: Caller, found: Client) -> str:
    """The device that the client is, made now where nobody has heard of it."""
    held = ports.devices.owner(caller.tenant, MQTT, found.serial)
    if held is None:
        try:
            return appearing.device(ports, caller, found.serial)
        except (Forbidden, Conflict) as error:
            raise Refused(str(error), NOT_AUTHORIZED, caller) from error
    number = naming.number_of(held)
    one = ports.objects.get(caller.tenant, number) if number is not None else None
    if reach.bounded(caller) and (one is None or not reach.has(ports, caller, one)):
        raise Refused("this device belongs to somebody else", NOT_AUTHORIZED, caller)
    return held
