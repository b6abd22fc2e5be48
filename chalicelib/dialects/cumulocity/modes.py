"""Processing modes: whether what is said is kept, and who is told of it (reference, "Processing mode").

What is not stored is told to queues and webhooks all the same, and has no id. Who listens in real time is told of what
is PERSISTENT or TRANSIENT.
"""

from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum

from chalicelib.fleet.events import routing


class Mode(StrEnum):
    PERSISTENT = "PERSISTENT"
    TRANSIENT = "TRANSIENT"
    QUIESCENT = "QUIESCENT"
    CEP = "CEP"

    @property
    def stored(self) -> bool:
        return self in (Mode.PERSISTENT, Mode.QUIESCENT)

    @property
    def live(self) -> bool:
        """Whether it is told in real time."""
        return self in (Mode.PERSISTENT, Mode.TRANSIENT)

    def applied(self) -> AbstractContextManager[None]:
        """Within it is told whom the mode says."""
        return nullcontext() if self.live else routing.quietly()
