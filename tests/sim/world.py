"""The world around the engine: devices, broker, platform, clients, and what must hold between them."""

from random import Random
from typing import cast

from chalicelib.fleet.commands.records import PATROL, Status
from chalicelib.fleet.configuration.records import SyncStatus
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.ports import Ports
from tests.fakes import START
from tests.sim.broker import Broker
from tests.sim.devices import CONNECTOR, DEAD, POLL, POLLED, TENANT, SimDevice
from tests.sim.monitor import WAITING, Life, Monitor
from tests.sim.platform import Platform
from tests.sim.ports import SimPorts, Stores
from tests.sim.scheduler import HOUR, MINUTE, Faults, Scheduler, Violation

PATIENCE = PATROL + 4 * MINUTE
"""How long a command may wait for a device that listens: one patrol of the sweep, and its retries."""

LATENESS = 3 * MINUTE
"""How late a deadline may be settled: the sweep comes every minute, and need not be exact to one."""

PROMPTNESS = 2 * MINUTE
"""How long it may wait where nothing has gone wrong for longer than that."""


class World:
    def __init__(self, seed: int, stores: Stores, devices: int, faults: Faults, *, queued: bool = False) -> None:
        self.seed = seed
        self.scheduler = Scheduler(seed, faults, START)
        self.stores = stores
        self.monitor = Monitor(
            lambda device: self.scheduler.faults_seen.get(device, 0),
            lambda device, connector: self.devices[device].terms(connector),
        )
        self.platform = Platform(self.scheduler, self, queued=queued)
        self.broker = Broker(self)
        self.ports = cast("Ports", SimPorts(self, stores))
        self.calm = False
        self.over = False
        self.devices: dict[str, SimDevice] = {}
        for number in range(devices):
            device = SimDevice(self, number)
            interfaces = tuple(
                Interface(name, device.id, POLLED if name == POLL else device.dialect, START, START)
                for name in (CONNECTOR, POLL, DEAD)
                if name in device.connectors
            )
            stores.devices.create(Device(TENANT, device.id, START, START, interfaces=interfaces))
            self.devices[device.id] = device
        self._random = Random(f"{seed}-world")
        self._leapt = START
        self._minutes = 0

    def run_until(self, moment: int) -> None:
        while not self.scheduler.idle and self.scheduler.next_at <= moment:
            self.scheduler.advance()
        self.scheduler.now = max(self.scheduler.now, moment)

    def begin(self) -> None:
        for device in self.devices.values():
            self.scheduler.after(self._random.randint(0, 5 * MINUTE), device.live)
        self.scheduler.after(MINUTE, self._minute)
        self.scheduler.after(20 * MINUTE, self._weather)

    def come_home(self) -> None:
        """From now on the devices behave: all but those that never come back stay connected."""
        self.calm = True
        for device in self.devices.values():
            if device.never_back:
                device.drop()
            else:
                self.scheduler.after(self._random.randint(0, 5 * MINUTE), device.connect)

    def stirred(self, device: str) -> None:
        known = self.devices.get(device)
        if known is not None:
            known.settled_since = self.scheduler.now

    def heard_of(self) -> bool:
        """Whether a writer hears of its success: where that answer is lost, the request is repeated and fails."""
        heard = self.scheduler.random.random() >= self.scheduler.faults.ambiguous
        if not heard:
            self.scheduler.faulted()
        return heard

    def open_commands(self) -> int:
        return sum(not self._may_stay(life) for lives in self.monitor.open.values() for life in lives.values())

    def _may_stay(self, life: Life) -> bool:
        """Whether nobody was promised it, and the sweep finds it within a day."""
        return life.returned is None and life.expires is None

    def check_end(self) -> None:
        """Everything is final, nothing is left behind."""
        for device_id, device in self.devices.items():
            for command_id, life in self.monitor.open.get(device_id, {}).items():
                if not self._may_stay(life):
                    raise Violation(f"never became final: {life.status}", device_id, command_id)
            mailbox = self.stores.mailboxes.get(TENANT, device_id)
            left = [c for c in mailbox.queue if not self._may_stay(self.monitor.lives[c])] if mailbox else []
            if mailbox is None or ((left or mailbox.flights) and not device.never_back):
                raise Violation(f"left behind: {mailbox}", device_id, mailbox.queue[0] if mailbox else "")
            self._check_configuration(device)
        for command_id, life in self.monitor.lives.items():
            if life.returned is not None and life.final and not self._left(life.device, command_id):
                self.monitor.check_told(command_id)
            if life.returned is not None and command_id not in self.monitor.deleted:
                stored = self.stores.commands.get(TENANT, command_id)
                if stored is None or stored.status is not life.status:
                    raise Violation("the record does not say what happened", life.device, command_id)

    def _left(self, device: str, command_id: str) -> bool:
        """Whether it is still in the mailbox of a device that never comes back: then whoever takes it out tells it."""
        mailbox = self.stores.mailboxes.get(TENANT, device) if self.devices[device].never_back else None
        return mailbox is not None and command_id in mailbox.queue

    def _check_configuration(self, device: SimDevice) -> None:
        configuration = self.stores.configurations.get(TENANT, device.id)
        if configuration is None or device.never_back or device.unsure:
            return
        for key, parameter in configuration.parameters.items():
            if parameter.status is SyncStatus.PENDING:
                raise Violation(f"parameter {key} was never sent", device.id)
            in_sync = parameter.requested is None or parameter.requested.same(device.parameters.get(key))
            if parameter.status in (SyncStatus.OK, SyncStatus.SENT) and not in_sync:
                raise Violation(f"parameter {key} is {parameter.status}, but the device never got it", device.id)

    def _minute(self) -> None:
        self.platform.sweep()
        self._minutes += 1
        for device_id, lives in self.monitor.open.items():
            if lives:
                self._check_deadlines(device_id)
                self._check_wake_up(self.devices[device_id])
        if self._minutes % 5 == 0:
            for device in self.devices.values():
                self._check_synchronized(device)
        self.scheduler.after(MINUTE, self._minute)

    def _unharmed(self, device: str, since: int) -> bool:
        """Whether no handler of that device, nor the sweep, has died or misheard since."""
        return max(self.scheduler.faults_seen.get(device, 0), self.scheduler.faults_seen.get("", 0)) < since

    def _check_deadlines(self, device: str) -> None:
        """What the clock demands is written down soon after, also where no timer could be started."""
        for command_id, life in self.monitor.open[device].items():
            if life.returned is None or (life.status in WAITING and not life.over(self.scheduler.now - 1)):
                continue
            stored = self.stores.commands.get(TENANT, command_id)
            if stored is None:
                continue
            if stored.deadline is None:
                continue
            began = stored.deadline - (stored.policy.allowance if stored.due is not None else HOUR)
            allowed = LATENESS if self._unharmed(device, min(began, stored.deadline - PATIENCE)) else PATIENCE
            if self.scheduler.now > max(stored.deadline, life.waiting_since, self._leapt) + allowed:
                raise Violation(f"{stored.status} is not settled since {stored.deadline}", device, command_id)

    def _check_wake_up(self, device: SimDevice) -> None:
        """No wake-up is lost: what waits for a device that listens, while nothing is under way for it, is sent."""
        now = self.scheduler.now
        lives = self.monitor.open[device.id]
        if self.platform.busy.get(device.id) or not device.listening or device.unheard:
            device.settled_since = now
            return
        if any(life.status is Status.PROCESSING and life.connector != POLL for life in lives.values()):
            device.settled_since = now
            return
        for command_id, life in lives.items():
            if (
                life.connector in (CONNECTOR, None)
                and life.returned is not None
                and life.status in WAITING
                and not life.over(now)
            ):
                since = max(device.settled_since, life.waiting_since, self._leapt)
                if now - since > (PROMPTNESS if self._unharmed(device.id, since - PATIENCE) else PATIENCE):
                    raise Violation(f"waits for a device that listens since {since}", device.id, command_id)

    def _check_synchronized(self, device: SimDevice) -> None:
        """Whoever was to send an update and died was tried again: nothing waits that nobody works on."""
        given_up = device.id in self.platform.lost
        if given_up or self.platform.busy.get(device.id) or not device.listening or device.unheard or device.unsure:
            return
        if self.scheduler.now - max(device.settled_since, self._leapt) < PROMPTNESS:
            return
        configuration = self.stores.configurations.get(TENANT, device.id)
        if configuration is None:
            return
        if configuration.pending() or (configuration.sending is not None and configuration.unsettled()):
            raise Violation("an update waits for a device that listens", device.id)

    def _weather(self) -> None:
        """Now and then: a storm in which many devices reconnect at once, or an outage after which all is late."""
        if self.calm:
            return
        kind = self._random.random()
        if kind < 0.4:
            self._storm()
        elif kind < 0.6:
            self.scheduler.leap(self._random.choice((10_000, 5 * MINUTE, HOUR)))
            self._leapt = self.scheduler.now
        self.scheduler.after(self._random.randint(10 * MINUTE, HOUR), self._weather)

    def _storm(self) -> None:
        for device in self.devices.values():
            if self._random.random() < 0.5:
                for _ in range(self._random.randint(1, 6)):
                    self.scheduler.after(self._random.randint(0, 10_000), device.connect)
