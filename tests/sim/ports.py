"""The ports as a handler meets them: each call takes time, lets others run, and may be the last one."""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.fleet import ids
from chalicelib.fleet.commands.records import Command
from chalicelib.fleet.configuration.records import Configuration, Update
from chalicelib.fleet.events.events import Event, EventKind
from chalicelib.fleet.events.records import ActionPolicy, Filter, HttpPush, Push
from chalicelib.fleet.ports import Commands, Configurations, Devices, Mailboxes, Outcome
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Route
from tests.fakes import START, MemoryPorts, QueuedBackground, ScriptedDelivery
from tests.sim.devices import GRANTED, TENANT

if TYPE_CHECKING:
    from tests.sim.scheduler import Scheduler
    from tests.sim.world import World


class Stores(Protocol):
    """What keeps the records: memory, or DynamoDB."""

    @property
    def devices(self) -> Devices: ...
    @property
    def mailboxes(self) -> Mailboxes: ...
    @property
    def commands(self) -> Commands: ...
    @property
    def configurations(self) -> Configurations: ...


class SimClock:
    def __init__(self, scheduler: "Scheduler") -> None:
        self.now = scheduler.clock


class SimMailboxes:
    def __init__(self, inner: Mailboxes, world: "World") -> None:
        self._inner = inner
        self._world = world

    def get(self, tenant: str, device: str) -> Mailbox | None:
        self._world.scheduler.step()
        return self._inner.get(tenant, device)

    def replace(self, old: Mailbox, new: Mailbox) -> bool:
        self._world.scheduler.step()
        if not self._inner.replace(old, new):
            return False
        if self._world.scheduler.trace is not None:
            self._world.scheduler.note(new.device, f"mailbox queue={[c[-4:] for c in new.queue]} flights={_short(new)}")
        self._world.monitor.mailbox_changed(new)
        return self._world.heard_of()


class SimCommands:
    def __init__(self, inner: Commands, world: "World") -> None:
        self._inner = inner
        self._world = world

    def create(self, command: Command) -> None:
        began = self._world.scheduler.now
        self._world.scheduler.step()
        self._inner.create(command)
        self._world.scheduler.note(command.device, f"{command.id} created, expires {command.expires}")
        self._world.monitor.created(command, began)

    def get(self, tenant: str, command: str) -> Command | None:
        self._world.scheduler.step()
        return self._inner.get(tenant, command)

    def replace(self, old: Command, new: Command) -> bool:
        self._world.scheduler.step()
        if not self._inner.replace(old, new):
            return False
        if self._world.scheduler.trace is not None:
            self._world.scheduler.note(
                new.device,
                f"{new.id} {old.status} → {new.status} {new.delivery} generation={new.generation} due={new.due} "
                f"check_at={new.check_at} attempts={new.attempts_used} {new.history[-1].note or ''}",
            )
        self._world.monitor.changed(old, new, self._world.scheduler.now)
        return self._world.heard_of()

    def delete(self, tenant: str, command: str) -> None:
        self._world.scheduler.step()
        self._inner.delete(tenant, command)
        self._world.monitor.removed(command)

    def of_device(
        self, tenant: str, device: str, *, start: int | None, end: int | None, descending: bool
    ) -> Iterator[Command]:
        self._world.scheduler.step()
        return self._inner.of_device(tenant, device, start=start, end=end, descending=descending)

    def count(self, tenant: str, device: str, *, start: int | None, end: int | None) -> int:
        self._world.scheduler.step()
        return self._inner.count(tenant, device, start=start, end=end)

    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        self._world.scheduler.step()
        return iter(list(self._inner.due(after=after, until=until)))


class SimConfigurations:
    def __init__(self, inner: Configurations, world: "World") -> None:
        self._inner = inner
        self._world = world

    def get(self, tenant: str, device: str) -> Configuration | None:
        self._world.scheduler.step()
        return self._inner.get(tenant, device)

    def replace(self, old: Configuration, new: Configuration) -> bool:
        self._world.scheduler.step()
        if not self._inner.replace(old, new):
            return False
        if self._world.scheduler.trace is not None:
            self._world.scheduler.note(
                new.device,
                f"configuration cid={new.correlation} sent_to={new.sent_to} "
                f"{ {k: p.status.value for k, p in new.parameters.items()} }",
            )
        return self._world.heard_of()


