"""What devices publish (guide "MQTT"), turned into calls of use cases."""

from collections.abc import Callable
from dataclasses import replace

from chalicelib.dialects.cumulocity import json_topics, naming, topics
from chalicelib.dialects.cumulocity.modes import Mode
from chalicelib.dialects.cumulocity.smartrest import credentials, custom, static
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
        if ours and known.handler is not None and matches(known.filter, topic):
            return HANDLERS[known.handler]
    raise Malformed(f"a {claim.mode} may not publish on topic {topic}")


def in_mode(ports: Ports, claim: Claim, uplink: Uplink, _mode: Mode) -> None:
    """`t/…`, `q/…` and `c/…`: as without, or with `s`, but in another mode."""
    prefix, _, rest = uplink.topic.partition("/")
    told = rest if rest.partition("/")[0] in topics.APIS else f"s/{rest}"
    handler = _handler(claim, told)
    if handler not in _OF_A_MODE:
        raise Malformed(f"a {claim.mode} may not publish on topic {uplink.topic}")
    mode = topics.MODES[prefix]
    with mode.applied():
        handler(ports, claim, replace(uplink, topic=told), mode)


def templates(ports: Ports, claim: Claim, uplink: Uplink, mode: Mode) -> None:
    """`s/us`, and `s/us/{child}`."""
    static.receive(Speaker(ports, claim, uplink, mode, _level(uplink.topic, 2)))


def by_collection(ports: Ports, claim: Claim, uplink: Uplink, mode: Mode) -> None:
    """`s/uc/{xid}`, and `s/uc/{xid}/{child}`; `s/ud` is of the collection that the client id names."""
    custom.receive(*_of_collection(ports, claim, uplink, mode))


def again(ports: Ports, claim: Claim, uplink: Uplink, mode: Mode, tried: int) -> None:
    """What came before its collection did."""
    with mode.applied():
        custom.receive(*_of_collection(ports, claim, uplink, mode), tried)


def _of_collection(ports: Ports, claim: Claim, uplink: Uplink, mode: Mode) -> tuple[Speaker, str, str]:
    """Errors: Malformed."""
    if uplink.topic.startswith("s/ud"):
        client = naming.parse_client(claim.client)
        xid, down, about = client.collection if client else "", topics.DEFAULT_DOWN, _level(uplink.topic, 2)
    else:
        xid, about = _level(uplink.topic, 2).partition("/")[0], _level(uplink.topic, 3)
        down = f"{topics.CUSTOM_DOWN}/{xid}"
    if not xid:
        raise Malformed("neither the topic nor the client id names a collection")
    return Speaker(ports, claim, uplink, mode, about), xid, down


def collection(ports: Ports, claim: Claim, uplink: Uplink, _mode: Mode) -> None:
    custom.collection(Speaker(ports, claim, uplink), _level(uplink.topic, 2))


def as_json(ports: Ports, claim: Claim, uplink: Uplink, mode: Mode) -> None:
    json_topics.receive(Speaker(ports, claim, uplink, mode))


def _level(topic: str, number: int) -> str:
    """What is left of a topic from that level on."""
    levels = topic.split("/", number)
    return levels[number] if number < len(levels) else ""


def _plain(handler: Callable[[Ports, Claim, Uplink], None]) -> Handler:
    def handled(ports: Ports, claim: Claim, uplink: Uplink, _mode: Mode) -> None:
        handler(ports, claim, uplink)

    return handled


_OF_A_MODE: frozenset[Handler] = frozenset({templates, by_collection, as_json})
HANDLERS: dict[str, Handler] = {
    "static": templates,
    "custom": by_collection,
    "default": by_collection,
    "collection": collection,
    "json": as_json,
    "in_mode": in_mode,
    "credentials": _plain(credentials.asked),
    "token": _plain(credentials.token),
}
