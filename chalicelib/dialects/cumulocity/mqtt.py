"""What devices publish (guide "MQTT"), turned into calls of use cases."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.dialects.cumulocity import topics
from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.dialects.cumulocity.smartrest import credentials, static
from chalicelib.dialects.cumulocity.speaking import Speaker
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Direction, Uplink, matches
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.claims import Claim

Handler = Callable[[Ports, Claim, Uplink, Mode], None]


def receive(ports: Ports, claim: Claim, uplink: Uplink) -> None:
    """Dispatch by topic. Malformed for a topic or a payload that a client of that mode may not send."""
    _handler(claim, uplink.topic)(ports, claim, uplink, Mode.PERSISTENT)


def _handler(claim: Claim, topic: str) -> Handler:
    """Errors: Malformed."""
    for known in topics.TOPICS:
        ours = known.direction is Direction.UP and known.mode == claim.mode
        if ours and known.handler in HANDLERS and matches(known.filter, topic):
            return HANDLERS[known.handler]
    raise Malformed(f"a {claim.mode} may not publish on topic {topic}")


def in_mode(ports: Ports, claim: Claim, uplink: Uplink, _mode: Mode) -> None:
    """`t/…`, `q/…` and `c/…`: as without, or with `s`, but in another mode."""
    prefix, _, rest = uplink.topic.partition("/")
    told = rest if rest.partition("/")[0] in topics.APIS else f"s/{rest}"
    handler = _handler(claim, told)
    if handler not in _OF_A_MODE:
        raise Malformed(f"a {claim.mode} may not publish on topic {uplink.topic}")
    handler(ports, claim, replace(uplink, topic=told), topics.MODES[prefix])


def templates(ports: Ports, claim: Claim, uplink: Uplink, mode: Mode) -> None:
    """`s/us`, and `s/us/{child}`."""
    _, _, *below = uplink.topic.split("/", 2)
    static.receive(Speaker(ports, claim, uplink, mode, below[0] if below else ""))


def _plain(handler: Callable[[Ports, Claim, Uplink], None]) -> Handler:
    def handled(ports: Ports, claim: Claim, uplink: Uplink, _mode: Mode) -> None:
        handler(ports, claim, uplink)

    return handled


_OF_A_MODE: frozenset[Handler] = frozenset({templates})
HANDLERS: dict[str, Handler] = {
    "static": templates,
    "in_mode": in_mode,
    "credentials": _plain(credentials.asked),
    "token": _plain(credentials.token),
}
