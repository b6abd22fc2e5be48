"""What this dialect's routes grant every command: a hundred wait, for as long as it takes, and twenty are out.

Its devices fetch their operations and say themselves what became of them (reference, "Operations").
"""

from chalicelib.fleet.commands.records import AckMode, Terms

TERMS = {
    "": Terms(
        queue=100,
        window=20,
        ack_mode=AckMode.APPLICATIVE,
        ack_timeout=None,
        expiration=None,
        renews=True,
        take=True,
    )
}
