"""Scalable applications: instances `A:org:app` or `A:org:app:instance` that share what comes."""

import pytest

from tests.dialects.ibm.site import Site

pytestmark = pytest.mark.row("H4")
EVENTS = "iot-2/type/+/id/+/evt/+/fmt/+"


@pytest.fixture
def site() -> Site:
    return Site()


def instances(site: Site, *names: str, filters: str = EVENTS) -> list[str]:
    found = []
    for name in names:
        client = f"A:{site.org}:{name}"
        assert site.knock(client, *site.client.credentials)["isAuthenticated"]
        site.connect(client)
        site.subscribe(client, filters)
        found.append(client)
    return found


def test_instances_share_what_comes(site: Site) -> None:
    clients, device = instances(site, "app:1", "app:2", "app:3"), site.device()
    for _ in range(30):
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
    counts = [len(site.received(client)) for client in clients]
    assert sum(counts) == 30
    assert all(counts)


def test_every_application_gets_its_own_copy(site: Site) -> None:
    scalable, device = instances(site, "one:1", "other:1", "third"), site.device()
    standalone = site.application("one", EVENTS)
    site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
    assert [len(site.received(client)) for client in (*scalable, standalone)] == [1, 1, 1, 1]


def test_an_instance_that_has_left_is_passed_over(site: Site) -> None:
    (gone, here), device = instances(site, "app:1", "app:2"), site.device()
    del site.client.ports.delivery.sessions[gone]
    site.client.ports.delivery.gone.add(gone)
    for _ in range(10):
        site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
    assert len(site.received(here)) == 10
    assert {key[2] for key in site.client.ports.records.rows if key[1] == "ibm.applications"} == {here}


def test_subscriptions_are_not_durable(site: Site) -> None:
    (client,), device = instances(site, "app:1"), site.device()
    site.disconnect(client, durable=True)
    site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
    site.connect(client)
    assert site.received(client) == []


def test_their_status_names_the_application(site: Site) -> None:
    watcher = site.application("watcher", "iot-2/app/app/mon")
    (client,) = instances(site, "app:1")
    assert [(t, b["ClientID"]) for t, b in site.received(watcher)] == [("iot-2/app/app/mon", client)]
