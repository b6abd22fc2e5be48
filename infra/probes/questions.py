"""What AWS's documentation leaves open: the questions, and which of them settle each of `docs/aws-limits.md`."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Asked(StrEnum):
    """The questions; `docs/aws-limits.md` says what follows from the answers."""

    WITHOUT_ALPN = "Does a password client reach port 8883 without ALPN?"
    DIRECT_MESSAGE = "Does a custom-authorizer client receive direct messages, confirmed?"
    CONNECTIONS = "Do GetConnection and ListSubscriptions know such a client?"
    GONE = "Does GetConnection say that a connection has gone?"
    KEPT_SESSION = "Does DeleteConnection end the kept session of a client that is not connected?"
    OTHERS_SESSION = "Does a kept session end when its client comes back as another principal?"
    REFUSED = "Does a refused client hear why (a CONNACK code)?"
    REFUSED_5 = "Does a refused client of MQTT 5 hear why?"
    EXACTLY_ONCE = "Is SUBSCRIBE with QoS 2 answered?"
    EXACTLY_ONCE_5 = "Is SUBSCRIBE with QoS 2 answered in MQTT 5?"
    NAMELESS = "Does a client of MQTT 3.1.1 without a client id come in?"
    NAMELESS_5 = "Does a client of MQTT 5 without a client id come in?"
    FILTER = "Does a filter that the policy forbids get SUBACK 0x80?"
    FORBIDDEN_WILL = "Is a client refused whose will is on a topic that its policy forbids?"
    WILL = "Is a will taken for a message of its client?"
    RETAINED = "Does a message with RETAIN close the connection?"
    BASIC_INGEST = "Does a message by Basic Ingest arrive under its topic?"
    FLOOD = "Is a client of MQTT 5 told of what exceeds 100 messages a second?"
    SLASHES = "Does a path with // reach our router?"
    DEEP = "Does a path of any depth reach our router?"
    CHUNKED = "Does a chunked request body arrive whole?"
    SEMICOLON = "Does API Gateway split a query at ;?"
    HEAD = "Does HEAD tell the length that GET has?"
    PRINCIPAL = "Is principalIdentifier of a connection's events the principalId that the authorizer answered?"
    RULE_PRINCIPAL = "Is principal() in a topic rule the principalId that the authorizer answered?"
    SESSION = "Is the sessionIdentifier of a connection's end that of its beginning?"
    STAMPS = "Are the time stamps of a connection's events right to 150 s?"
    PRICE = "What does a direct message cost?"
    TRANSITIONS = "Are two or three transitions billed for a machine of two states?"
    CERTIFICATE = "Is a certificate registered that is first shown to a host with CUSTOM_AUTH_X509?"
    LEFTOVERS = "Can the authorizer be deleted while a disabled host names it?"
    COMPRESSED = "Does a download keep its length for a client that takes gzip?"
    RESOURCE_PATH = "Does API Gateway tell a function the resource that a path of any depth fell to?"
    REPLACED = "Is a device of LwM2M answered again within 90 s while the gateway is replaced?"
    TRACKED = "Are an instance's UDP flows free of a limit of tracked connections?"
    OTHER_NODE = "May a node answer by UDP for a flow that the balancer has given to another?"


@dataclass(frozen=True, slots=True)
class Answer:
    """`yes` is None where the question could not be put."""

    question: str
    yes: bool | None
    found: str


NUMBERED: Mapping[int, tuple[Asked, ...]] = {
    1: (Asked.DIRECT_MESSAGE,),
    2: (Asked.WITHOUT_ALPN,),
    3: (Asked.PRICE,),
    4: (Asked.REFUSED, Asked.REFUSED_5, Asked.FILTER, Asked.NAMELESS, Asked.NAMELESS_5),
    5: (Asked.EXACTLY_ONCE, Asked.EXACTLY_ONCE_5, Asked.FLOOD),
    6: (Asked.TRANSITIONS,),
    7: (Asked.CERTIFICATE,),
    8: (Asked.CONNECTIONS,),
    9: (Asked.PRINCIPAL, Asked.RULE_PRINCIPAL),
    10: (Asked.SESSION, Asked.STAMPS),
    11: (Asked.KEPT_SESSION, Asked.OTHERS_SESSION),
    12: (Asked.GONE,),
    13: (Asked.LEFTOVERS,),
    14: (Asked.HEAD, Asked.COMPRESSED),
    15: (Asked.REPLACED, Asked.TRACKED),
    16: (Asked.OTHER_NODE,),
    17: (Asked.SLASHES, Asked.DEEP, Asked.CHUNKED, Asked.SEMICOLON),
    18: (Asked.FORBIDDEN_WILL, Asked.WILL, Asked.RETAINED, Asked.BASIC_INGEST),
    19: (Asked.RESOURCE_PATH,),
}
"""By the numbers of `docs/aws-limits.md`, "What only a real account can settle"."""

NEEDS_A_GATEWAY = "name the host of the stage's CoAP gateway (--gateway): it is replaced for this"
_TOMORROW = "ask Cost Explorer tomorrow, by usage type: "
BY_HAND: Mapping[Asked, str] = {
    Asked.PRICE: f"{_TOMORROW}IoT, of about 3 direct messages",
    Asked.TRANSITIONS: f"{_TOMORROW}StateTransition, after a command that times out",
    Asked.CERTIFICATE: "connect a device with a new certificate to the certificate host, twice",
    Asked.LEFTOVERS: "`make destroy` says so at its step triggers, and again a week later",
    Asked.COMPRESSED: "fetch a file of more than a kilobyte that is offered to a device, with `curl --compressed -v`",
    Asked.TRACKED: "`ethtool -S` on the instance counts `conntrack_allowance_exceeded`: it stays 0 where they are not",
    Asked.OTHER_NODE: "run two nodes behind the balancer and send a device a command by the other",
}
"""What no device finds out in an hour, and how it is settled."""


def left() -> list[Answer]:
    return [Answer(asked, None, how) for asked, how in BY_HAND.items()]
