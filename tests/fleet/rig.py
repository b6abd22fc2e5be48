"""One device with its mailbox, on ports in memory: what the tests of the command engine play with."""

from typing import Any

from chalicelib.fleet import delivering
from chalicelib.fleet.commands import creating, finishing
from chalicelib.fleet.commands.records import AckMode, Command, Policy, Terms
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence import connecting
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Capability
from tests.fakes import START, MemoryPorts

TENANT = "tenant"
DEVICE = "urn:lab:1"
CLIENT = "client-1"
COMMANDS = frozenset({Capability.COMMAND})
EVERYTHING = frozenset({Capability.COMMAND, Capability.CONFIGURATION})


class Rig:
    def __init__(self) -> None:
        self.ports = MemoryPorts()
        self.claim = Claim(CLIENT, TENANT, "dialect", "device", "key", START, device=DEVICE, connector="mqtt")
        interface = Interface("mqtt", CLIENT, "dialect", START, START)
        self.ports.devices.create(Device(TENANT, DEVICE, START, START, interfaces=(interface,)))

    @property
    def mailbox(self) -> Mailbox:
        found = self.ports.mailboxes.get(TENANT, DEVICE)
        assert found is not None
        return found

    def connect(self, session: str = "s1", capabilities: frozenset[str] = COMMANDS) -> None:
        """The device connects and subscribes; what that sets off is done."""
        connecting.connected(self.ports, self.claim, session, self.ports.clock.now())
        if capabilities:
            connecting.subscribed(self.ports, self.claim, session, capabilities, self.ports.clock.now())
        self.ports.delivery.subscriptions[CLIENT] = capabilities
        self.ports.run_background()

    def disconnect(self, session: str = "s1") -> None:
        connecting.disconnected(self.ports, self.claim, session, self.ports.clock.now())
        self.ports.delivery.subscriptions.pop(CLIENT, None)

    def granting(self, **terms: Any) -> None:
        """What the device's route grants."""
        self.ports.terms.known["dialect"] = Terms(**terms)

    def create(
        self, mode: AckMode | None = AckMode.APPLICATIVE, connector: str | None = "mqtt", **policy: Any
    ) -> Command:
        """A command; nothing is delivered yet. Each one a millisecond later than the one before."""
        self.ports.clock.advance(ms=1)
        if mode in (AckMode.NONE, None):
            policy["ack_timeout"] = None
        order = creating.Order(connector, {"req": "reboot"}, Policy(ack_mode=mode, **policy))
        return creating.create(self.ports, TENANT, DEVICE, order)

    def deliver(self) -> None:
        delivering.deliver(self.ports, TENANT, DEVICE, self.ports.clock.now() + 10_000)

    def sent(self, mode: AckMode | None = AckMode.APPLICATIVE, **policy: Any) -> Command:
        """A command that the device has and has not answered."""
        command = self.create(mode, **policy)
        self.ports.run_background()
        return self.read(command)

    def read(self, command: Command) -> Command:
        """The record as stored, whatever the clock says."""
        found = self.ports.commands.get(TENANT, command.id)
        assert found is not None
        return found

    def answer(self, command: Command, event: str = "e1", response: object = "done") -> Command | None:
        said = finishing.Answer(command.correlation, response, event, CLIENT)
        return finishing.answer(self.ports, TENANT, DEVICE, said)

    def pass_time(self, seconds: float) -> None:
        self.ports.clock.advance(seconds=seconds)

    def deadline(self, command: Command) -> None:
        finishing.on_deadline(self.ports, TENANT, DEVICE, command.id)
