"""The same of what is kept of devices with a model, whose records are bodies among those of `ports.records`."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.fleet import sweeping
from chalicelib.fleet.shapes import Kind
from chalicelib.fleet.twin import bootstrap, identities, observing, operating, registering, rules, values_of
from chalicelib.fleet.twin import operation_states as states
from chalicelib.fleet.twin.records import BootstrapEntry
from chalicelib.fleet.twin.values_of import Measured
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import ENDPOINT, URN, Endpoint, provision
from tests.fakes import MemoryPorts
from tests.shapes import AFTER, newer

PATH = f"/api/v1/deviceMgt/devices/{URN}/interfaces/lwm2m:{ENDPOINT}"


@dataclass
class World:
    client: Client
    endpoint: Endpoint

    @property
    def ports(self) -> MemoryPorts:
        return self.client.ports

    @property
    def of(self) -> tuple[MemoryPorts, str, str]:
        return self.ports, self.client.tenant.id, URN

    @property
    def config(self) -> str:
        return bootstrap.configs(*self.of[:2])[0].id

    @property
    def operation(self) -> str:
        return operating.listing(*self.of)[0].id


def world() -> World:
    client = Client()
    provision(client)
    endpoint = Endpoint(client)
    endpoint.connect()
    endpoint.register()
    made = World(client, endpoint)
    body = {"type": "WRITE", "paths": ["/1/0"], "values": [{"path": "/1/0/1", "value": "60"}]}
    client.call("POST", f"/api/v1/deviceMgt/devices/{URN}/twin/operations", body)
    observing.create(*made.of, ("/3",), "mine")
    rules.create(client.ports, client.tenant.id, "all", "PASSTHROUGH", ("/",))
    values_of.report(*made.of, [Measured((3, 0, 9), 5, client.ports.clock.at)])
    server = {"id": "s", "lwm2mDefinition": {"security": {"shortServerId": 1}, "server": {"shortServerId": 1}}}
    config = bootstrap.add_config(client.ports, client.tenant.id, "one", None, [server])
    entry = BootstrapEntry("ep", "bootstrap-identity", 1, 1, config.id)
    run = [bootstrap.Written("s", "run-identity", "secret")]
    bootstrap.add_entry(client.ports, client.tenant.id, entry, b"key", run)
    return made


def moved(world: World) -> None:
    world.client.call("POST", "/api/v1/deviceMgt/devices", {"id": "urn:lo:nsid:a:b"})
    assert world.client.call("PATCH", PATH, {"deviceId": "urn:lo:nsid:a:b"}).status == 200


CASES: dict[str, tuple[str, Kind[Any], Callable[[World], object]]] = {
    "fleet.twin.identities.CREDENTIAL": ("twin/identity", identities.CREDENTIAL, moved),
    "fleet.twin.registering.TWIN": ("twin/device", registering.TWIN, lambda w: w.endpoint.update(links="</3/0>")),
    "fleet.twin.registering.LIFETIME": (
        "twin/lifetime",
        registering.LIFETIME,
        lambda w: (w.endpoint.update("lt=9"), sweeping.sweep(w.ports)),
    ),
    "fleet.twin.observing.OBSERVED": ("twin/observations", observing.OBSERVED, lambda w: observing.take(*w.of, "run")),
    "fleet.twin.operating.OPERATION": (
        f"twin/operation/{URN}",
        operating.OPERATION,
        lambda w: operating.take(*w.of, "run", awaited=True),
    ),
    "fleet.twin.rules.RULE": (
        "twin/rule",
        rules.RULE,
        lambda w: rules.update(w.ports, w.of[1], rules.listing(w.ports, w.of[1])[0].id, "new", ("/3",)),
    ),
    "fleet.twin.bootstrap.CONFIG": (
        "twin/bootstrap-config",
        bootstrap.CONFIG,
        lambda w: bootstrap.update_config(w.ports, w.of[1], w.config, "two", None, []),
    ),
    "fleet.twin.bootstrap.ENTRY": (
        "twin/bootstrap-entry",
        bootstrap.ENTRY,
        lambda w: bootstrap.assign(w.ports, w.of[1], "ep", w.config),
    ),
    "fleet.twin.values_of.VALUES": (
        f"twin/values/{URN}",
        values_of.VALUES,
        lambda w: values_of.report(*w.of, [Measured((3, 0, 1), "x", w.ports.clock.at)]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_no_field_of_a_newer_release_is_lost(name: str) -> None:
    kind_name, kind, use = CASES[name]
    made = world()
    rows = made.ports.records.rows
    (where,) = [each for each in rows if each[1] == kind_name]
    rows[where] = replace(rows[where], body=newer(kind, rows[where].body, None))
    before, made.ports.clock.at = rows[where].body, made.ports.clock.at + 299_000
    made.endpoint.update()
    before, made.ports.clock.at = rows[where].body, made.ports.clock.at + 2_000
    use(made)
    after = rows[where].body
    assert after != before
    assert str(after).count(AFTER) == str(before).count(AFTER)


def test_what_is_final_keeps_them_too() -> None:
    made = world()
    rows, id_ = made.ports.records.rows, made.operation
    (where,) = [each for each in rows if each[1] == f"twin/operation/{URN}"]
    rows[where] = replace(rows[where], body=newer(operating.OPERATION, rows[where].body, None))
    marks = str(rows[where].body).count(AFTER)
    operating.cancel(*made.of, id_)
    (final,) = [record for name, record in rows.items() if name[1] == f"twin/operation-final/{URN}"]
    assert str(final.body).count(AFTER) == marks
    assert states.cancelled(operating.get(*made.of, id_), 0) is None
