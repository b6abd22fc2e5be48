"""What this dialect's routes grant every command: ten wait, one is out, for a week (Get Command, Update Command).

A device that comes over MQTT is told its commands, again at each subscription until it begins; any other one asks.
"""

from dataclasses import replace

from chalicelib.fleet.commands.records import AckMode, Terms
from chalicelib.fleet.presence.records import MQTT

A_WEEK = 7 * 86_400
_ASKING = Terms(
    queue=10, window=1, ack_mode=AckMode.APPLICATIVE, ack_timeout=None, expiration=A_WEEK, renews=True, take=True
)
TERMS = {"": _ASKING, MQTT: replace(_ASKING, take=False)}
