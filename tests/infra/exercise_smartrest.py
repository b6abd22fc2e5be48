"""What devices of Cumulocity let the functions do."""

import json
from typing import Any

from bench.units.awaited import Device
from bench.units.live_objects import Bench
from chalicelib import wiring
from chalicelib.aws import later
from chalicelib.aws.clients import client
from chalicelib.dialects.cumulocity import bootstrap, device_users
from chalicelib.fleet.inventory import numbering

_PASSWORD = "5" * 48
_BOOTSTRAP = "management/devicebootstrap"
_FILTERS = ("s/ds", "s/e", "s/dat", "s/dt", "s/dc/#", "error", "devicecontrol/notifications")


class Agent:
    """A device of the bench's tenant."""

    def __init__(self, bench: Bench, serial: str) -> None:
        self.cloud, self.tenant, self.key = bench.cloud, bench.tenant, bench.key
        numbering.enable(wiring.ports(), bench.tenant)
        self.device, self.user = Device(serial, filters=_FILTERS), f"device_{serial}"
        device_users.issue(wiring.ports(), bench.tenant, self.user, _PASSWORD, bench.cloud.clock.now())
        self.session = self.connect()

    def connect(self) -> str:
        session = self.cloud.connect(self.device, _PASSWORD, *_FILTERS, username=f"{self.tenant}/{self.user}")
        self.cloud.settle()
        return session

    def say(self, rows: str, topic: str = "s/us") -> None:
        self.cloud.publish(self.device, topic, rows.encode())
        self.cloud.settle()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.cloud.request(method, path, "", body, credentials=(f"{self.tenant}/x", self.key))

    def order(self, serial: str) -> str:
        found = self.call("GET", f"/identity/externalIds/c8y_Serial/{serial}")["managedObject"]["id"]
        made = self.call("POST", "/devicecontrol/operations", {"deviceId": found, "c8y_Restart": {}})["id"]
        self.cloud.settle()
        return str(made)


def _spoken(bench: Bench) -> None:
    """A device describes itself, its child and its service, and is told what went wrong."""
    agent = Agent(bench, "c1")
    agent.say("100,Pump,c8y_Pump\n110,1,2,3\n112,1,2\n140,a,1,apt,\n105\n123\n9999")
    agent.say("101,kid,Kid,t\n102,svc,systemd,Svc,up\n141,b,1,apt,")
    agent.say("200,f,s,1\n301,hot\n301,hot\n305,hot,MINOR\n400,e,text\n407,e,x\n306,hot", "s/us/kid")
    agent.say("", "s/uat")
    agent.say("200,f,s,1", "t/us")


def _obeyed(bench: Bench) -> None:
    """Operations for a device and its child, in both forms; two of a kind wait for each other."""
    agent = Agent(bench, "c2")
    agent.say("101,kid2,Kid,t")
    agent.order("kid2")
    agent.say("501,c8y_Restart\n503,c8y_Restart", "s/us/kid2")
    first, second = agent.order("c2"), agent.order("c2")
    agent.say(f"504,{first}")
    agent.say("503,c8y_Restart\n501,c8y_Restart")
    agent.say("500")
    _looked_again(bench)
    agent.say(f"505,{second},no")


def _looked_again(bench: Bench) -> None:
    """What was put off: what Lambda does with the queue it does by the function's own role."""
    sqs, recorder = client("sqs"), bench.cloud.recorder
    url = sqs.get_queue_url(QueueName=wiring.function_name("later"))["QueueUrl"]
    for wanted in (2_000, 0):
        recorder.function = "later"
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        recorder.function = ""
        bench.cloud.clock.at += wanted
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=2).get("Messages", [])
        for message in messages:
            bench.cloud.invoke("later", {"Records": [{"messageId": message["MessageId"], "body": message["Body"]}]})
            recorder.function = "later"
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            recorder.function = ""
        bench.cloud.settle()


def _began(bench: Bench) -> None:
    """A device without credentials asks for them until it has some."""
    bootstrap.put(wiring.ports(), _BOOTSTRAP, "well known")
    agent = Agent(bench, "c3")
    agent.call("POST", "/devicecontrol/newDeviceRequests", {"id": "fresh"})
    fresh = Device("fresh", filters=("s/dcr",))
    bench.cloud.connect(fresh, "well known", "s/dcr", username=_BOOTSTRAP)
    bench.cloud.settle()
    for status in ("", "ACCEPTED"):
        if status:
            agent.call("PUT", "/devicecontrol/newDeviceRequests/fresh", {"status": status})
        bench.cloud.clock.at += 2_000
        bench.cloud.publish(fresh, "s/ucr", b"")
        bench.cloud.settle()


_TEMPLATES = (
    "10,m,POST,MEASUREMENT,,t,,f.s.value,NUMBER,",
    "10,g,GET,INVENTORY,,false,c8y_Serial",
    "11,r,,,name",
)


def _defined(bench: Bench) -> None:
    """A device defines templates of its own, and says some things as JSON."""
    agent = Agent(bench, "c4")
    agent.say("m,,1", "s/uc/own")
    agent.say("\n".join(_TEMPLATES), "s/ut/own")
    _looked_again(bench)
    agent.say("m,,1\ng,c4", "s/uc/own")
    agent.order("c4")
    body = json.dumps({"c8y_IsDevice": {}, "externalIds": [{"type": "c8y_Serial", "externalId": "kid4"}]})
    agent.say(body, "inventory/managedObjects/create")
    agent.say(json.dumps({"a": 1}), "inventory/managedObjects/update/c4")
    agent.say("{", "event/events/create")
    told = json.dumps({"type": "t", "text": "x", "severity": "MAJOR"})
    for topic in ("event/events/create", "alarm/alarms/create"):
        agent.say(told, topic)


def _shut_out(bench: Bench) -> None:
    """A device with a child is disabled: its sessions are looked for again, and one that is told of late is closed."""
    agent = Agent(bench, "c5")
    agent.say("101,kid5,Kid,t")
    found = agent.call("GET", "/identity/externalIds/c8y_Serial/c5")["managedObject"]["id"]
    agent.call("PUT", f"/inventory/managedObjects/{found}/user", {"enabled": False})
    bench.cloud.settle()
    at = bench.cloud.clock.at
    bench.cloud.clock.at += 30_000
    # The queue holds it back for as long, and not by the bench's clock.
    matter = {"kind": "sessions", "tenant": agent.tenant, "user": agent.user, "at": at, "kept": None, "after": None}
    bench.cloud.invoke("later", {"Records": [{"messageId": "m", "body": later.dump("cumulocity", matter)}]})
    bench.cloud.settle()
    event = {"clientId": "c5", "eventType": "connected", "sessionIdentifier": agent.session, "timestamp": at}
    bench.cloud.invoke("presence", event)
    bench.cloud.settle()


STEPS = (_spoken, _obeyed, _began, _defined, _shut_out)
