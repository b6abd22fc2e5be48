"""Writes that DynamoDB refuses for the moment, where botocore gives up at once: sent again a little later.

Each of many devices that register into one group checks that the group is there, and two transactions that meet at an
item are not let through together, although none of them would break what the other relies on. The same request comes
again after a pause of random length, so that those who met do not meet again. So does a transaction that is canceled
because a key, or the table, takes no more writes this second: one item's write botocore sends again by itself.
"""

import os
from collections.abc import Callable, Mapping
from typing import Any

TRIES = 12
SHORTEST, LONGEST = 0.01, 0.5
"""Seconds that the pause after the first try, and that any pause, has at most: all together have 3.2 at most."""
_CANCELED = "TransactionCanceledException"
_MET = frozenset({"TransactionConflictException", "TransactionInProgressException"})
_OF_ITEMS = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
_FINE = "None"

Chance = Callable[[int], bytes]


class Retries:
    """What botocore asks after each answer: seconds to wait until the next try, or None where there is to be none."""

    def __init__(self, chance: Chance = os.urandom) -> None:
        self._chance = chance

    def __call__(self, response: tuple[Any, Mapping[str, Any]] | None, attempts: int, **_: Any) -> float | None:
        if response is None or attempts >= TRIES or not passes(response[1]):
            return None
        longest = min(SHORTEST * float(1 << (attempts - 1)), LONGEST)
        return longest * int.from_bytes(self._chance(2)) / 0xFFFF


def passes(answer: Mapping[str, Any]) -> bool:
    """Whether nothing stood against it but others' transactions and a lack of room: a condition will fail again."""
    code = answer.get("Error", {}).get("Code")
    if code != _CANCELED:
        return code in _MET
    reasons = {reason.get("Code", _FINE) for reason in answer.get("CancellationReasons", ())} - {_FINE}
    return bool(reasons) and reasons <= _OF_ITEMS
