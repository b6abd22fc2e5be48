"""The platform in one process for counting: moto's tables, our handlers, and devices that do as they are told.

Tables, Lambda, Step Functions and IoT Core are answered from inside botocore: what was asked of the others than tables
is kept, and carried out when the caller has returned, as on AWS. The clock is set by hand. One process can hold one.
"""

import base64
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus
from typing import Any

STAGE, REGION, ACCOUNT = "bench", "us-east-1", "123456789012"
ENVIRONMENT = {
    "HOMEPORT_APP": "homeport",
    "HOMEPORT_STAGE": STAGE,
    "HOMEPORT_API_HOST": "api.example.com",
    "HOMEPORT_BUCKET": f"homeport-{STAGE}-objects-{ACCOUNT}-{REGION}",
    "HOMEPORT_STATE_MACHINE": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:homeport-{STAGE}-deadlines",
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_REGION": REGION,
}
# Table names are fixed when the store is imported.
os.environ |= ENVIRONMENT

import botocore.handlers  # noqa: E402
import moto  # noqa: E402
from werkzeug.test import Client  # noqa: E402

import app  # noqa: E402
from bench.units.answers import done, refused  # noqa: E402
from bench.units.awaited import Device, Timer  # noqa: E402
from bench.units.calls import Recorder  # noqa: E402
from bench.units.meter import Meter  # noqa: E402
from chalicelib import wiring  # noqa: E402
from chalicelib.aws import postponed  # noqa: E402
from chalicelib.aws.clients import client  # noqa: E402
from chalicelib.aws.delayed_deadlines import QUEUE, QueuedDeadlines  # noqa: E402
from chalicelib.delivery.iot_core import IotCoreDelivery  # noqa: E402
from chalicelib.fleet.access import stage_key  # noqa: E402
from chalicelib.triggers import uplink  # noqa: E402
from chalicelib.wiring import access  # noqa: E402
from infra import description  # noqa: E402
from infra.functions import API, named  # noqa: E402
from infra.local import dynamodb, dynamodb_direct, light_moto  # noqa: E402
from infra.local.api_gateway import ApiGateway  # noqa: E402
from infra.local.http_server import RAW_HEADERS  # noqa: E402
from infra.local.lambda_context import LambdaContext  # noqa: E402

START = 1_800_000_000_000
_MINUTE = 60_000
Parameters = Mapping[str, Any]
_NOBODY = Device("")


def _written(payload: Any) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


def _read(payload: bytes) -> Any:
    """JSON, or text where it is none."""
    try:
        return json.loads(payload)
    except ValueError:
        return payload.decode()


class BenchClock:
    def __init__(self) -> None:
        self.at = START

    def now(self) -> int:
        return self.at


def _create() -> None:
    from chalicelib.aws.clients import session

    for model in description.tables():
        model.create_table(wait=True)
    for queue in description.queues():
        session().create_client("sqs").create_queue(QueueName=f"homeport-{STAGE}-{queue.name}")
    session().create_client("s3").create_bucket(Bucket=ENVIRONMENT["HOMEPORT_BUCKET"])
    wiring.stage_key_store().create(stage_key.dump(stage_key.first(bytes(range(stage_key.LENGTH)))))


