"""`python -m bench.growth [--most 100000]`: what inventory operations read as a fleet grows.

Read units and calls are exact; times are those of DynamoDB in this process, so compare them with one another only.
Writes build/growth.json.
"""

import argparse
import json
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench.units.cloud import Cloud
from chalicelib import wiring
from chalicelib.fleet.access import tenants
from chalicelib.fleet.inventory import groups
from chalicelib.fleet.inventory.records import Device, Interface
from chalicelib.fleet.presence.mailbox import Mailbox
from chalicelib.fleet.presence.records import Presence
from chalicelib.store import devices as device_store
from chalicelib.store import facets, mailboxes
from infra.local import dynamodb
from infra.local.http_server import RAW_HEADERS

SIZES = (1_000, 10_000, 100_000)
OUTPUT = Path("build") / "growth.json"
DEVICES = "/api/v1/deviceMgt/devices"
_ONE_IN = 500
"""How rare what an index finds is: one device in so many is in the group, has the tag, is online."""
_PAGE = 20
Figures = dict[str, dict[str, Any]]

QUERIES: dict[str, dict[str, Any]] = {
    "get": {},
    "first page": {"limit": _PAGE},
    "page after a bookmark": {"limit": _PAGE, "bookmarkId": "middle"},
    "page at offset 900": {"limit": _PAGE, "offset": 900},
    "by node id": {"interfaces.nodeId": "node-7"},
    "by group": {"groupPath": "/rare", "limit": _PAGE},
    "by tag": {"tags": "rare", "limit": _PAGE},
    "by RSQL, tag and property": {"filterQuery": "tags==rare;properties.n!=1", "limit": _PAGE},
    "online": {"interfaces.status": "ONLINE", "limit": _PAGE},
    "by name, a scan": {"name": "device 7*", "limit": _PAGE},
    "by name, found nowhere": {"name": "nobody", "limit": _PAGE},
    "sorted by name": {"sort": "name", "limit": _PAGE},
    "sorted by name, by tag": {"sort": "name", "tags": "rare", "limit": _PAGE},
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[1], help="the largest fleet")
    parser.add_argument("--only", type=int, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        print(json.dumps(measured(asked.only)))
        return
    figures = {size: _apart(size) for size in SIZES if size <= asked.most}
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(figures, indent=1) + "\n")
    print(f"{'':30}" + "".join(f"{size:>27,}" for size in figures))
    for name in next(iter(figures.values())):
        print(f"{name:30}" + "".join(f"{_shown(figures[size][name]):>27}" for size in figures))


def _apart(size: int) -> Figures:
    """In a process of its own: the tables' names and botocore's hooks last for a process."""
    command = [sys.executable, "-m", "bench.growth", "--only", str(size)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    figures: Figures = json.loads(done.stdout)
    return figures


def measured(size: int) -> Figures:
    """By operation: read units, calls of DynamoDB, milliseconds, and the status of what was answered."""
    dynamodb.install()
    cloud = Cloud()
    with cloud.running():
        tenant, _, key = tenants.create(wiring.ports(), "growth")
        group = groups.create(wiring.ports(), tenant.id, "rare", "root", None).id
        _fill(tenant.id, group, size)
        for query in QUERIES.values():
            _asked(cloud, key, query | {"limit": 1}, size)
        return {name: _asked(cloud, key, query, size) for name, query in QUERIES.items()}


def _asked(cloud: Cloud, key: str, query: dict[str, Any], size: int) -> dict[str, Any]:
    sent = {k: _urn(size // 2) if v == "middle" else v for k, v in query.items()}
    path = f"{DEVICES}?{urlencode(sent)}" if sent else f"{DEVICES}/{_urn(7)}"
    headers = [("X-API-Key", key)]
    with cloud.meter.measuring():
        began = time.perf_counter()
        status = cloud.gateway.get(path, headers=headers, environ_overrides={RAW_HEADERS: headers}).status_code
        took = time.perf_counter() - began
    calls = sum(n for name, n in cloud.meter.calls.items() if name.startswith("dynamodb:"))
    return {"read_units": cloud.meter.reads(), "calls": calls, "ms": round(took * 1000), "status": status}


def _fill(tenant: str, group: str, size: int) -> None:
    """Straight into the tables, as registering would leave them."""
    made = (_device(tenant, group, number) for number in range(size))
    while batch := list(islice(made, 100)):
        with device_store.DeviceItem.batch_write() as write:
            for device in batch:
                write.save(device_store._item(device))
        with device_store.OwnerItem.batch_write() as write:
            for device in batch:
                write.save(device_store._owner(device, device.interfaces[0]))
        with mailboxes.MailboxItem.batch_write() as write:
            for device in batch:
                write.save(mailboxes.item_of(_mailbox(device)))
        with facets.FacetItem.batch_write() as write:
            for entry in (entry for device in batch for entry in facets.changes(None, device)[0]):
                write.save(entry)


def _device(tenant: str, group: str, number: int) -> Device:
    rare = number % _ONE_IN == 7
    return Device(
        tenant,
        _urn(number),
        number + 1,
        number + 1,
        name=f"device {number}",
        tags=("rare",) if rare else (),
        group=group if rare else "root",
        properties={"n": str(number), "model": "moisture sensor"},
        interfaces=(Interface("mqtt", f"node-{number}", "live_objects", 1, 1),),
    )


def _mailbox(device: Device) -> Mailbox:
    (interface,) = device.interfaces
    online = Presence("live_objects", interface.node, "session", since=1, last_contact=device.created)
    presence = {interface.key: online} if device.tags else {}
    return Mailbox(device.tenant, device.id, revision=1, presence=presence)


def _urn(number: int) -> str:
    return f"urn:lo:nsid:bench:device-{number:07}"


def _shown(figure: dict[str, Any]) -> str:
    refused = "" if figure["status"] < 400 else f" [{figure['status']}]"
    return f"{figure['read_units']:g} units {figure['calls']} calls {figure['ms']} ms{refused}"


if __name__ == "__main__":
    main()
