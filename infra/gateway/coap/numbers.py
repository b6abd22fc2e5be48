"""Codes, options and transmission parameters, as IANA's "CoRE Parameters" and RFC 7252 name them."""

from dataclasses import dataclass
from enum import IntEnum


class Type(IntEnum):
    CON = 0
    NON = 1
    ACK = 2
    RST = 3


CON, NON, ACK, RST = Type
"""By themselves: to look a member up in its enumeration costs more than a call, and every message needs several."""


class Code(IntEnum):
    """`c.dd` is `c << 5 | dd`."""

    EMPTY = 0x00
    GET = 0x01
    POST = 0x02
    PUT = 0x03
    DELETE = 0x04
    FETCH = 0x05
    PATCH = 0x06
    IPATCH = 0x07
    CREATED = 0x41
    DELETED = 0x42
    VALID = 0x43
    CHANGED = 0x44
    CONTENT = 0x45
    CONTINUE = 0x5F
    BAD_REQUEST = 0x80
    UNAUTHORIZED = 0x81
    BAD_OPTION = 0x82
    FORBIDDEN = 0x83
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85
    NOT_ACCEPTABLE = 0x86
    REQUEST_ENTITY_INCOMPLETE = 0x88
    CONFLICT = 0x89
    PRECONDITION_FAILED = 0x8C
    REQUEST_ENTITY_TOO_LARGE = 0x8D
    UNSUPPORTED_CONTENT_FORMAT = 0x8F
    INTERNAL_SERVER_ERROR = 0xA0
    NOT_IMPLEMENTED = 0xA1
    SERVICE_UNAVAILABLE = 0xA3
    PROXYING_NOT_SUPPORTED = 0xA5


EMPTY = Code.EMPTY


class Option(IntEnum):
    IF_MATCH = 1
    URI_HOST = 3
    ETAG = 4
    IF_NONE_MATCH = 5
    OBSERVE = 6
    URI_PORT = 7
    LOCATION_PATH = 8
    URI_PATH = 11
    CONTENT_FORMAT = 12
    MAX_AGE = 14
    URI_QUERY = 15
    ACCEPT = 17
    LOCATION_QUERY = 20
    BLOCK2 = 23
    BLOCK1 = 27
    SIZE2 = 28
    PROXY_URI = 35
    PROXY_SCHEME = 39
    SIZE1 = 60


METHODS = frozenset({Code.GET, Code.POST, Code.PUT, Code.DELETE, Code.FETCH, Code.PATCH, Code.IPATCH})
PROXY = frozenset({Option.PROXY_URI, Option.PROXY_SCHEME})
UNDERSTOOD = frozenset(
    {
        Option.URI_HOST,
        Option.URI_PORT,
        Option.URI_PATH,
        Option.URI_QUERY,
        Option.ACCEPT,
        Option.BLOCK1,
        Option.BLOCK2,
    }
)
"""Critical options of requests that are honoured; a request with any other one is answered 4.02."""

REPEATABLE = frozenset({Option.URI_PATH, Option.URI_QUERY})

REQUESTS = range(0x01, 0x20)
RESPONSES = frozenset({*range(0x40, 0x60), *range(0x80, 0xC0)})


def text(code: int) -> str:
    """As people write it: 4.04."""
    return f"{code >> 5}.{code & 31:02}"


@dataclass(frozen=True)
class Transmission:
    """RFC 7252, 4.8, in seconds. `empty_ack`: after how long a request without an answer is acknowledged by itself."""

    ack_timeout: float = 2.0
    ack_random_factor: float = 1.5
    max_retransmit: int = 4
    nstart: int = 1
    empty_ack: float = 0.5

    @property
    def exchange_lifetime(self) -> float:
        """EXCHANGE_LIFETIME: how long a message id is remembered."""
        span = self.ack_timeout * ((1 << self.max_retransmit) - 1) * self.ack_random_factor
        return span + 2 * MAX_LATENCY + self.ack_timeout

    @property
    def max_transmit_wait(self) -> float:
        """MAX_TRANSMIT_WAIT: from the first transmission to giving up."""
        return self.ack_timeout * ((2 << self.max_retransmit) - 1) * self.ack_random_factor


MAX_LATENCY = 100.0
