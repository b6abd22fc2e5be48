"""What this dialect's routes grant every command: ten wait, one is out, for a week (Get Command, Update Command)."""

from chalicelib.fleet.commands.records import AckMode, Terms

A_WEEK = 7 * 86_400
TERMS = {
    "": Terms(queue=10, window=1, ack_mode=AckMode.APPLICATIVE, ack_timeout=None, expiration=A_WEEK, take=True),
}
