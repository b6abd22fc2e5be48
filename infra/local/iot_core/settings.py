"""What a broker is told once, at its start."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.local.ids import new_uuid
from infra.local.vital import Vital

from .limits import Limits


@dataclass(frozen=True, slots=True)
class Settings:
    """`clock` gives seconds since the epoch, `monotonic` seconds for intervals; other times are seconds too."""

    region: str = "us-east-1"
    account: str | None = "123456789012"  # None for an edge: it takes the policies of whose functions it asks
    lenient: bool = False
    between_clients: bool = True  # an edge that serves several tenants hands what clients publish to the rules alone
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic
    new_id: Callable[[], str] = new_uuid
    ignored_wills: tuple[str, ...] = ()  # filters of topics on which no will is published
    lanes: int = 4
    vital: Vital = field(default_factory=Vital)
    close_grace: float = 1.0  # how long a peer may hold up the end of its TLS session
    linger: float = 2.0  # how long a connection that is ended on this side is read on
    sweep_every: float = 0.25
    stall_after: float = 15.0  # how long a recipient may hold back publishers without acknowledging anything

    @property
    def arn(self) -> str:
        """What stands before `topic/…` in the ARN of a resource; empty where there is no account."""
        return "" if self.account is None else f"arn:aws:iot:{self.region}:{self.account}:"
