"""`python -m bench.object_growth [--most 100000]`: what lists of managed objects read and take as an inventory grows.

As `bench.growth`, for Cumulocity's API: one object in 500 has the fragment that is looked for. What is timed asks
moto past HTTP, as in the local stack; `cpu_ms` is of this process alone. Writes build/object_growth.json.
"""

import argparse
import base64
import json
import time
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.units.cloud import REGION, Cloud
from chalicelib import wiring
from chalicelib.fleet import ids
from chalicelib.fleet.access import tenants
from chalicelib.fleet.inventory import numbering
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.store import facets, managed_objects
from infra.local import dynamodb, shortcut
from infra.local.http_server import RAW_HEADERS

OUTPUT = Path("build") / "object_growth.json"
PAGE, TRIES = 100, 5
_ONE_IN = 500
_NOWHERE = "http://nowhere.invalid"
_START = 1_700_000_000_000
QUERIES: dict[str, dict[str, Any]] = {
    "has(), page of 100": {"query": "has(c8y_Rare)", "pageSize": PAGE},
    "fragmentType, page of 100": {"fragmentType": "c8y_Rare", "pageSize": PAGE},
    "type, page of 100": {"type": "t7", "pageSize": PAGE},
    "first page of 100": {"pageSize": PAGE},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.object_growth", description=__doc__)
    parser.add_argument("--most", type=int, default=10_000, help="objects")
    size = parser.parse_args().most
    figures = measured(size)
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps({"objects": size, **figures}, indent=1) + "\n")
    for name, figure in figures.items():
        print(f"{name:30} {figure}")


def measured(size: int) -> dict[str, dict[str, Any]]:
    """By query: read units, the shortest of some times in milliseconds, and how many objects were answered."""
    dynamodb.install()
    # Clients that are made from now on can be sent past HTTP, which is where nothing counts what they read.
    shortcut.install(_NOWHERE)
    cloud = Cloud()
    with cloud.running():
        tenant, _, key = tenants.create(wiring.ports(), "growth")
        numbering.enable(wiring.ports(), tenant.id)
        _fill(tenant.id, size)
        credentials = f"{tenant.id}/bench:{key}"
        read = {name: _counted(cloud, credentials, query) for name, query in QUERIES.items()}
        shortcut.install(f"https://dynamodb.{REGION}.amazonaws.com")
        return {
            name: {"read_units": read[name], **_timed(cloud, credentials, query)} for name, query in QUERIES.items()
        }


def _counted(cloud: Cloud, credentials: str, query: dict[str, Any]) -> float:
    _asked(cloud, credentials, query)
    with cloud.meter.measuring():
        _asked(cloud, credentials, query)
    return cloud.meter.reads()


def _timed(cloud: Cloud, credentials: str, query: dict[str, Any]) -> dict[str, Any]:
    took, used, found = [], [], 0
    for _ in range(TRIES):
        began, busy = time.perf_counter(), time.process_time()
        found = _asked(cloud, credentials, query)
        took.append(time.perf_counter() - began)
        used.append(time.process_time() - busy)
    return {"ms": round(min(took) * 1000), "cpu_ms": round(min(used) * 1000), "objects": found}


def _asked(cloud: Cloud, credentials: str, query: dict[str, Any]) -> int:
    """How many objects were answered."""
    basic = base64.b64encode(credentials.encode()).decode()
    headers = [("Authorization", f"Basic {basic}"), ("Accept", "application/json")]
    path = f"/inventory/managedObjects?{urlencode(query)}"
    reply = cloud.gateway.get(path, headers=headers, environ_overrides={RAW_HEADERS: headers})
    return len(reply.get_json()["managedObjects"])


def _fill(tenant: str, size: int) -> None:
    """Straight into the tables, as making them would leave them."""
    made = (_object(tenant, number) for number in range(size))
    while batch := list(islice(made, 100)):
        with managed_objects.ObjectItem.batch_write() as write:
            for item in (item for one in batch for item in managed_objects.items(one)):
                write.save(item)
        with facets.FacetItem.batch_write() as write:
            for entry in (entry for one in batch for entry in managed_objects.entered(None, one)):
                write.save(entry)


def _object(tenant: str, number: int) -> ManagedObject:
    rare = {"c8y_Rare": {"n": number}} if number % _ONE_IN == 7 else {}
    at = _START + number
    fragments = {"c8y_Hardware": {"model": "moisture sensor", "serialNumber": str(number)}, **rare}
    return ManagedObject(
        tenant, ids.number(at, b"\0\0"), at, at, name=f"object {number}", type=f"t{number % 50}", fragments=fragments
    )


if __name__ == "__main__":
    main()