class SimDelivery(ScriptedDelivery):
    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def command(self, route: Route, command: Command, timeout: int) -> Outcome:
        self._world.scheduler.step()
        self._world.monitor.sending(command, self._world.scheduler.now)
        self._world.scheduler.note(command.device, f"{command.id} is sent, generation {command.generation}")
        outcome = self._world.broker.send(
            route,
            lambda device, session: device.receive(command, session),
            timeout,
            conclude=lambda o: self._world.monitor.concluded(command, o),
        )
        self._world.scheduler.note(command.device, f"{command.id} {outcome.name}")
        return outcome

    def configuration(self, route: Route, update: Update, timeout: int) -> Outcome:
        self._world.scheduler.step()
        outcome = self._world.broker.send(route, lambda device, session: device.configure(update, session), timeout)
        self._world.scheduler.note(route.client, f"update {update.correlation} {outcome.name}")
        return outcome

    def capabilities(self, route: Route) -> frozenset[str] | None:
        self._world.scheduler.step()
        return self._world.broker.capabilities(route)


class SimDeadlines:
    def __init__(self, world: "World") -> None:
        self._world = world

    def start(self, name: str, due: int, subject: dict[str, Any]) -> bool:
        self._world.scheduler.step()
        return self._world.platform.start_timer(name, due, subject)

    def stop(self, name: str) -> None:
        self._world.scheduler.step()
        self._world.platform.stop_timer(name)


class SimFormats:
    """Writes of an event what the monitor wants to know."""

    def event(self, _dialect: str | None, event: Event) -> bytes:
        assert isinstance(event.subject, Command)
        return json.dumps([event.subject.id, event.status, event.id]).encode()

    def is_queue(self, _kind: str) -> bool:
        return False


class SimPushes:
    def __init__(self, world: "World") -> None:
        self._world = world

    def send(self, *pushes: Push) -> None:
        self._world.scheduler.step()
        for push in pushes:
            self._world.monitor.told(*json.loads(push.body))


class SimBackground(QueuedBackground):
    def __init__(self, world: "World") -> None:
        super().__init__()
        self._world = world

    def deliver(self, tenant: str, device: str) -> bool:
        self._world.scheduler.step()
        self._world.platform.deliver(tenant, device)
        return True


def _short(mailbox: Mailbox) -> dict[str, int]:
    return {c[-4:]: flight.generation for c, flight in mailbox.flights.items()}


class SimPorts:
    """What a handler of the engine calls takes a step; every other port is the plain one in memory."""

    def __init__(self, world: "World", stores: Stores) -> None:
        self._world = world
        self._others = MemoryPorts()
        self.clock = SimClock(world.scheduler)
        self.mailboxes = SimMailboxes(stores.mailboxes, world)
        self.commands = SimCommands(stores.commands, world)
        self.configurations = SimConfigurations(stores.configurations, world)
        self.delivery = SimDelivery(world)
        self.deadlines = SimDeadlines(world)
        self.background = SimBackground(world)
        self.formats = SimFormats()
        self.pushes = SimPushes(world)
        self._others.terms.known.update(GRANTED)
        listening = HttpPush("all", "https://listening.example/")
        everything: dict[str, Filter] = {EventKind.COMMAND_STATUS: Filter()}
        self._others.policies.put(
            ActionPolicy(TENANT, "all", "sim", "all", START, triggers=everything, pushes=(listening,))
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self._others, name)

    def new_id(self, at: int) -> str:
        return ids.timed_id(at, self.chance(7))

    def chance(self, count: int) -> bytes:
        return self._world.scheduler.random.randbytes(count)

    def pause(self, ms: int) -> None:  # noqa: ARG002 - whoever is to run next is up to the scheduler
        self._world.scheduler.step()
