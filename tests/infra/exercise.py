"""`python -m tests.infra.exercise FILE`: every function does what it is there for; its calls of AWS are written down.

In a process of its own, because the tables' names and botocore's hooks last for a process.
"""

import base64
import json
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote

import botocore.handlers

from bench.units.answers import done, refused
from bench.units.awaited import Device
from bench.units.cloud import ACCOUNT, REGION, STAGE, Cloud
from bench.units.live_objects import COMMANDS, CONFIGURATION, OPERATIONS, Bench
from chalicelib import wiring
from chalicelib.aws.background import JOB
from chalicelib.aws.clients import client
from chalicelib.fleet.data import alarms
from chalicelib.fleet.data.alarm_records import Severity
from chalicelib.fleet.documents import Record
from chalicelib.fleet.inventory import devices, hierarchy, numbering, objects
from chalicelib.fleet.inventory.managed_objects import ChildKind
from chalicelib.fleet.inventory.objects import Draft
from chalicelib.fleet.jobs import Job
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.resources.records import Upload
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Stored
from tests import pki
from tests.aws import model_check
from tests.infra import exercise_cumulocity, exercise_ibm, exercise_smartrest, exercise_twin, exercise_xyte
from tests.infra.scheduled import SCHEDULED

_MINUTE = 60_000
_REMEMBERED = {"command_applicative_queue", "command_expired_queue"}
"""Operations that stand on what ports remember, and here nobody remembers anything."""
_SAME = {
    *(
        "telemetry_minute",
        "telemetry_usual",
        "telemetry_small",
        "telemetry_hour",
        "telemetry_alone",
        "telemetry_elsewhere",
    ),
    *_REMEMBERED,
}
"""Operations whose calls others make as well."""
_MD5 = "kAFQmDzST7DWlj99KOF/cg=="


def main() -> None:
    botocore.handlers.BUILTIN_HANDLERS.append((model_check.EVENT, model_check.check))
    with Cloud(cold=True).running() as cloud:
        bench = Bench(cloud)
        for operation in (each for each in OPERATIONS if each.__name__ not in _SAME):
            bench.warm()
            operation(bench)
        for further in _FURTHER:
            bench.warm()
            further(bench)
            cloud.settle()
        seen = sorted(cloud.recorder.seen)
    account = {"id": ACCOUNT, "region": REGION}
    body = {"stage": STAGE, "account": account, "seen": [asdict(access) for access in seen]}
    Path(sys.argv[1]).write_text(json.dumps(body))


def _crashed(bench: Bench) -> None:
    """A delivery whose function died is found by the sweep."""
    bench.order(bench.device.client, ackMode="NETWORK")
    bench.cloud.forget()
    bench.cloud.clock.at += 16 * _MINUTE
    bench.cloud.invoke("sweep", SCHEDULED)


def _postponed(bench: Bench) -> None:
    """What DynamoDB has no room for comes again."""
    cloud, at = bench.cloud, bench.cloud.clock.at

    def full(_function: str, model: Any, _parameters: Any) -> Any:
        refuses = model.service_model.service_name == "dynamodb"
        return refused("ThrottlingException", HTTPStatus.BAD_REQUEST) if refuses else None

    events: dict[str, dict[str, Any]] = {
        "uplink": {"client": bench.device.client, "topic": "dev/data", "payload": "", "at": at, "id": "e"},
        "presence": {"clientId": bench.device.client, "timestamp": at, "eventType": "connect_failed"},
        "disconnect": JOB.seal({"kind": Job.REVOKE, "tenant": bench.tenant, "key": "nobody's", "after": None}),
    }
    free, cloud.before = cloud.before, full
    for function, event in events.items():
        cloud.invoke(function, event)
    cloud.before = free
    # SQS hides what has to wait, by a clock that nobody sets.
    queue = client("sqs")
    url = queue.get_queue_url(QueueName=f"homeport-{STAGE}-postponed")["QueueUrl"]
    for function, event in events.items():
        queue.send_message(QueueUrl=url, MessageBody=json.dumps({"v": 1, "function": function, "event": event}))
    cloud.invoke("sweep", SCHEDULED)
    cloud.settle()


def _queued(bench: Bench) -> None:
    """Where a queue keeps deadlines, as the environment of the functions says."""
    os.environ["HOMEPORT_DEADLINES"] = "queue"
    bench.device.answer = lambda _topic, _payload: None
    bench.order(bench.device.client, ackMode="APPLICATIVE", ackTimeoutInSeconds=60, attempts=2)
    bench.cloud.settle()
    bench.cloud.run_out()
    bench.cloud.settle()
    bench.order("urn:lo:nsid:bench:device-001", expirationInSeconds=600)
    bench.order("urn:lo:nsid:bench:device-001", expirationInSeconds=1_000)
    bench.cloud.settle()
    bench.cloud.clock.at += _MINUTE * 2
    bench.cloud.invoke("sweep", SCHEDULED)
    del os.environ["HOMEPORT_DEADLINES"]


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


