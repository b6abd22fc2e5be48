"""Credentials for devices that come with none, and tokens for those that have some (guide "MQTT", "Device life cycle").

A device asks again and again on `s/ucr` until somebody has accepted it, and may ask once more after that.
"""

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
    try:
        given = registration.poll(ports, client.serial, tenant=tenant)
    except RequestNotFound:
        return
    text = rows.render(("70", given.tenant, given.user, given.password))
    replying.reply(ports, claim, topics.CREDENTIALS, text, uplink.event)


def token(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """`s/uat`: a token for as long as the session is the user's who came with a password."""
    given = tokens.of_session(ports, present(ports, claim), claim.username, claim.server_name or "")
    replying.reply(ports, claim, topics.TOKENS, rows.render(("71", given)), uplink.event)
