"""What clients of Cumulocity's API that listen in real time let the functions do."""

from typing import Any

from bench.units.live_objects import (
    Bench,
    command_network,
    connect_disconnect,
    device_register,
    telemetry,
)
from chalicelib import wiring
from chalicelib.fleet.data import open_alarms
from chalicelib.fleet.inventory import numbering
from chalicelib.fleet.presence import silences
from tests.infra.scheduled import SCHEDULED

_KINDS = ("alarms", "alarmsWithChildren", "events", "measurements", "operations", "managedobjects")
_MINUTE = 60_000
_OPERATIONS = (telemetry, command_network, connect_disconnect, device_register)


def _listened(bench: Bench) -> None:
    """Somebody listens to all that happens to devices of another dialect, from wherever it comes."""
    numbering.enable(wiring.ports(), bench.tenant)
    credentials = f"{bench.tenant}/somebody", bench.key

    def send(channel: str, **said: Any) -> Any:
        message = {"channel": f"/meta/{channel}", "connectionType": "long-polling", **said}
        return bench.cloud.request("POST", "/notification/realtime", "", [message], credentials=credentials)

    client = send("handshake", supportedConnectionTypes=["long-polling"])[0]["clientId"]
    send("subscribe", clientId=client, subscription=[f"/{kind}/*" for kind in _KINDS])
    bench.cloud.clock.at += 2 * _MINUTE
    told = []
    for operation in _OPERATIONS:
        bench.warm()
        operation(bench)
        bench.cloud.settle()
        told += send("connect", clientId=client)[:-1]
    if not told:
        raise RuntimeError("nothing was told")
    send("disconnect", clientId=client)


def _silent(bench: Bench) -> None:
    """A device that is to be heard is silent, has an alarm, and speaks again."""
    ports, device = wiring.ports(), bench.device.client
    for spoken in (lambda: telemetry(bench), lambda: connect_disconnect(bench)):
        silences.demand(ports, bench.tenant, device, 60, "silent", "it is silent")
        bench.cloud.clock.at += 120 * _MINUTE
        bench.cloud.invoke("sweep", SCHEDULED)
        if not open_alarms.of_source(ports, bench.tenant, device):
            raise RuntimeError("nobody was alarmed")
        spoken()
        bench.cloud.settle()
    silences.spare(ports, bench.tenant, device)


STEPS = (_listened, _silent)
