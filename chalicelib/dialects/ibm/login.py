"""Who an MQTT client of IBM is: the client id names it, user name and password prove it (manual 5.2.2 and 5.3.2)."""

from chalicelib.dialects.ibm import inventory, tokens
from chalicelib.dialects.ibm.identity import API_KEY, DIALECT, Client, Name, api_key_name, parse_client
from chalicelib.dialects.ibm.topics import APPLICATION, DEVICE, DOORS, GATEWAY
from chalicelib.dialects.registry import Refused
from chalicelib.fleet.access import adopting, callers, doors, keys
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Forbidden, RateLimitReached, Unauthenticated, UnknownCredential
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.fleet.presence.records import MQTT

TOKEN = "use-token-auth"  # noqa: S105 - the user name of every device
BAD_IDENTIFIER, NOT_AUTHORIZED = 2, 5
"""CONNACK codes of MQTT 3.1.1 chapter 3.2.2.3; a wrong token was answered with 5."""

KEEPS_SESSIONS = True


def ignores_client_id(username: str) -> bool:  # noqa: ARG001 - it is the client id that says who a client is
    return False


def recognises(username: str, client: str) -> bool:
    return username == TOKEN or (username.startswith("a-") and client.startswith(("a:", "A:")))


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
    found = parse_client(client)
    if found is None:
        raise Refused("a client id is d:org:type:id, g:org:type:id or a:org:app", BAD_IDENTIFIER)
    if found.name is not None and username == TOKEN:
        caller = _device(ports, found, found.name, client, password, address)
        mode, connector, device = DEVICE if found.kind == "d" else GATEWAY, MQTT, found.name.fleet_id
    elif found.name is None and username != TOKEN:
        caller = _application(ports, found, username, password, secured=secured, address=address)
        mode, connector, device = APPLICATION, "", None
    else:
        raise Refused(f"the user name {username!r} does not go with this client id", NOT_AUTHORIZED)
    candidate = Candidate(
        client=client,
        dialect=DIALECT,
        mode=mode,
        connector=connector,
        device=device,
        username=username,
        server_name=server_name,
        secured=secured,
        # A client id names its organization: whoever else took it, through another dialect, gives it back.
        entitled=True,
        relays=found.kind == "g",
    )
    return caller, candidate


def _device(ports: Ports, found: Client, name: Name, client: str, password: str, address: str) -> Caller:
    """No API key stands behind a device: it has a token of its own, and may do what a device does."""
    device = ports.devices.get(found.organization, name.fleet_id)
    if device is None:
        raise Refused("this device is not registered", NOT_AUTHORIZED)
    known_as = callers.of_device if found.kind == "d" else callers.of_gateway
    own = known_as(found.organization, device.id, frozenset({Role.DEVICE_ACCESS}), client)
    try:
        known = device.interface(MQTT, client) is not None
        fits = known and tokens.fits(ports, device, inventory.own(device).get("token"), password, address=address)
    except RateLimitReached as error:
        raise Refused(str(error), NOT_AUTHORIZED, own) from error
    if not fits:
        raise Refused("the token is not that of the device", NOT_AUTHORIZED, own)
    return own


def key_of(ports: Ports, username: str, password: str, *, address: str = "") -> ApiKey:
    """The key with that name, by its token or one that it was given elsewhere; `address` is the client's, if known.

    Errors: Unauthenticated (not usable), UnknownCredential (no such key, or not its token), RateLimitReached.
    """
    key = keys.owner(ports, password)
    if key is not None and username != api_key_name(key.tenant, key.id):
        raise UnknownCredential("the token does not go with the API key")
    named = API_KEY.fullmatch(username)
    if key is None and named is not None:
        key = adopting.named(ports, named["organization"], username, password, address=address)
    if key is None:
        raise UnknownCredential("unknown API key")
    keys.use(ports, key)
    return key


def _application(ports: Ports, found: Client, username: str, password: str, *, secured: bool, address: str) -> Caller:
    try:
        caller = callers.of_key(key_of(ports, username, password, address=address))
    except (Unauthenticated, UnknownCredential, RateLimitReached) as error:
        raise Refused(str(error), NOT_AUTHORIZED, _owner(ports, password)) from error
    if caller.tenant != found.organization:
        raise Refused("this API key belongs to another organization", NOT_AUTHORIZED, caller)
    try:
        doors.ensure_open(DOORS[APPLICATION], caller, secured=secured)
    except Forbidden as error:
        raise Refused(str(error), NOT_AUTHORIZED, caller) from error
    return caller


def _owner(ports: Ports, password: str) -> Caller | None:
    """Whom to tell that they were refused."""
    key = keys.owner(ports, password)
    return None if key is None else callers.of_key(key)