def _updated(bench: Bench) -> None:
    """Decoded data, and a resource from its upload to the report of the device."""
    decoder = {"encoding": "floats", "format": "float x;", "enabled": True}
    made = bench.post("/api/v0/decoders/binary", decoder)
    body = {"value": {"payload": "41200000"}, "metadata": {"encoding": "floats"}}
    bench.cloud.publish(bench.device, "dev/data", body)
    bench.cloud.settle()
    bench.data("DELETE", f"decoders/binary/{made['id']}")
    version = {"resourceVersionId": "1", "checksum": "kAFQmDzST7DWlj99KOF/cg=="}
    bench.post("/api/v0/rm", {"resourceId": "firmware"})
    bench.post("/api/v0/rm/firmware/version", {**version, "file": "YWJj"})
    announced = {**version, "resourceVersionId": "2", "size": 3}
    bench.post("/api/v0/rm/firmware/version", announced)
    bench.data("GET", "rm/firmware/version/2")
    bench.data("DELETE", "rm/firmware/version/2")
    session = bench.cloud.connect(bench.device, bench.key, COMMANDS, CONFIGURATION, "dev/rsc/upd")
    resource = f"devices/{quote(bench.device.client)}/resources/firmware"
    bench.request("POST", resource, {"version": "1"})
    bench.cloud.settle()
    bench.cloud.publish(bench.device, "dev/rsc", {"rsc": {"firmware": {"v": "1"}}})
    bench.cloud.settle()
    if bench.request("GET", f"{resource}/updates/latest")["status"] != "DONE":
        raise RuntimeError(f"the resource did not arrive in {session}")


def _relayed(bench: Bench) -> None:
    """A node behind a connector: registered, out of reach while the connector is away, served when it is back."""
    cloud, connector = bench.cloud, Device("external", filters=("connector/v1/requests/command",))
    password = base64.b64encode(bench.key.encode()).decode()
    mqtt = {"username": "connector", "clientId": connector.client, "password": password}
    cloud.invoke("authorizer", {"protocolData": {"mqtt": mqtt, "tls": {}}})
    cloud.devices[connector.client] = connector
    cloud.lifecycle("presence", "connected", connector, "first")
    cloud.lifecycle("subscriptions", "subscribed", connector, "first", topics=list(connector.filters))
    able = {"command": {"available": True}}
    cloud.publish(connector, "connector/v1/nodes/n1/status", {"status": "ONLINE", "capabilities": able})
    cloud.publish(connector, "connector/v1/nodes/n1/data", {"value": {"n": 1}})
    cloud.settle()
    del cloud.devices[connector.client]
    request = {"request": {"connector": "x-connector", "value": {}}, "policy": {"ackMode": "NONE"}}
    command = str(bench.request("POST", "devices/urn%3Alo%3Ansid%3Ax-connector%3An1/commands", request)["id"])
    cloud.settle()
    cloud.devices[connector.client] = connector
    cloud.lifecycle("presence", "connected", connector, "second")
    cloud.settle()
    if bench.ended(command) != "PROCESSED":
        raise RuntimeError("the node was not reached")


def _limited(bench: Bench) -> None:
    """A tenant with quotas: all that stores something counts, and counts first what is there."""
    settings.set_quotas(wiring.ports(), bench.tenant, dict.fromkeys(Stored, 1_000_000))
    device = Device("urn:lo:nsid:bench:counted")
    bench.cloud.connect(device, bench.key, COMMANDS)
    settings.set_quotas(wiring.ports(), bench.tenant, {Stored.DEVICES: 999_999})
    bench.cloud.clock.at += 2 * _MINUTE
    bench.cloud.publish(Device("external"), "connector/v1/nodes/n2/data", {"value": {"n": 1}})
    bench.cloud.settle()
    bench.request("DELETE", f"devices/{quote(device.client)}")
    bench.post("/api/v0/rm", {"resourceId": "counted"})
    bench.post("/api/v0/rm/counted/version", {"resourceVersionId": "1", "checksum": _MD5, "file": "YWJj"})
    bench.data("DELETE", "rm/counted")
    bench.post("/api/v0/topics/fifo", {"name": "counted", "maxLengthBytes": -1})
    bench.data("DELETE", "topics/fifo/counted")
    user = {"login": "counted", "email": "counted@example.com", "roles": [], "tenantId": bench.tenant}
    bench.data("DELETE", f"users/{bench.post('/api/v0/users', user)['id']}")
    settings.set_quotas(wiring.ports(), bench.tenant, dict.fromkeys(Stored))


