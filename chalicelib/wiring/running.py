"""What everything that happens needs: the time, ids, chance, and work behind its back."""

import secrets
from functools import cached_property
from typing import TYPE_CHECKING

from chalicelib.aws.clock import SystemClock, pause
from chalicelib.fleet.ids import timed_id
from chalicelib.wiring.shared import function_name

if TYPE_CHECKING:
    from chalicelib.aws.later import SqsLater
    from chalicelib.fleet import ports as p


class RunningWiring:
    @cached_property
    def clock(self) -> "p.Clock":
        return SystemClock()

    @cached_property
    def background(self) -> "p.Background":
        from chalicelib.aws.background import LambdaBackground
        from chalicelib.aws.clients import client

        return LambdaBackground(lambda: client("lambda"), function_name, lambda: self._later)

    @cached_property
    def _later(self) -> "SqsLater":
        from chalicelib.aws.clients import client
        from chalicelib.aws.later import SqsLater

        return SqsLater(lambda: client("sqs"), function_name("later"))

    @cached_property
    def postponed(self) -> "p.Postponed":
        from chalicelib.aws.clients import client
        from chalicelib.aws.postponed import PostponedEvents

        return PostponedEvents(lambda: client("sqs"), lambda: client("lambda"), function_name, self.clock)

    def new_id(self, at: int) -> str:
        return timed_id(at, secrets.token_bytes(8))

    def chance(self, count: int) -> bytes:
        return secrets.token_bytes(count)

    def pause(self, ms: int) -> None:
        pause(ms)
