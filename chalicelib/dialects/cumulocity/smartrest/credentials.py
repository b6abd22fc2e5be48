"""Credentials for devices that come with none, and tokens for those that have some (guide "MQTT", "Device life cycle").

A device asks on `s/ucr`, again and again perhaps, and may ask once more after it has been answered. One that is still
there when somebody accepts it is told at once.
"""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import bootstrap, naming, registration, replying, tokens, topics, waiting
from chalicelib.dialects.cumulocity.errors import RequestNotFound
from chalicelib.dialects.cumulocity.smartrest import rows
from chalicelib.dialects.cumulocity.speaking import present
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.tenancy.records import Limit, Use

A_SECOND = 1
"""Looks a second at one id."""


def asked(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`s/ucr`: what it says does not matter. Nothing is answered for as long as nobody has accepted the device."""
    client = naming.parse_client(claim.client)
    if client is None:
        raise Malformed("this client id names no device")
    limit = Limit(Use.REQUESTS, A_SECOND, 1, f"credentials {waiting.key_of(client.serial)}")
    if ports.windows.spend("!", [limit], ports.clock.now()) is not None:
        return
    tenant = claim.tenant if claim.tenant != bootstrap.TENANT else None
    text = _given(ports, claim, client.serial, tenant)
    if text is not None:
        replying.reply(ports, claim, topics.CREDENTIALS, text, uplink.event)


def accepted(ports: Ports, matter: Mapping[str, Any]) -> None:
    """Somebody has accepted a device that asked a while ago: unless it listens no more, it need not ask again."""
    client, tenant, device = str(matter["client"]), str(matter["tenant"]), str(matter["device"])
    claim = Claim(client, tenant, naming.DIALECT, topics.BOOTSTRAP, None, ports.clock.now(), passing=True)
    try:
        waits = registration.find(ports, tenant, device).status is registration.Status.ACCEPTED
    except RequestNotFound:
        return
    # The broker answers one such question a second: it is asked once, and before anything is given.
    if waits and replying.listens(ports, claim, topics.CREDENTIALS, ask=True):
        text = _given(ports, claim, device, tenant)
        if text is not None:
            replying.tell(ports, claim, topics.CREDENTIALS, text)


def _given(ports: Ports, claim: Claim, device: str, tenant: str | None) -> str | None:
    try:
        given = registration.poll(ports, device, tenant=tenant, client=claim.client)
    except RequestNotFound:
        return None
    return rows.render(("70", given.tenant, given.user, given.password))


def token(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`s/uat`: a token for as long as the session is the user's who came with a password."""
    given = tokens.of_session(ports, present(ports, claim), claim.username, claim.server_name or "")
    replying.reply(ports, claim, topics.TOKENS, rows.render(("71", given)), uplink.event)