def _managed(bench: Bench) -> None:
    """Devices are objects too, those that are there and those that come; what is half deleted the sweep deletes."""
    ports, sweep = wiring.ports(), partial(bench.cloud.invoke, "sweep", SCHEDULED)
    device, node = Device("urn:lo:nsid:bench:managed"), "urn:lo:nsid:x-connector:managed"
    gone = objects.create(ports, bench.tenant, Draft("gone", named=[("serial", "1")]))
    settings.want_objects(ports, bench.tenant)
    ports.records.create(Record("!", numbering.KIND, bench.tenant, {"since": 0, "began": 0, "after": None}, due=1))
    sweep()
    bench.cloud.connect(device, bench.key, COMMANDS)
    bench.cloud.publish(Device("external"), "connector/v1/nodes/managed/data", {"value": {"n": 1}})
    bench.cloud.settle()
    for name in (device.client, node):
        number = devices.get(ports, bench.tenant, name).number
        hierarchy.link(ports, bench.tenant, gone.id, str(number), ChildKind.DEVICE)
    bench.cloud.publish(device, "dev/data", {"value": {"text": "".join(map(str, range(200_000)))}})
    report = alarms.Report(device.client, "hot", Severity.MAJOR, "it is hot", 1)
    alarms.raise_(ports, bench.tenant, report, alarms.stamp(ports))
    ports.objects.leave(objects.get(ports, bench.tenant, gone.id), frozenset({ChildKind.DEVICE}), data=True)
    attachments.UPLOADS.create(ports, bench.tenant, "lost", Upload("attachments/lost", "0" * 24, 1, "stream"))
    sweep()
    if attachments.UPLOADS.get(ports, bench.tenant, "lost") is not None:
        raise RuntimeError("the sweep did not remove a file that is nobody's")
    if ports.devices.get(bench.tenant, node) is not None:
        raise RuntimeError("the sweep did not delete what was left")


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
    for operation in (each for each in OPERATIONS if each.__name__ not in _SAME):
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
    cloud.invoke("sweep", SCHEDULED)


def _pushed(bench: Bench) -> None:
    """A webhook that must not be reached: what Lambda does with the queue it does by the function's own role."""
    webhook = {"webhookUrl": "http://127.0.0.1/", "retryOnFailure": True}
    policy = {"name": "inner", "triggers": {"dataMessage": {"version": 1}}, "actions": {"httpPush": [webhook]}}
    made = bench.post("/api/v1/event2action/actionPolicies", policy)
    bench.cloud.clock.at += 2 * _MINUTE
    bench.cloud.publish(bench.device, "dev/data", {"value": {"n": 1}})
    bench.cloud.settle()
    sqs, recorder = client("sqs"), bench.cloud.recorder
    url = sqs.get_queue_url(QueueName=wiring.function_name("push"))["QueueUrl"]
    recorder.function = "push"
    sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    recorder.function = ""
    bench.cloud.invoke("push", {"Records": [{"messageId": message["MessageId"], "body": message["Body"]}]})
    recorder.function = "push"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    recorder.function = ""
    if "127.0.0.1" not in str(bench.data("GET", "auditlog/messages?source.actionPolicyId=" + made["id"])):
        raise RuntimeError("the audit log does not tell that the webhook was refused")


def _certified(bench: Bench) -> None:
    """A CA that comes and goes, twice, and a client's certificate that waits."""
    ca = pki.authority(now=datetime.fromtimestamp(bench.cloud.clock.now() / 1000, UTC))
    answers: dict[str, Any] = {
        "RegisterCACertificate": {"certificateId": _CA},
        "DescribeCACertificate": {"certificateDescription": {"certificateArn": _CA_ARN}},
        "ListTagsForResource": {"tags": [{"Key": "homeport:registered"}]},
        "DescribeCertificate": {"certificateDescription": {"status": "PENDING_ACTIVATION"}},
    }
    known = {"resourceId": _CA, "resourceArn": _CA_ARN}

    def answer(_function: str, model: Any, _asked: Any) -> tuple[Any, Any] | None:
        if model.service_model.service_name != "iot":
            return None
        if model.name == "RegisterCACertificate":
            again, answers["again"] = "again" in answers, True
            response, error = refused("ResourceAlreadyExistsException", HTTPStatus.CONFLICT)
            return (response, {**error, **known}) if again else done(answers[model.name])
        return done(answers.get(model.name, {}))

    bench.cloud.before = answer
    made = bench.post("/api/v0/certificates/ca", {"certificate": ca.pem, "comment": ""})
    bench.cloud.invoke("activate", {"certificateId": "c1" * 32, "caCertificateId": _CA})
    bench.data("DELETE", f"certificates/ca/{made['id']}")
    bench.cloud.before = lambda _function, _model, _asked: None


_CA = "ca" * 32
_CA_ARN = f"arn:aws:iot:{REGION}:{ACCOUNT}:cacert/{_CA}"
_FURTHER = (
    _postponed,
    _queued,
    _certified,
    _crashed,
    _canceled,
    _refused,
    _resumed,
    _removed,
    _updated,
    _relayed,
    _limited,
    _managed,
    _pushed,
    _told,
    _consumed,
    *exercise_ibm.STEPS,
    *exercise_smartrest.STEPS,
    *exercise_cumulocity.STEPS,
    *exercise_twin.STEPS,
    *exercise_xyte.STEPS,
)
if __name__ == "__main__":
    main()
