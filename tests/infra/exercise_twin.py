"""What devices with a model let the functions do."""

import base64

from bench.units.live_objects import Bench
from bench.units.lwm2m import TwinDevice
from chalicelib import wiring
from chalicelib.dialects.cumulocity import modelled
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Policy

_NAME = "urn:exercise:meter"
SCHEDULED = {
    "version": "0",
    "id": "sweep",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2027-01-15T08:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "Scheduled Event",
    "detail": {},
}


def _lived(bench: Bench) -> None:
    """A device from its registration to the end of its lifetime, whose values somebody listens to."""
    device = TwinDevice(bench, "urn:lo:nsid:exercise:meter", _NAME)
    rule = {"name": "all", "type": "PASSTHROUGH", "paths": ["/"]}
    bench.post("/api/v1/deviceMgt/twin/data/rules", rule)
    bench.post("/api/v0/topics/fifo", {"name": "twins", "maxLengthBytes": 524_288})
    actions = {
        "fifoPublish": [{"version": 1, "fifoName": "twins"}],
        "httpPush": [{"version": 1, "webhookUrl": "https://example.com/hook"}],
    }
    for trigger in ("dataMessage", "deviceStatus"):
        told = {"name": trigger, "enabled": True, "triggers": {trigger: {"version": 1}}, "actions": actions}
        bench.post("/api/v1/event2action/actionPolicies", told)
    device.register()
    token = device.observe()
    device.notify(token, "20")
    device.report(21)
    device.read()
    _restart(bench, device)
    device.update()
    device.event("refused", why="bad key", identity=base64.b64encode(_NAME.encode()).decode(), address="192.0.2.1")
    device.event("malformed", principal=device.principal, why="no CoAP")
    bench.cloud.clock.at += 301_000
    bench.cloud.invoke("sweep", SCHEDULED)
    bench.cloud.settle()
    device.register()
    device.deregister()
    bench.request("DELETE", "devices/urn:lo:nsid:exercise:meter")


def _restart(bench: Bench, device: TwinDevice) -> None:
    """By a command of the fleet, which ends with what the device answers; another one waits behind it."""
    ports = wiring.ports()
    for _ in range(2):
        order = Order(None, {"req": "c8y_Restart", "arg": {}}, Policy(), dialect="cumulocity")
        modelled.carry_out(ports, creating.create(ports, bench.tenant, device.urn, order))
    device.work()


STEPS = (_lived,)
