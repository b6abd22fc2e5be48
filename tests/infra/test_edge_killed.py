"""`kill -9` of an edge under load: what it acknowledged is stored, its sessions end, and every id is free again."""

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from tests.clients import Rest, as_it_goes_on, until
from tests.figures import tell
from tests.infra.edge_process import EdgeProcess
from tests.infra.edges import bare_key
from tests.infra.elsewhere import elsewhere
from tests.local.running import RunningStack, unused
from tests.local.swarm import Device, Swarm
from tests.local.test_under_load import readings

DEVICES = "/api/v1/deviceMgt/devices"
_PAUSE_S = 0.02
_LOST = int(os.environ.get("HOMEPORT_SOAK_DEVICES", "200"))


def kill_under_load(stack: RunningStack, folder: Path, *, devices: int, kills: int) -> None:
    # The same port at every start: the devices come back to it.
    key, rest, chance, port = bare_key(stack), Rest(stack), Random(devices), unused()
    with (
        elsewhere(stack.aws) as aws,
        EdgeProcess(stack, folder, aws, HOMEPORT_EDGE_MQTT_PORT=port) as edge,
        Swarm(port, key, f"killed{devices}", devices) as swarm,
        Swarm(port, key, f"leaving{devices}", 2) as leaving,
    ):
        swarm.connect()
        leaving.connect()
        until(lambda: all(status(rest, device.urn) == "ONLINE" for device in leaving.devices))
        swarm.insist(_PAUSE_S)
        for _ in range(kills):
            # Every device gets through before the next blow, which comes at any moment of what it does then.
            everybody_sends(swarm, 3)
            time.sleep(chance.uniform(0, 0.2))
            edge.end(signal.SIGKILL)
            edge.start()
        # All are back under their ids, and heard.
        everybody_sends(swarm, 1)
        swarm.rest()
        for device in swarm.devices:
            everything_is_stored(rest, device)
            until(lambda: status(rest, device.urn) == "ONLINE")  # noqa: B023 - used before the next turn
        for device in leaving.devices:
            until(lambda: status(rest, device.urn) == "OFFLINE")  # noqa: B023
        leaving.drop()
        leaving.connect()
        until(lambda: all(status(rest, device.urn) == "ONLINE" for device in leaving.devices))
        assert "Traceback" not in edge.log, edge.log
    rest.close()
    told = sum(device.acknowledged for device in swarm.devices)
    tell(f"edge: {kills} times kill -9 under {devices} devices: {told} messages acknowledged, all kept")


def everybody_sends(swarm: Swarm, count: int) -> None:
    before = [device.acknowledged for device in swarm.devices]

    def sent() -> bool:
        return all(d.acknowledged >= n + count for d, n in zip(swarm.devices, before, strict=True))

    as_it_goes_on(sent, lambda: sum(device.acknowledged for device in swarm.devices))


def everything_is_stored(rest: Rest, device: Device) -> None:
    """A message that was not acknowledged comes again, and is another one then."""
    wanted, found = set(range(device.acknowledged)), set[int]()

    def missing() -> int:
        found.update(readings(rest, device.urn))
        return len(wanted - found)

    as_it_goes_on(lambda: not wanted - found, missing)


def status(rest: Rest, urn: str) -> str:
    (interface,) = rest.get(f"{DEVICES}/{urn}/interfaces")
    return str(interface["status"])


def test_an_edge_that_is_killed_loses_nothing_and_blocks_no_id(stack: RunningStack, tmp_path: Path) -> None:
    kill_under_load(stack, tmp_path, devices=3, kills=1)


@pytest.mark.soak
def test_an_edge_that_is_killed_often_loses_nothing_and_blocks_no_id(stack: RunningStack, tmp_path: Path) -> None:
    kill_under_load(stack, tmp_path, devices=_LOST, kills=10)
