"""Limits of use: so many requests or messages in a window of time."""

from dataclasses import dataclass
from enum import StrEnum


class Use(StrEnum):
    REQUESTS = "requests"
    MESSAGES = "messages"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` uses in `window` seconds by `holder`: a key and all below it, or a tenant."""

    use: Use
    most: int
    window: int
    holder: str
