"""What ports answer with."""

from collections.abc import Sequence
from enum import Enum
from typing import Generic, TypeVar

from chalicelib.fleet.frozen import dataclass

T = TypeVar("T")


class Outcome(Enum):
    """What became of a downlink."""

    CONFIRMED = "the client acknowledged it"
    CONCLUDED = "the client acknowledged it, and has no way to say more"
    UNCONFIRMED = "it may have arrived; no acknowledgement came in time"
    ABSENT = "the client is not connected"
    REFUSED = "it can never be delivered like this"
    UNHEARD = "the client listens to nothing that could carry it"
    BUSY = "our side could not send it now"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list, and the cursor that continues it (None at the end)."""

    items: Sequence[T]
    cursor: str | None
