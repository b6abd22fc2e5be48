"""What a broker is told once, at its start."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from .limits import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """`clock` gives seconds since the epoch, `monotonic` seconds for intervals; other times are seconds too."""

    region: str = "us-east-1"
    account: str = "123456789012"
    lenient: bool = False
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    lanes: int = 4
    close_grace: float = 1.0  # how long a peer may hold up the end of its TLS session
    sweep_every: float = 0.25
    stall_after: float = 15.0  # how long a recipient may hold back publishers without acknowledging anything

    @property
    def arn(self) -> str:
        """What stands before `topic/…` in the ARN of a resource."""
        return f"arn:aws:iot:{self.region}:{self.account}:"
