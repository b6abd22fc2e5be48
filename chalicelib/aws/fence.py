"""How long client ids rest on their way to another tenant in this stage, as its environment says."""

import os

SETTING = "HOMEPORT_FENCE_SECONDS"
USUAL = 300
"""Seconds: more than twice as much as the time stamps of a broker's events may be wrong."""
SHORTEST = 4
LONGEST_KEPT = 60_000
_SHARE = 4


def rest() -> int:
    """How long (ms) a client id rests."""
    said = os.environ.get(SETTING, "")
    return 1000 * max(SHORTEST, int(said) if said.isdecimal() else USUAL)


def claims_kept() -> int:
    """How long (ms) a claim may be remembered, so that no fence opens before all have forgotten it."""
    return min(LONGEST_KEPT, rest() // _SHARE)