class Cloud:
    """`meter` counts what goes through it while it measures."""

    def __init__(self, *, cold: bool = False) -> None:
        """`cold` lets every invocation begin with nothing remembered."""
        self._cold = cold
        self.meter = Meter(REGION)
        self.recorder = Recorder(REGION, ACCOUNT)
        self.clock = BenchClock()
        self.devices: dict[str, Device] = {}
        self._principals: dict[str, str] = {}
        self.timers: dict[str, Timer] = {}
        self._invoked: deque[tuple[str, Any]] = deque()
        self._postponed: deque[tuple[int, str, Any]] = deque()
        self._events = 0
        self._sessions = 0
        self.before: Callable[[str, Any, Parameters], tuple[Any, Any] | None] = lambda _function, _model, _asked: None
        """Sees every call of a handler before it is made; may answer it, or raise."""
        self.after: Callable[[str, Any], None] = lambda _function, _model: None
        """Sees every call of a handler once it was made; may raise: then its answer is lost."""

    @contextmanager
    def running(self) -> Iterator["Cloud"]:
        """Tables and bucket exist inside."""
        light_moto.remember_methods()
        dynamodb.install()
        hooks = [
            ("after-call", self._passed),
            ("provide-client-params", self._remember),
            ("before-call", self._answer),
            *self.meter.handlers(),
        ]
        botocore.handlers.BUILTIN_HANDLERS.extend(hooks)
        try:
            with moto.mock_aws():
                self._forget_all()
                _create()
                self.gateway = Client(
                    ApiGateway(app.app, function_arn=self._arn(API), account=ACCOUNT, ready=lambda: True)
                )
                yield self
        finally:
            for hook in hooks:
                botocore.handlers.BUILTIN_HANDLERS.remove(hook)

    # -- what happens outside

    def request(
        self,
        method: str,
        path: str,
        key: str,
        body: Any = None,
        *,
        credentials: tuple[str, str] | None = None,
        bare: str | None = None,
    ) -> Any:
        """A request of a client, and the JSON of its answer; what it set going is not yet done.

        `credentials` are user name and password of a client that has these in place of a key, `bare` is a key that
        stands in `Authorization` alone.
        """
        with self._invocation(API):
            self.meter.count("apigateway:request")
            basic = base64.b64encode(":".join(credentials or ()).encode()).decode()
            who = ("Authorization", f"Basic {basic}") if credentials else ("X-API-Key", key)
            who = ("Authorization", bare) if bare is not None else who
            headers = [who, ("Content-Type", "application/json"), ("Accept", "application/json")]
            raw = {RAW_HEADERS: headers}
            answer = self.gateway.open(path, method=method, json=body, headers=headers, environ_overrides=raw)
        if answer.status_code >= HTTPStatus.BAD_REQUEST:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.text}")
        return answer.json if answer.text else None

    def connect(self, device: Device, key: str, *filters: str, username: str = "json+device") -> str:
        """CONNECT and one SUBSCRIBE; returns the session."""
        self._sessions += 1
        session = f"session-{self._sessions}"
        self.meter.count("iot:message", 2)
        mqtt = {
            "username": username,
            "password": base64.b64encode(key.encode()).decode(),
            "clientId": device.client,
        }
        answer = self.invoke("authorizer", {"protocolData": {"mqtt": mqtt, "tls": {}}, "protocols": ["mqtt", "tls"]})
        if not answer["isAuthenticated"]:
            raise RuntimeError("the authorizer refused the device")
        self.devices[device.client] = device
        self._principals[device.client] = answer["principalId"]
        self.lifecycle("presence", "connected", device, session)
        self.lifecycle("subscriptions", "subscribed", device, session, topics=list(filters))
        return session

    def know_stage_key(self) -> None:
        """As it is where it was just looked up: it is remembered for longer than any operation takes."""
        access._stage_key.cache_clear()
        wiring.ports().stage_key.current()

    def resume(self, device: Device) -> None:
        """The device comes back to a session that kept its subscriptions: it sends no SUBSCRIBE."""
        self._sessions += 1
        self.meter.count("iot:message")
        self.devices[device.client] = device
        self.lifecycle("presence", "connected", device, f"session-{self._sessions}")

    def forget(self) -> None:
        """What was set going never runs, as if the functions had died."""
        self._invoked.clear()

    def disconnect(self, device: Device, session: str) -> None:
        del self.devices[device.client]
        self.lifecycle("presence", "disconnected", device, session)

    def lifecycle(self, rule: str, kind: str, device: Device, session: str, **more: Any) -> None:
        self.clock.at += 10
        event = {"clientId": device.client, "eventType": kind, "sessionIdentifier": session, "timestamp": self.clock.at}
        self._rule(f"lifecycle_{rule}", "presence", {**event, **more})

    def publish(self, device: Device, topic: str, payload: Any) -> None:
        """A message of a device, JSON or the bytes themselves, as the topic rule hands it over."""
        self._events += 1
        self.clock.at += 10
        # Of one by Basic Ingest only the rule is billed.
        if not topic.startswith("$aws/rules/"):
            self.meter.count("iot:message")
        event = {
            "payload": base64.b64encode(_written(payload)).decode(),
            "client": device.client,
            "topic": topic,
            "at": self.clock.at,
            "id": f"event-{self._events}",
            "principal": self._principals.get(device.client, ""),
        }
        self._rule("uplink", "uplink", event)

    def settle(self) -> None:
        """Carry out everything that was set going."""
        while self._invoked or self._postponed:
            if not self._invoked:
                delay, function, event = self._postponed.popleft()
                self.clock.at += delay * 1000
                self._invoked.append((function, event))
            function, event = self._invoked.popleft()
            self.attempt(function, event)

    def attempt(self, function: str, event: Any, *, tries: int = 3) -> None:
        """As Lambda does it: an event that fails is tried again after a minute, and after two more."""
        for left in reversed(range(tries)):
            try:
                self.invoke(function, event)
            except Exception:
                if not left:
                    raise
                self.clock.at += (tries - left) * _MINUTE
            else:
                return

    def run_out(self) -> None:
        """Let the nearest deadline come."""
        name, timer = min(self.timers.items(), key=lambda item: item[1].due)
        self.clock.at = max(self.clock.at, timer.due + 1)
        del self.timers[name]
        if timer.queued:
            # Taken out, and deleted.
            self.meter.count("sqs:request", 2)
            self.attempt("settle", {"Records": [{"messageId": name, "body": json.dumps(timer.subject)}]})
            return
        # Into Settle, and to the end.
        self.meter.count("states:transition", 2)
        self.attempt("settle", timer.subject)

    @contextmanager
    def queued_deadlines(self) -> Iterator[None]:
        """SQS keeps them meanwhile."""
        every = [wiring.ports(), wiring.hot_ports()]
        queued = QueuedDeadlines(lambda: client("sqs"), f"homeport-{STAGE}-{QUEUE}", self.clock)
        before = [ports.__dict__.get("deadlines") for ports in every]
        for ports in every:
            ports.__dict__["deadlines"] = queued
        # What the queue is called is asked once for all.
        with self.meter.paused():
            queued.find()
        try:
            yield
        finally:
            for ports, kept in zip(every, before, strict=True):
                ports.__dict__.pop("deadlines") if kept is None else ports.__dict__.update(deadlines=kept)

    def invoke(self, function: str, event: Any) -> Any:
        context = LambdaContext(f"homeport-{STAGE}-{function}", self._arn(function), timeout=named(function).timeout)
        with self._invocation(function):
            return app.app.handler_map[function](event, context)

    def begin_anew(self) -> None:
        """Instances of the functions that remember nothing."""
        uplink.forget()
        self._forget_all()

    # -- inside

    def _forget_all(self) -> None:
        """New ports, with our clock in them."""
        for module in [module for name, module in sys.modules.items() if name.startswith(wiring.__name__)]:
            for made in vars(module).values():
                if hasattr(made, "cache_clear"):
                    made.cache_clear()
        for ports in (wiring.ports(), wiring.hot_ports(), wiring.door_ports()):
            ports.__dict__["clock"] = self.clock
        # Whoever waits for a moment waits by our clock, which would never come to it.
        wiring.ports().__dict__["pause"] = lambda ms: self._pass(ms / 1000)
        wiring.ports().__dict__["delivery"] = IotCoreDelivery(
            lambda: client("iot-data"), sleep=self._pass, ports=wiring.ports
        )

    def _pass(self, seconds: float) -> None:
        self.clock.at += round(seconds * 1000)

    @contextmanager
    def _invocation(self, function: str) -> Iterator[None]:
        self.meter.count(f"lambda:{function}")
        if self._cold:
            self._forget_all()
        outer, self.recorder.function = self.recorder.function, function
        try:
            with self.meter.within(function):
                yield
        finally:
            self.recorder.function = outer

    def _rule(self, rule: str, function: str, event: Any) -> None:
        self.meter.count(f"rule:{rule}")
        self._invoked.append((function, event))

    def _arn(self, function: str) -> str:
        return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:homeport-{STAGE}-{function}"

    def _remember(self, params: Parameters, model: Any, context: dict[str, Any], **_: Any) -> None:
        context["homeport.parameters"] = params
        self.recorder.record(model.name, model.service_model.service_name, params)

    def _answer(self, model: Any, context: dict[str, Any], **_: Any) -> tuple[Any, Any] | None:
        parameters: Parameters = context.get("homeport.parameters", {})
        if self.recorder.function and (answer := self.before(self.recorder.function, model, parameters)):
            return answer
        match model.service_model.service_name:
            case "dynamodb" if parameters and model.name in dynamodb_direct.METHODS:
                answered = dynamodb_direct.perform(model, REGION, dict(parameters))
                return None if answered is None else done(answered)
            case "lambda":
                function = parameters["FunctionName"].split("-", 2)[2]
                self._invoked.append((function, json.loads(parameters["Payload"])))
                return done({"StatusCode": HTTPStatus.ACCEPTED})
            case "stepfunctions":
                return self._execution(model.name, parameters)
            case "iot-data":
                return self._broker(model.name, parameters)
            case "sqs" if model.name == "SendMessage" and parameters["QueueUrl"].endswith(f"-{QUEUE}"):
                due = self.clock.at + parameters["DelaySeconds"] * 1000
                timer = Timer(due, json.loads(parameters["MessageBody"]), queued=True)
                self.timers[f"message-{len(self.timers)}-{due}"] = timer
                return done({"MessageId": "m", "MD5OfMessageBody": ""})
            case "sqs" if model.name == "SendMessage" and self._postpones(parameters["QueueUrl"]):
                body = json.loads(parameters["MessageBody"])
                self._postponed.append((parameters["DelaySeconds"], body["function"], body["event"]))
                return done({"MessageId": "m", "MD5OfMessageBody": ""})
        return None

    def _postpones(self, url: str) -> bool:
        """What a function puts off comes again by itself; what is put there from outside the sweep finds."""
        return bool(self.recorder.function) and url.endswith(f"-{postponed.QUEUE}")

    def _passed(self, model: Any, **_: Any) -> None:
        if self.recorder.function:
            self.after(self.recorder.function, model)

    def _execution(self, operation: str, parameters: Parameters) -> tuple[Any, Any]:
        if operation == "StopExecution":
            self.timers.pop(parameters["executionArn"].rpartition(":")[2], None)
            return done({})
        subject = json.loads(parameters["input"])
        due = int(datetime.fromisoformat(subject.pop("dueAt")).timestamp() * 1000)
        self.timers.setdefault(parameters["name"], Timer(due, subject))
        # Into Wait.
        self.meter.count("states:transition")
        return done({"executionArn": "arn", "startDate": datetime.fromtimestamp(0).astimezone()})

    def _broker(self, operation: str, parameters: Parameters) -> tuple[Any, Any]:
        device = self.devices.get(parameters["clientId"])
        if operation == "DeleteConnection":
            self.devices.pop(parameters["clientId"], None)
            return done({})
        if operation == "GetConnection":
            return done({"connected": device is not None})
        if operation == "ListSubscriptions":
            return done({"subscriptions": [{"topicFilter": name, "qos": 1} for name in (device or _NOBODY).filters]})
        if device is None:
            return refused("ResourceNotFoundException", HTTPStatus.NOT_FOUND)
        if not device.acknowledges:
            self.clock.at += int(parameters["timeout"]) * 1000
            return refused("GatewayTimeoutException", HTTPStatus.GATEWAY_TIMEOUT)
        # On MQTT 3.1.1 a device's PUBACK is metered as a message.
        self.meter.count("iot:message")
        said = device.answer(parameters["topic"], _read(parameters["payload"]))
        if said is not None:
            self.publish(device, *said)
        return done({"message": "OK"})
