"""What this dialect's routes grant every command: a hundred wait, for as long as it takes, and twenty are out.

Its devices fetch their operations and say themselves what became of them (reference, "Operations").
"""

from dataclasses import replace

from chalicelib.fleet.commands.records import AckMode, Terms
from chalicelib.fleet.presence.records import MQTT

_POLLED = Terms(
    queue=100,
    window=20,
    ack_mode=AckMode.APPLICATIVE,
    ack_timeout=None,
    expiration=None,
    renews=True,
    take=True,
)
# What an agent does not know stays with it for ever: it must not stand in the way of what it knows.
TERMS = {"": _POLLED, MQTT: replace(_POLLED, take=False, window=100)}
