"""For each kind of record that changes: how one comes about, and the use cases that change it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

from chalicelib.dialects.ibm import applications
from chalicelib.fleet import sweeping
from chalicelib.fleet.access import debugging, keys, limiting, tenants, users
from chalicelib.fleet.access.callers import Caller, of_key
from chalicelib.fleet.access.records import KeyRequest, User, UserRequest
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands.records import DEFAULT_ACK_TIMEOUT, Status
from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, Value
from chalicelib.fleet.data import alarms, decoders
from chalicelib.fleet.data.records import DecoderKind, DecoderRecord
from chalicelib.fleet.events import policies, suspension
from chalicelib.fleet.events.records import ActionPolicy, Filter, HttpPush
from chalicelib.fleet.inventory import devices, groups, objects
from chalicelib.fleet.inventory.records import Device, Interface, Location
from chalicelib.fleet.presence import connecting, hearing, relaying
from chalicelib.fleet.presence.admitting import Candidate, admit
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.queues import consuming
from chalicelib.fleet.queues.rings import Ring
from chalicelib.fleet.resources import catalog
from chalicelib.fleet.tenancy import settings as tenancy
from chalicelib.fleet.tenancy.records import Kept, Stored, Use
from tests.fakes import START, MemoryPorts
from tests.fleet import updating_rig
from tests.fleet.rig import CLIENT, DEVICE, EVERYTHING, TENANT, Rig
from tests.shapes.inventory import alarm_of, alarmed, buried, object_of, objected


@dataclass(frozen=True)
class Case:
    """`make` the record, which is in `rows`; then `uses` change what is known of it.

    So many of its parts are `replaced` by others at most, as what they say is over.
    """

    name: str
    rows: Callable[[MemoryPorts], dict[Any, Any]]
    make: Callable[[], MemoryPorts]
    uses: tuple[Callable[[MemoryPorts], object], ...]
    replaced: int = 0


def rigged() -> MemoryPorts:
    rig = Rig()
    rig.connect(capabilities=EVERYTHING)
    return rig.ports


def rig_of(ports: MemoryPorts) -> Rig:
    rig = Rig()
    rig.ports = ports
    return rig


def commanded() -> MemoryPorts:
    rig = Rig()
    rig.create(attempts=3)
    rig.create(attempts=3)
    rig.connect()
    return rig.ports


def deadline(ports: MemoryPorts) -> None:
    rig = rig_of(ports)
    rig.pass_time(DEFAULT_ACK_TIMEOUT)
    for command in list(ports.commands.rows.values()):
        if command.status is Status.PROCESSING:
            rig.deadline(command)


def answer(ports: MemoryPorts) -> None:
    rig = rig_of(ports)
    for command in list(ports.commands.rows.values()):
        rig.answer(command, command.id)


def configured() -> MemoryPorts:
    ports = rigged()
    synchronizing.request(ports, TENANT, DEVICE, {"a": value(1), "b": value(2)}, None)
    synchronizing.report(ports, TENANT, DEVICE, {"a": value(7)}, None)
    ports.run_background()
    return ports


def value(number: int) -> Value:
    return Value(ParameterType.INT32, number, START)


def updated() -> MemoryPorts:
    ports = updating_rig.stocked()
    updating_rig.report(ports, "1.0")
    updating_rig.ask(ports, "1.1", note="x")
    updating_rig.connect(ports, "s1")
    return ports


def with_tenant() -> MemoryPorts:
    ports = MemoryPorts()
    tenants.create(ports, "acme", TENANT)
    return ports


def master(ports: MemoryPorts) -> Caller:
    return of_key(next(key for key in ports.keys.all(TENANT) if key.master))


def keyed() -> MemoryPorts:
    ports = with_tenant()
    above = next(iter(ports.keys.all(TENANT))).id
    key, _ = keys.create_child(ports, master(ports), above, KeyRequest(roles=frozenset({Role.DEVICE_R})))
    limiting.limit(ports, TENANT, key.id, Use.REQUESTS, (5, 60))
    return ports


def child(ports: MemoryPorts) -> str:
    return next(key.id for key in ports.keys.all(TENANT) if not key.master)


def peopled() -> MemoryPorts:
    ports = with_tenant()
    user = User(TENANT, "u1", "ada", "ada@example.com", frozenset({Role.DEVICE_R}), START)
    users.create(ports, master(ports), user, "Passw0rd!")
    return ports


def limited() -> MemoryPorts:
    ports = with_tenant()
    tenancy.set_quotas(ports, TENANT, {Stored.DEVICES: 5, Stored.KEYS: 9})
    tenancy.set_limits(ports, TENANT, {Use.REQUESTS: (5, 60), Use.MESSAGES: (6, 60)})
    return ports


def decoding() -> MemoryPorts:
    ports = with_tenant()
    decoders.create(ports, DecoderRecord(TENANT, "d1", "e", DecoderKind.BINARY, START, START, source="{int a;}"))
    return ports


def switched(ports: MemoryPorts) -> None:
    decoders.update(ports, TENANT, DecoderKind.BINARY, "d1", lambda record: replace(record, enabled=True))


POLICY = ActionPolicy(
    TENANT, "p1", "dialect", "one", START, triggers={"data": Filter(frozenset({"mqtt"}))}, pushes=(HttpPush("a", "u"),)
)


def policed() -> MemoryPorts:
    ports = with_tenant()
    policies.save(ports, POLICY)
    return ports


def made(kind: str) -> Callable[[], MemoryPorts]:
    claim = Claim(CLIENT, TENANT, "dialect", kind, "key", START)
    connect = consuming.connected if kind == "application" else relaying.connected

    def make() -> MemoryPorts:
        ports = with_tenant()
        connect(ports, claim, "s1", START)
        return ports

    return make


GUEST = Claim(CLIENT, TENANT, "dialect", "application", "key", START)
SENSOR = Candidate(CLIENT, "dialect", "device", connector="mqtt", device=DEVICE)


def admitted() -> MemoryPorts:
    ports = with_tenant()
    admit(ports, master(ports), SENSOR)
    return ports


def located() -> MemoryPorts:
    ports = MemoryPorts()
    interfaces = tuple(Interface("mqtt", f"n{n}", "dialect", START, START, definition={"a": 1}) for n in range(2))
    devices.register(ports, Device(TENANT, DEVICE, START, START, interfaces=interfaces, location=Location(1.5, 2)))
    return ports


def grouped() -> MemoryPorts:
    ports = with_tenant()
    groups.create(ports, TENANT, "roof", "root", None)
    return ports


def group_of(ports: MemoryPorts) -> str:
    return next(iter(ports.groups.tree(TENANT).groups))


def subscribed() -> MemoryPorts:
    ports = MemoryPorts()
    applications.change(ports, TENANT, "a:o:1", lambda one: one.with_ring("x", Ring(1, 4)))
    return ports


CASES = [
    Case(
        "store.commands.COMMAND",
        lambda ports: ports.commands.rows,
        commanded,
        (deadline, answer),
    ),
    Case(
        "store.mailboxes.MAILBOX",
        lambda ports: ports.mailboxes.rows,
        commanded,
        (
            lambda ports: rig_of(ports).create(),
            lambda ports: connecting.contact(ports, rig_of(ports).claim, ports.clock.advance(seconds=900)),
            lambda ports: hearing.watch(ports, TENANT, DEVICE, "w", 60),
            lambda ports: rig_of(ports).disconnect(),
            lambda ports: connecting.connected(ports, rig_of(ports).claim, "s3", ports.clock.now()),
        ),
        replaced=1,  # the peer of a session that is over
    ),
    Case(
        "store.configurations.CONFIGURATION",
        lambda ports: ports.configurations.rows,
        configured,
        (
            lambda ports: synchronizing.request(ports, TENANT, DEVICE, {"a": value(9)}, "fifo"),
            lambda ports: ports.run_background(),
            lambda ports: synchronizing.cancel(ports, TENANT, DEVICE, "a"),
        ),
        replaced=1,  # the value that is requested no more
    ),
    Case(
        "store.resources.DEVICE_RESOURCES",
        lambda ports: ports.resources.rows,
        updated,
        (
            updating_rig.accept,
            lambda ports: updating_rig.ask(ports, "1.2"),
            lambda ports: updating_rig.ask(ports, "1.1"),
        ),
        replaced=1,  # the version that is requested no more
    ),
    Case(
        "store.keys.KEY",
        lambda ports: ports.keys.rows,
        keyed,
        (
            lambda ports: keys.update(ports, master(ports), child(ports), KeyRequest(label="new"), renew=True),
            lambda ports: keys.update(ports, master(ports), child(ports), KeyRequest(active=False)),
            lambda ports: limiting.limit(ports, TENANT, child(ports), Use.REQUESTS, (9, 30)),
            lambda ports: debugging.debug(ports, master(ports), child(ports), START + 1),
        ),
    ),
    Case(
        "store.users.USER",
        lambda ports: ports.users.rows,
        peopled,
        (
            lambda ports: users.update(ports, master(ports), "u1", UserRequest(language="de")),
            lambda ports: users.log_in(ports, "ada", "Passw0rd!"),
        ),
    ),
    Case(
        "store.tenants.SETTINGS",
        lambda ports: ports.tenants.kept,
        limited,
        (
            lambda ports: tenancy.set_quotas(ports, TENANT, {Stored.DEVICES: 7}),
            lambda ports: tenancy.set_limits(ports, TENANT, {Use.MESSAGES: (8, 10)}),
            lambda ports: tenancy.set_retention(ports, TENANT, {Kept.MESSAGES: 86_400}),
        ),
    ),
    Case(
        "store.decoders.DECODER",
        lambda ports: ports.decoders.rows,
        decoding,
        (switched,),
    ),
    Case(
        "store.decoders.DIRECTORY",
        lambda ports: ports.decoders.directories,
        decoding,
        (switched,),
    ),
    Case(
        "store.policies.POLICY",
        lambda ports: ports.policies.rows,
        policed,
        (
            lambda ports: policies.enable(ports, TENANT, "p1", enabled=False),
            lambda ports: suspension.failed(ports, policies.get(ports, TENANT, "p1"), "a", "503"),
        ),
    ),
    Case(
        "store.consumers.CONSUMER",
        lambda ports: ports.consumers.rows,
        made("application"),
        (
            lambda ports: consuming.note(ports, ports.consumers.rows[TENANT, CLIENT], acknowledged=False),
            lambda ports: consuming.disconnected(ports, GUEST, "s1", START + 1),
            lambda ports: consuming.connected(ports, GUEST, "s2", START + 2),
        ),
    ),
    Case(
        "store.gateways.GATEWAY",
        lambda ports: ports.gateways.rows,
        made("gateway"),
        (
            lambda ports: relaying.disconnected(ports, replace(GUEST, mode="gateway"), "s1", START + 1),
            lambda ports: relaying.connected(ports, replace(GUEST, mode="gateway"), "s2", START + 2),
        ),
    ),
    Case(
        "store.claims.CLAIM",
        lambda ports: ports.claims.rows,
        admitted,
        (
            lambda ports: admit(ports, master(ports), replace(SENSOR, username="other")),
            lambda ports: devices.update_interface(ports, TENANT, DEVICE, ("mqtt", CLIENT), enabled=False),
        ),
    ),
    Case(
        "store.devices.DEVICE",
        lambda ports: ports.devices.rows,
        located,
        (
            lambda ports: devices.update(ports, TENANT, DEVICE, lambda device: replace(device, name="new")),
            lambda ports: devices.update_interface(ports, TENANT, DEVICE, ("mqtt", "n1"), enabled=False),
        ),
    ),
    Case(
        "store.alarms.ALARM",
        lambda ports: ports.alarms.rows,
        alarmed,
        (
            lambda ports: alarms.update(ports, TENANT, alarm_of(ports), lambda a: replace(a, text="new")),
            lambda ports: alarms.clear(ports, TENANT, DEVICE, "hot", alarms.stamp(ports)),
        ),
    ),
    Case(
        "store.tombstones.TOMBSTONE",
        lambda ports: ports.messages.graves.get((TENANT, DEVICE), {}),
        buried,
        (sweeping.sweep,),
    ),
    Case(
        "store.managed_objects.OBJECT",
        lambda ports: ports.objects.rows,
        objected,
        (
            lambda ports: objects.update(ports, TENANT, object_of(ports), lambda o: objects.merged(o, {"f": 2})),
            lambda ports: objects.update(ports, TENANT, object_of(ports), lambda o: replace(o, name="new")),
        ),
    ),
    Case(
        "store.groups.GROUP",
        lambda ports: cast("dict[Any, Any]", ports.groups.tree(TENANT).groups),
        grouped,
        (lambda ports: groups.update(ports, TENANT, group_of(ports), lambda group: replace(group, name="attic")),),
    ),
    Case(
        "store.catalog.RESOURCE",
        lambda ports: ports.catalog.rows,
        updating_rig.stocked,
        (
            lambda ports: catalog.update(
                ports, updating_rig.TENANT, updating_rig.FIRMWARE, lambda one: replace(one, label="new")
            ),
        ),
    ),
    Case(
        "store.catalog.VERSION",
        lambda ports: ports.catalog.version_rows,
        updating_rig.stocked,
        (
            lambda ports: catalog.update_version(
                ports, updating_rig.TENANT, updating_rig.FIRMWARE, "1.0", lambda one: replace(one, description="new")
            ),
        ),
    ),
]
