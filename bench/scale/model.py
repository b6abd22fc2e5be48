"""What an event of the whole fleet asks of each quota, and so how long it takes at best.

An event is so many steps; a step uses so much of each quota. The quota whose share takes longest is the first to break,
and the time is that share: what goes beyond is refused or waits, as `then` says.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bench.scale.quotas import Quotas

AUTHORIZER_S = 0.05
UPLINK_S = 0.02
PRESENCE_S = 0.03
DELIVERY_S = 0.35
"""Seconds that a function runs: a delivery waits 0.3 s for a device's acknowledgement over a mobile network."""
THEN = {
    "connections": "IoT Core refuses CONNECT; ask for more before the fleet is that big",
    "connects": "IoT Core refuses CONNECT, firmware backs off and comes again; live connections stay",
    "authorizer": "Lambda throttles, IoT Core refuses CONNECT, firmware comes again",
    "concurrency": "Lambda keeps asynchronous events up to six hours and runs them as there is room",
    "rules": "IoT Core tries the rule again, then the dead letters have the message",
    "publishes": "IoT Core does not acknowledge; a device with QoS 1 sends again",
    "direct_messages": "the command waits again, Lambda tries its delivery again, the sweep finds what is left",
    "executions": "the deadline is data in the table: the sweep settles it, up to a minute late",
    "table_writes": "DynamoDB throttles, callers back off and Lambda tries again; tables on demand grow",
    "table_reads": "the same",
    "key_writes": "one key of one table: spread the data over several streams",
    "api_requests": "API Gateway answers 429",
}
"""What the software does when a quota breaks."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`share` is seconds by quota, the longest first."""

    event: str
    seconds: float
    first: str
    share: Mapping[str, float]

    @property
    def then(self) -> str:
        return THEN[self.first]


def _verdict(event: str, share: dict[str, float]) -> Verdict:
    ordered = dict(sorted(share.items(), key=lambda item: -item[1]))
    first = next(iter(ordered))
    return Verdict(event, ordered[first], first, ordered)


def reconnect_storm(devices: int, quotas: Quotas) -> Verdict:
    """The broker was away and all come back: CONNECT, SUBSCRIBE, a lifecycle event and a write each."""
    if devices > quotas.connections:
        return Verdict("reconnect storm", float("inf"), "connections", {"connections": float("inf")})
    return _verdict(
        "reconnect storm",
        {
            "connects": devices / quotas.connects,
            "authorizer": devices * AUTHORIZER_S / quotas.reserved_for_authorizer,
            "rules": devices * 2 / quotas.rules,
            "concurrency": devices * 2 * PRESENCE_S / quotas.reserved_for_delivery,
            "table_writes": devices * 3 / quotas.table_writes,
            "table_reads": devices * 7 / quotas.table_reads,
        },
    )


def command_to_everyone(devices: int, quotas: Quotas, *, applicative: bool = False) -> Verdict:
    """One command to each connected device, with network acknowledgement or with an answer of the device's own."""
    share = {
        "api_requests": devices / quotas.api_requests,
        "direct_messages": devices / quotas.direct_messages,
        "concurrency": devices * DELIVERY_S / quotas.reserved_for_delivery,
        "table_writes": devices * 10 / quotas.table_writes,
        "table_reads": devices * 8 / quotas.table_reads,
    }
    if applicative:
        share |= {
            "executions": devices / quotas.executions,
            "publishes": devices / quotas.publishes,
            "rules": devices / quotas.rules,
        }
    return _verdict("command to everyone" + (", answered" if applicative else ""), share)


def hot_group(devices: int, quotas: Quotas) -> Verdict:
    """All devices of one group send a reading into one data stream at once."""
    return _verdict(
        "hot group",
        {
            "publishes": devices / quotas.publishes,
            "rules": devices / quotas.rules,
            "concurrency": devices * UPLINK_S / quotas.reserved_for_delivery,
            # A data stream is one key.
            "key_writes": devices / quotas.key_writes,
        },
    )


def daily_return(devices: int, quotas: Quotas, *, spread_h: float = 12) -> float:
    """The share of CONNECTs' quota that the daily end of connections takes; spread between 12 and 24 h of age."""
    # In a steady state a connection lives 18 h on average.
    return devices / ((24 - spread_h / 2) * 3600) / quotas.connects
