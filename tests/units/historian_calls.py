"""`python -m tests.units.historian_calls FILE`: what calls of IBM's historian read, by the size of the events.

In a process of its own, because the tables' names and botocore's hooks last for a process.
"""

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

from bench.units.cloud import START, Cloud
from bench.units.live_objects import Bench
from chalicelib import wiring
from chalicelib.dialects.ibm import payload
from chalicelib.dialects.ibm.identity import Name
from chalicelib.dialects.ibm.payload import Said
from tests.infra.exercise_ibm import Organization

SIZES = {"small": (500, 10), "medium": (300, 1_500), "large": (600, 40_000)}
"""How many events, and how many characters in each, of which compression leaves half."""
_DAY = 86_400


def main() -> None:
    with Cloud().running() as cloud:
        organization = Organization(Bench(cloud))
        found = {name: _first_call(organization, name, *size) for name, size in SIZES.items()}
    Path(sys.argv[1]).write_text(json.dumps(found))


def _first_call(organization: Organization, id_: str, events: int, length: int) -> dict[str, Any]:
    """What the first call of a summary read (units), and how many events it covered."""
    organization.call("POST", "/api/v0001/devices", {"type": "pump", "id": id_})
    ports, chance = wiring.ports(), Random(1)
    device = ports.devices.get(organization.id, Name("pump", id_).fleet_id)
    if device is None:
        raise RuntimeError("the device was not registered")
    bytes_ = 0
    for n in range(events):
        body = payload.compact({"d": {"n": n, "noise": chance.randbytes(length // 2).hex()}})
        bytes_ += len(body)
        said = Said("status", "json", body, START + n, str(n))
        ports.messages.put(
            payload.message(device, said, payload.specified(said.payload, said.format), "mqtt", "/"), _DAY
        )
    with organization.cloud.meter.measuring():
        path = f"/api/v0001/historian/pump/{id_}?summarize=%7Bn%7D&summarize_type=count"
        (record,) = organization.call("GET", path)
        units = organization.cloud.meter.reads()
    return {"units": units, "events": events, "covered": record["evt"]["n"], "bytes": bytes_ / events}


if __name__ == "__main__":
    main()
