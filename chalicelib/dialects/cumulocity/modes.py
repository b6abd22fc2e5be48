"""Processing modes: whether what is said is kept, and who is told of it (reference, "Processing mode").

What is not stored is told to queues and webhooks all the same, and has no id. Who listens in real time is told of what
is PERSISTENT or TRANSIENT.
"""

from enum import StrEnum


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
