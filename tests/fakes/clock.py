"""A clock that is set."""

from dataclasses import dataclass

START = 1_800_000_000_000
"""What a new clock shows: a moment in 2027."""


@dataclass
class SetClock:
    at: int = START

    def now(self) -> int:
        return self.at

    def advance(self, *, seconds: float = 0, ms: int = 0) -> int:
        self.at += int(seconds * 1000) + ms
        return self.at
