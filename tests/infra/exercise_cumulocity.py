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
from chalicelib.dialects.cumulocity import bulk_operations
from chalicelib.fleet.commands import campaigns
from chalicelib.fleet.data import open_alarms
from chalicelib.fleet.inventory import hierarchy, numbering
from chalicelib.fleet.inventory.managed_objects import ChildKind
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
    for spoken in (telemetry, connect_disconnect):
        silences.demand(ports, bench.tenant, device, 60, "silent", "it is silent")
        bench.cloud.clock.at += 120 * _MINUTE
        bench.cloud.invoke("sweep", SCHEDULED)
        if not open_alarms.of_source(ports, bench.tenant, device):
            raise RuntimeError("nobody was alarmed")
        spoken(bench)
        bench.cloud.settle()
    silences.spare(ports, bench.tenant, device)


def _ordered_in_bulk(bench: Bench) -> None:
    """Each device of a group is given an operation, by the sweep; then it is called off."""
    ports, credentials = wiring.ports(), (f"{bench.tenant}/somebody", bench.key)
    device = ports.devices.get(bench.tenant, bench.device.client)
    made = bench.cloud.request(
        "POST", "/inventory/managedObjects", "", {"name": "all", "c8y_IsDeviceGroup": {}}, credentials=credentials
    )
    hierarchy.link(ports, bench.tenant, made["id"], (device and device.number) or "", ChildKind.ASSET)
    body = {
        "groupId": made["id"],
        "startDate": "2099-01-01T00:00:00Z",
        "creationRamp": 1,
        "operationPrototype": {"c8y_Restart": {}},
    }
    bulk = bench.cloud.request("POST", "/devicecontrol/bulkoperations", "", body, credentials=credentials)["id"]
    program = bulk_operations.PROGRAM
    campaigns.change(ports, program, campaigns.get(ports, program, bench.tenant, bulk), bench.tenant, starts=0)
    bench.cloud.clock.at += _MINUTE
    bench.cloud.invoke("sweep", SCHEDULED)
    if campaigns.get(ports, program, bench.tenant, bulk).made != 1:
        raise RuntimeError("nobody was given an operation")
    campaigns.cancel(ports, program, campaigns.get(ports, program, bench.tenant, bulk), bench.tenant)
    bench.cloud.clock.at += _MINUTE
    bench.cloud.invoke("sweep", SCHEDULED)


STEPS = (_listened, _silent, _ordered_in_bulk)
