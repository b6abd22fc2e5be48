"""Which partition key of which table or index takes the most writes, as counted while devices do the same at once.

DynamoDB takes 1,000 writes a second for each. Every event is performed by some devices of one tenant, with the platform
of `bench.units`; what each key took of that, for one device, is what it takes of a fleet.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from random import Random

from bench.scale.events import COMMAND, FIRST, IMPORT, RECONNECT, TELEMETRY, Load
from bench.units.awaited import Device
from bench.units.cloud import Cloud
from bench.units.live_objects import COMMANDS, CONFIGURATION, Bench
from chalicelib import wiring
from chalicelib.fleet.ids import timed_id
from infra import description

DEVICES = 64
_MINUTE = 60_000


def measured() -> dict[str, list[Load]]:
    """By event; every table and index has its line in each."""
    with Cloud().running() as cloud:
        bench = Bench(cloud)
        # Ids decide the shards of what is due: the same ones each time.
        chance = Random(1)
        wiring.ports().__dict__["new_id"] = lambda at: timed_id(at, chance.randbytes(8))
        devices = [Device(f"urn:lo:nsid:scale:device-{number:04}") for number in range(DEVICES)]
        sessions: dict[str, str] = {}
        events: dict[str, Callable[[], None]] = {
            FIRST: lambda: _connect(bench, devices, sessions),
            TELEMETRY: lambda: _talk(bench, devices),
            RECONNECT: lambda: _again(bench, devices, sessions),
            IMPORT: lambda: _import(bench),
            COMMAND: lambda: _command(bench, devices),
        }
        return {name: _loads(bench, event) for name, event in events.items()}


def paths() -> list[str]:
    """All tables and indexes there are."""
    return [path for noun in description.table_nouns() for path in (noun, *_indexes(noun))]


def _indexes(noun: str) -> Iterator[str]:
    return (f"{noun}/index/{index}" for index in description.indexes(noun))


def _loads(bench: Bench, event: Callable[[], None]) -> list[Load]:
    bench.warm()
    with bench.cloud.meter.measuring():
        event()
        bench.cloud.settle()
    by_key: Counter[tuple[str, str]] = Counter()
    for use in bench.cloud.meter.uses:
        for path, key, units in use.touched:
            by_key[path, key] += units  # type: ignore[assignment]
    return [_load(path, by_key) for path in paths()]


def _load(path: str, by_key: Counter[tuple[str, str]]) -> Load:
    units = [took for (where, _), took in by_key.items() if where == path]
    # Below what one device writes into a key of its own there is nothing to see.
    return Load(path, sum(units) / DEVICES, max(units, default=0) / DEVICES)


def _connect(bench: Bench, devices: list[Device], sessions: dict[str, str]) -> None:
    for device in devices:
        sessions[device.client] = bench.cloud.connect(device, bench.key, COMMANDS, CONFIGURATION)
        bench.cloud.settle()


def _again(bench: Bench, devices: list[Device], sessions: dict[str, str]) -> None:
    """The broker was away: all connections end, and come again."""
    for device in devices:
        bench.cloud.disconnect(device, sessions[device.client])
    bench.cloud.settle()
    _connect(bench, devices, sessions)


def _talk(bench: Bench, devices: list[Device]) -> None:
    bench.cloud.clock.at += 16 * _MINUTE
    for number, device in enumerate(devices):
        bench.cloud.publish(device, "dev/data", {"v": {"n": number}})
        bench.cloud.settle()


def _import(bench: Bench) -> None:
    for number in range(DEVICES):
        urn = f"urn:lo:nsid:scale:imported-{number:04}"
        interface = {"connector": "mqtt", "definition": {"clientId": urn}}
        bench.request("POST", "devices", {"id": urn, "interfaces": [interface]})


def _command(bench: Bench, devices: list[Device]) -> None:
    for device in devices:
        bench.order(device.client, ackMode="NETWORK")
        bench.cloud.settle()


def main() -> None:
    found = {event: [[load.path, load.writes, load.hottest] for load in loads] for event, loads in measured().items()}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
