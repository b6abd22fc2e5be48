"""The broker: sends to one client, waits for its acknowledgement, and loses things on the way."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence.records import Route
from tests.sim.devices import CAPABILITIES, SimDevice
from tests.sim.scheduler import SECOND

if TYPE_CHECKING:
    from tests.sim.world import World

_NONE: frozenset[str] = frozenset()


class Broker:
    def __init__(self, world: "World") -> None:
        self._world = world

    def send(
        self,
        route: Route,
        arrive: Callable[[SimDevice, str], bool],
        timeout: int,
        conclude: Callable[[Outcome], None] = lambda _: None,
    ) -> Outcome:
        """What became of it; `conclude` hears that even if the sender has died meanwhile."""
        scheduler, device = self._world.scheduler, self._world.devices[route.client]
        random = scheduler.random
        waiting = scheduler.wait()

        def over(outcome: Outcome) -> None:
            if not waiting.over:
                conclude(outcome)
                scheduler.answered(waiting, outcome)

        session = device.session
        kind = random.random()
        if kind < 0.01:
            scheduler.after(random.randint(1, 50), lambda: over(Outcome.BUSY))
        elif kind < 0.011:
            scheduler.after(random.randint(1, 50), lambda: over(Outcome.REFUSED))
        elif session is None:
            scheduler.after(random.randint(1, 50), lambda: over(Outcome.ABSENT))
        else:

            def arrived() -> None:
                if arrive(device, session) and random.random() > 0.02:
                    slow = random.random() < 0.02
                    delay = random.randint(SECOND, 20 * SECOND) if slow else random.randint(5, 100)
                    scheduler.after(delay, acknowledged)

            def acknowledged() -> None:
                if device.session == session and not device.gone:
                    over(Outcome.CONFIRMED)

            scheduler.after(random.randint(1, 100), arrived)
            scheduler.after(timeout * SECOND, lambda: over(Outcome.UNCONFIRMED))
        outcome = scheduler.await_(waiting)
        assert isinstance(outcome, Outcome)
        return outcome

    def capabilities(self, route: Route) -> frozenset[str] | None:
        device = self._world.devices[route.client]
        if device.session is None:
            return None
        return CAPABILITIES if device.subscribed else _NONE
