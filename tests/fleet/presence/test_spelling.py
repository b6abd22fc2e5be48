"""A client id that is another spelling of a node, and a device that is a gateway as well."""

import pytest

from chalicelib.fleet.access import callers, tenants
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.errors import Forbidden
from chalicelib.fleet.inventory import devices
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence import connecting, nodes, relaying
from chalicelib.fleet.presence.admitting import Candidate, admit
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.nodes import NodeStatus
from chalicelib.fleet.presence.records import Capability
from tests.fakes import START, MemoryPorts

NODE, SPELT = "pump-1", "d:pump-1:xid"
COMMANDS = frozenset({Capability.COMMAND})


@pytest.fixture
def caller(ports: MemoryPorts) -> Caller:
    return callers.of_key(tenants.create(ports, "acme")[1])


def candidate(client: str) -> Candidate:
    node = NODE if client != NODE else ""
    return Candidate(client, "dialect", "device", connector="mqtt", device="dev-1", node=node, relays=True)


def connected(ports: MemoryPorts, caller: Caller, client: str, session: str) -> Claim:
    claim = admit(ports, caller, candidate(client))
    at = ports.clock.advance(ms=10)
    for keeper in (connecting, relaying):
        keeper.connected(ports, claim, session, at)
        keeper.subscribed(ports, claim, session, COMMANDS, at)
    return claim


def presence(ports: MemoryPorts, caller: Caller) -> tuple[str, str | None]:
    mailbox = ports.mailboxes.get(caller.tenant, "dev-1")
    assert mailbox is not None
    found = mailbox.presence[f"mqtt:{NODE}"]
    return found.client, found.session


def test_the_interface_has_the_node_and_the_route_the_client(ports: MemoryPorts, caller: Caller) -> None:
    claim = connected(ports, caller, SPELT, "s1")
    assert (claim.own_node, claim.device, claim.interface) == (NODE, "dev-1", f"mqtt:{NODE}")
    assert [i.node for i in devices.get(ports, caller.tenant, "dev-1").interfaces] == [NODE]
    mailbox = ports.mailboxes.get(caller.tenant, "dev-1")
    assert mailbox is not None
    (route,) = mailbox.routes(Capability.COMMAND)
    assert (route.client, route.node) == (SPELT, NODE)


def test_the_node_itself_is_kept_from_other_tenants(ports: MemoryPorts, caller: Caller) -> None:
    connected(ports, caller, SPELT, "s1")
    stranger = callers.of_key(tenants.create(ports, "other")[1])
    for client in (NODE, SPELT):
        with pytest.raises(Forbidden):
            admit(ports, stranger, candidate(client))


@pytest.mark.parametrize(("first", "second"), [(SPELT, NODE), (NODE, SPELT), (SPELT, "d:pump-1")])
def test_another_spelling_closes_the_older_connection(
    ports: MemoryPorts, caller: Caller, first: str, second: str
) -> None:
    older = connected(ports, caller, first, "s1")
    connected(ports, caller, second, "s2")
    assert ports.background.disconnects == [first]
    assert presence(ports, caller) == (second, "s2")
    # Its end is told late, and its beginning once more.
    connecting.disconnected(ports, older, "s1", ports.clock.advance(ms=1))
    connecting.connected(ports, older, "s1", START)
    assert presence(ports, caller) == (second, "s2")
    assert len(devices.get(ports, caller.tenant, "dev-1").interfaces) == 1


def test_disabling_the_interface_closes_and_refuses_every_spelling(ports: MemoryPorts, caller: Caller) -> None:
    connected(ports, caller, SPELT, "s1")
    devices.update_interface(ports, caller.tenant, "dev-1", ("mqtt", NODE), enabled=False)
    assert SPELT in ports.background.disconnects
    for client in (SPELT, NODE, "d:pump-1"):
        with pytest.raises(Forbidden):
            admit(ports, caller, candidate(client))
    devices.update_interface(ports, caller.tenant, "dev-1", ("mqtt", NODE), enabled=True)
    assert admit(ports, caller, candidate(SPELT)).enabled


@pytest.mark.parametrize("how", ["device", "interface"])
def test_what_is_deleted_lets_go_of_every_spelling(ports: MemoryPorts, caller: Caller, how: str) -> None:
    connected(ports, caller, SPELT, "s1")
    if how == "device":
        devices.delete(ports, caller.tenant, "dev-1")
    else:
        devices.delete_interface(ports, caller.tenant, "dev-1", "mqtt", NODE)
    for client in (SPELT, NODE):
        claim = ports.claims.get(client)
        assert claim is None or claim.vacant
    assert SPELT in [client for client, _ in ports.background.fences]
    assert admit(ports, caller, candidate(SPELT)).device == "dev-1"


def test_an_interface_that_moved_is_the_other_devices_in_every_spelling(ports: MemoryPorts, caller: Caller) -> None:
    connected(ports, caller, SPELT, "s1")
    devices.register(ports, Device(caller.tenant, "dev-2", START, START))
    devices.move_interface(ports, caller.tenant, "dev-1", ("mqtt", NODE), "dev-2")
    assert SPELT in ports.background.disconnects
    for client in (SPELT, NODE, "d:pump-1"):
        assert admit(ports, caller, candidate(client)).device == "dev-2"


def test_a_device_that_is_a_gateway_reaches_what_is_behind_it(ports: MemoryPorts, caller: Caller) -> None:
    claim = connected(ports, caller, SPELT, "s1")
    interface = Interface("mqtt", "child", "dialect", START, START)
    devices.register(ports, Device(caller.tenant, "child", START, START, interfaces=(interface,)))
    behind = Claim("child", caller.tenant, "dialect", "device", "", START, device="child", connector="mqtt")
    nodes.state(ports, behind, NODE, NodeStatus(online=True, at=ports.clock.now(), able={Capability.COMMAND: True}))
    mailbox = ports.mailboxes.get(caller.tenant, "child")
    assert mailbox is not None
    route = relaying.route(ports, mailbox, Capability.COMMAND)
    assert route is not None
    assert (route.client, route.session) == (SPELT, "s1")
    for keeper in (connecting, relaying):
        keeper.disconnected(ports, claim, "s1", ports.clock.advance(ms=1))
    assert relaying.route(ports, mailbox, Capability.COMMAND) is None


def test_late_events_of_a_holder_find_it_as_it_was(ports: MemoryPorts, caller: Caller) -> None:
    claim = connected(ports, caller, SPELT, "s1")
    at = ports.clock.now()
    devices.delete(ports, caller.tenant, "dev-1")
    vacant = ports.claims.get(SPELT)
    assert vacant is not None
    held = vacant.holder(at, "", ports.clock.now())
    assert held is not None
    assert (held.own_node, held.relays, held.device) == (NODE, True, claim.device)
