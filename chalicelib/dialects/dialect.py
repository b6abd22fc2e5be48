"""What a dialect has, for `registry`: it stands in the dialect's own package, which imports nothing else."""

from enum import StrEnum

from chalicelib.fleet.frozen import dataclass


class Part(StrEnum):
    """A module of a dialect's folder; `registry` has the Protocol of each."""

    TOPICS = "topics"
    LOGIN = "login"
    MQTT = "mqtt"
    CODEC = "codec"
    TERMS = "terms"
    EVENTS = "events"
    LISTENING = "listening"
    LIFECYCLE = "lifecycle"
    WRITING = "writing"
    WORDING = "wording"
    RESUMING = "resuming"
    KEEPERS = "keepers"
    REST = "rest"


class Settable(StrEnum):
    """What a device may be brought to besides by commands."""

    CONFIGURATION = "configuration"
    RESOURCES = "resources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """`prefixes` are those of its REST API: what it serves, and refuses, is below them.

    `namespace` is that of the ids of its devices, where they have one of their own and commands are put into words;
    `settable` what such devices fetch, or are told.
    """

    parts: frozenset[Part]
    prefixes: tuple[str, ...] = ()
    namespace: str = ""
    settable: frozenset[Settable] = frozenset()


OVER_MQTT = frozenset({Part.TOPICS, Part.LOGIN, Part.MQTT, Part.CODEC})
"""What it takes to speak MQTT to the broker; one whose devices poll, or come through a gateway, has none of it."""
