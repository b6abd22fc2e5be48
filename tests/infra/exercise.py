"""`python -m tests.infra.exercise FILE`: every function does what it is there for; its calls of AWS are written down.

In a process of its own, because the tables' names and botocore's hooks last for a process.
"""

import base64
import json
import sys
from dataclasses import asdict
from pathlib import Path
from urllib.parse import quote

from bench.units.cloud import ACCOUNT, REGION, STAGE, Cloud, Device
from bench.units.operations import COMMANDS, CONFIGURATION, OPERATIONS, Bench
from infra.stage import Account

_MINUTE = 60_000


def main() -> None:
    with Cloud(cold=True).running() as cloud:
        bench = Bench(cloud)
        for operation in OPERATIONS:
            bench.warm()
            operation(bench)
        for further in (_crashed, _canceled, _refused, _resumed, _removed, _told, _consumed):
            bench.warm()
            further(bench)
            cloud.settle()
        seen = sorted(cloud.recorder.seen)
    body = {"stage": STAGE, "account": asdict(Account(ACCOUNT, REGION)), "seen": [asdict(access) for access in seen]}
    Path(sys.argv[1]).write_text(json.dumps(body))


def _crashed(bench: Bench) -> None:
    """A delivery whose function died is found by the sweep."""
    bench.order(bench.device.client, ackMode="NETWORK")
    bench.cloud.forget()
    bench.cloud.clock.at += 16 * _MINUTE
    bench.cloud.invoke("sweep", _SCHEDULED)


def _canceled(bench: Bench) -> None:
    command = bench.order("urn:lo:nsid:bench:device-001", expirationInSeconds=600)
    bench.request("GET", f"devices/{quote('urn:lo:nsid:bench:device-001')}/commands")
    bench.request("PUT", f"commands/{command}/status", "CANCELED")
    bench.request("DELETE", f"commands/{command}")


def _refused(bench: Bench) -> None:
    """What cannot be understood, and who may not come in, goes to the audit log."""
    bench.cloud.publish(bench.device, "dev/nowhere", {})
    mqtt = {
        "username": "json+device",
        "clientId": "not a client id",
        "password": base64.b64encode(bench.key.encode()).decode(),
    }
    bench.cloud.invoke("authorizer", {"protocolData": {"mqtt": mqtt, "tls": {}}})


def _resumed(bench: Bench) -> None:
    """A session that kept its subscriptions announces none of them."""
    device = Device("urn:lo:nsid:bench:resumed", filters=(COMMANDS, CONFIGURATION))
    bench.cloud.disconnect(device, bench.cloud.connect(device, bench.key, COMMANDS))
    bench.cloud.settle()
    bench.order(device.client)
    bench.cloud.resume(device)


def _removed(bench: Bench) -> None:
    device = Device("urn:lo:nsid:bench:removed")
    bench.cloud.connect(device, bench.key, COMMANDS)
    bench.cloud.settle()
    bench.request("DELETE", f"devices/{quote(device.client)}")


def _told(bench: Bench) -> None:
    """Policies tell every event to a queue and to a webhook: all functions that make events do so now."""
    bench.post("/api/v0/topics/fifo", {"name": "inbox", "maxLengthBytes": -1})
    names = ("dataMessage", "deviceCreated", "deviceDeleted", "deviceStatus", "commandStatus")
    webhook = {"webhookUrl": "https://example.org/hook", "retryOnFailure": True}
    actions = {"fifoPublish": [{"fifoName": "inbox"}], "httpPush": [webhook]}
    for name in names:
        policy = {"name": name, "triggers": {name: {"version": 1}}, "actions": actions}
        bench.post("/api/v1/event2action/actionPolicies", policy)
    bench.cloud.clock.at += 2 * _MINUTE
    bench.cloud.timers.clear()
    for operation in OPERATIONS:
        bench.warm()
        operation(bench)
    for further in (_crashed, _canceled, _resumed, _removed):
        bench.warm()
        further(bench)
        bench.cloud.settle()
    bench.cloud.invoke("pump", {"tenant": bench.tenant, "queue": "inbox"})


def _consumed(bench: Bench) -> None:
    """An application empties the queue, comes back to a session that it had kept, and is gone while it is served."""
    cloud, application = bench.cloud, Device("application", filters=("fifo/inbox",))
    password = base64.b64encode(bench.key.encode()).decode()
    mqtt = {"username": "application", "clientId": application.client, "password": password}
    cloud.invoke("authorizer", {"protocolData": {"mqtt": mqtt, "tls": {}}})
    cloud.devices[application.client] = application
    cloud.lifecycle("presence", "connected", application, "first")
    cloud.lifecycle("subscriptions", "subscribed", application, "first", topics=["fifo/inbox"])
    cloud.settle()
    cloud.lifecycle("presence", "disconnected", application, "first")
    cloud.lifecycle("presence", "connected", application, "second")
    cloud.settle()
    bench.post("/api/v0/topics/fifo/inbox", {"for": "the application"})
    cloud.settle()
    del cloud.devices[application.client]
    bench.post("/api/v0/topics/fifo/inbox", {"for": "nobody"})
    cloud.settle()
    cloud.invoke("sweep", _SCHEDULED)


_SCHEDULED = {
    "version": "0",
    "id": "sweep",
    "source": "aws.events",
    "account": ACCOUNT,
    "time": "2027-01-15T08:00:00Z",
    "region": REGION,
    "resources": [],
    "detail-type": "Scheduled Event",
    "detail": {},
}

if __name__ == "__main__":
    main()
