"""Whose an event is, and what may still be sent under an id that is somebody else's by now."""

from dataclasses import replace

from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.presence import holding
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.holding import Held
from chalicelib.fleet.presence.records import Route
from tests.fakes import START, MemoryPorts
from tests.fleet.rig import CLIENT, COMMANDS, TENANT

CLAIM = Claim(CLIENT, TENANT, "dialect", "device", "key", START, connector="mqtt")
MINE, OTHERS = (Route("dialect", node, "mqtt", node, "s1") for node in (CLIENT, "client-2"))


def test_who_holds_the_id_is_told_and_that_it_is_still_theirs(ports: MemoryPorts) -> None:
    ports.claims.rows[CLIENT] = CLAIM
    assert holding.of(ports, CLIENT, START + 1, CLAIM.named()) == Held(CLAIM, present=True)
    assert holding.of(ports, "client-2", START + 1) is None


def test_who_is_not_found_in_what_was_read_last_is_looked_for_in_what_is_there(ports: MemoryPorts) -> None:
    newer = replace(CLAIM, tenant="another", key="k2", generation=CLAIM.generation + 1)
    ports.claims.rows[CLIENT] = newer
    vars(ports.claims)["get"] = lambda _: CLAIM
    assert holding.of(ports, CLIENT, START + 1, newer.named()) == Held(newer, present=True)


def test_a_principal_that_nobody_gave_is_nobodys(ports: MemoryPorts) -> None:
    ports.claims.rows[CLIENT] = CLAIM
    stranger = replace(CLAIM, tenant="another", generation=CLAIM.generation + 1)
    assert holding.of(ports, CLIENT, START + 1, stranger.named()) is None


def test_who_holds_the_id_still_has_the_ports_as_they_are(ports: MemoryPorts) -> None:
    assert Held(CLAIM, present=True).ports(ports) is ports


def test_nothing_is_sent_under_an_id_that_is_somebody_elses_by_now(ports: MemoryPorts) -> None:
    for client in (CLIENT, "client-2"):
        ports.delivery.subscriptions[client] = COMMANDS
    kept = Held(CLAIM, present=False).ports(ports)
    assert kept.delivery.message(MINE, "t", b"", 1) is Outcome.ABSENT
    assert kept.delivery.filters(CLIENT) is None
    assert kept.delivery.capabilities(MINE) is None
    assert kept.delivery.message(OTHERS, "t", b"", 1) is ports.delivery.message(OTHERS, "t", b"", 1)
    assert kept.delivery.filters("client-2") == ports.delivery.filters("client-2")
    assert kept.delivery.capabilities(OTHERS) == COMMANDS
    assert kept.mailboxes is ports.mailboxes


def test_what_is_nobodys_is_told_to_the_tenant_that_the_broker_names_alone(ports: MemoryPorts) -> None:
    for event, principal in [("e1", "AKIASTRANGER"), ("e2", CLAIM.named())]:
        holding.drop(ports, CLIENT, principal, at=START, event=event, content={"topic": "t"})
    (entry,) = ports.audit.page(TENANT, start=0, end=1 << 50, descending=False)
    assert (entry.event, entry.source["client"], entry.content) == ("e2", CLIENT, {"topic": "t"})
