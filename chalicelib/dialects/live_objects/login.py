"""Who an MQTT client of Live Objects is: the user name selects the mode, the password is an API key (manual 6.1.1)."""

from chalicelib.dialects.live_objects.identity import (
    APPLICATION_ID,
    CLIENT_ID,
    X_CONNECTOR,
    device_for_client,
    note,
)
from chalicelib.dialects.live_objects.topics import APPLICATION, CONNECTOR, DEVICE, DOORS
from chalicelib.dialects.registry import Refused
from chalicelib.fleet.access import callers, doors, keys
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.errors import Forbidden, Unauthenticated, UnknownCredential
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.fleet.presence.records import MQTT

BAD_CREDENTIALS, NOT_AUTHORIZED = 4, 5
"""CONNACK codes of manual 6.4."""

MODES = {
    "json+device": DEVICE,
    "connector": CONNECTOR,
    "application": APPLICATION,
}
_CONNECTORS = {DEVICE: MQTT, CONNECTOR: X_CONNECTOR}


KEEPS_SESSIONS = False
"""Manual 6.1: the server always starts a new session."""


def ignores_client_id(username: str) -> bool:
    """Manual 3.6.2."""
    return MODES.get(username) == APPLICATION


def recognises(username: str, client: str) -> bool:  # noqa: ARG001 - other dialects look at the client id
    return username in MODES


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
    mode = MODES[username]
    try:
        caller = callers.of_key(keys.authenticate(ports, password))
    except (Unauthenticated, UnknownCredential) as error:
        raise Refused(str(error), BAD_CREDENTIALS, _owner(ports, password)) from error
    try:
        doors.ensure_open(DOORS[mode], caller, secured=secured)
    except Forbidden as error:
        raise Refused(str(error), NOT_AUTHORIZED, caller) from error
    if mode != DEVICE and not secured:
        # Manual 6.2 and 6.6.1: plain MQTT is for devices.
        raise Refused(f"the mode {mode} has to be secured by TLS", NOT_AUTHORIZED, caller)
    if mode != APPLICATION and not CLIENT_ID.fullmatch(client):
        raise Refused(
            "a client id has 1 to 128 letters, digits, colons, hyphens and underscores", NOT_AUTHORIZED, caller
        )
    if not APPLICATION_ID.fullmatch(client):
        raise Refused("a client id has 1 to 128 printable characters but $ in front, + and #", NOT_AUTHORIZED, caller)
    candidate = Candidate(
        client=client,
        dialect="live_objects",
        mode=mode,
        connector=_CONNECTORS.get(mode, ""),
        device=device_for_client(client) if mode == DEVICE else None,
        username=username,
        server_name=server_name,
        secured=secured,
        note=note(MQTT, client) if mode == DEVICE else None,
        entitled=mode == APPLICATION and client.startswith(f"{caller.tenant}:"),
    )
    return caller, candidate


def _owner(ports: Ports, password: str) -> Caller | None:
    """Whom to tell that they were refused."""
    key = keys.owner(ports, password)
    return None if key is None else callers.of_key(key)
