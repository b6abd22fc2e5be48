from dataclasses import replace

from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence.gateways import Gateway, Waiting
from chalicelib.fleet.presence.records import Presence


def gateway(tenant: str) -> Gateway:
    return Gateway(tenant, "g1", Presence("live_objects", "g1", "s1", 5, capabilities=frozenset({"command"})))


def test_a_gateway_is_read_as_it_was_written(ports: Ports, tenant: str) -> None:
    assert ports.gateways.get(tenant, "g1") is None
    assert ports.gateways.replace(gateway(tenant), gateway(tenant))
    assert ports.gateways.get(tenant, "g1") == replace(gateway(tenant), revision=1)


def test_of_two_changes_one_comes_through(ports: Ports, tenant: str) -> None:
    assert ports.gateways.replace(gateway(tenant), gateway(tenant))
    assert not ports.gateways.replace(gateway(tenant), gateway(tenant))


def test_waiting_devices_are_noted_once_each(ports: Ports, tenant: str) -> None:
    ports.gateways.replace(gateway(tenant), gateway(tenant))
    notes = [Waiting(tenant, "g1", f"urn:{n}", "m1") for n in (1, 2)]
    for note in (*notes, *notes, Waiting(tenant, "g2", "urn:3", "m1")):
        ports.gateways.wait(note)
    assert list(ports.gateways.waiting(tenant, "g1")) == notes


def test_a_newer_note_stays(ports: Ports, tenant: str) -> None:
    older, newer = (Waiting(tenant, "g1", "urn:1", mark) for mark in ("m1", "m2"))
    ports.gateways.wait(older)
    ports.gateways.wait(newer)
    ports.gateways.woken(older)
    assert list(ports.gateways.waiting(tenant, "g1")) == [newer]
    ports.gateways.woken(newer)
    ports.gateways.woken(newer)
    assert list(ports.gateways.waiting(tenant, "g1")) == []
