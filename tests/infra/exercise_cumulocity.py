"""What clients of Cumulocity's API that listen in real time let the functions do."""

from typing import Any

from bench.units.live_objects import (
    Bench,
    command_expired,
    command_network,
    connect_disconnect,
    device_register,
    telemetry,
)
from chalicelib import wiring
from chalicelib.fleet.inventory import numbering

_KINDS = ("alarms", "alarmsWithChildren", "events", "measurements", "operations", "managedobjects")
_MINUTE = 60_000
_OPERATIONS = (telemetry, command_network, command_expired, connect_disconnect, device_register)


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


STEPS = (_listened,)
