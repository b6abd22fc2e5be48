"""Nodes of a gateway beside an AWS in memory, whose function is a platform of the test's."""

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import botocore.session
import pytest
from moto import mock_aws

from infra.gateway.node import Node
from infra.gateway.settings import GatewaySettings, queue
from infra.local.vital import Vital
from infra.stage import Stage
from infra.templates import gateway_tables
from tests.gateway.coaps_rig import KEY

REGION = "ap-southeast-2"
STAGE = Stage("trial", "fleet")
SEALING = b"s" * 32


@dataclass
class MemoryPlatform:
    """A function that knows every device, keeps what it reports, and fails when it is told to."""

    kept: list[str] = field(default_factory=list)
    invoked: list[dict[str, Any]] = field(default_factory=list)
    waiting: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    done: list[dict[str, Any]] = field(default_factory=list)
    fails: Callable[[dict[str, Any]], bool] = lambda _: False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, event: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            self.invoked.append(event)
            if self.fails(event):
                raise RuntimeError("it fails")
            return self._answer(event)

    def _answer(self, event: dict[str, Any]) -> dict[str, Any]:
        match event["kind"]:
            case "batch":
                return {"answers": [self._of_batch(each) for each in event["events"]]}
            case "identity":
                identity = _decoded(event["identity"])
                return {"key": _encoded(KEY), "principal": identity} if identity.startswith("device") else {}
            case "request":
                self.kept.append(_decoded(event.get("payload", "")))
                return {"code": "2.01" if event["path"] == ["rd"] else "2.04"}
            case "notification":
                self.kept.append(_decoded(event.get("payload", "")))
                return {"accepted": True}
            case "next":
                if "done" in event:
                    self.done.append(event["done"])
                waiting = self.waiting.get(event["principal"], [])
                return waiting.pop(0) if waiting and not event.get("leaving") else {}
        return {}

    def _of_batch(self, event: dict[str, Any]) -> dict[str, Any]:
        return {"failed": "RuntimeError"} if self.fails(event) else self._answer(event)

    def of_kind(self, kind: str) -> list[dict[str, Any]]:
        with self.lock:
            return [event for event in self.invoked if event["kind"] == kind]


class Functions:
    """A client of Lambda that has one function."""

    def __init__(self, platform: MemoryPlatform) -> None:
        self._platform = platform

    def invoke(self, *, FunctionName: str, Payload: str) -> dict[str, Any]:  # noqa: N803 - botocore's
        assert FunctionName == STAGE.called("lwm2m")
        try:
            answer: Any = self._platform.handle(json.loads(Payload))
        except RuntimeError as error:
            told = json.dumps({"errorType": type(error).__name__}).encode()
            return {"FunctionError": "Unhandled", "Payload": io.BytesIO(told)}
        return {"Payload": io.BytesIO(json.dumps(answer).encode())}


@contextmanager
def aws(platform: MemoryPlatform, nodes: int = 1) -> Iterator[Callable[[str], Any]]:
    """Clients by service: tables and queues as the template makes them."""
    with mock_aws(), pytest.MonkeyPatch.context() as environment:
        for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "s"}.items():
            environment.setenv(name, value)
        session = botocore.session.get_session()
        made: dict[str, Any] = {"lambda": Functions(platform)}
        made |= {service: session.create_client(service, region_name=REGION) for service in ("dynamodb", "sqs")}
        for noun in gateway_tables.NOUNS:
            made["dynamodb"].create_table(TableName=STAGE.called(noun), **gateway_tables.schema(noun))
        for number in range(nodes):
            made["sqs"].create_queue(QueueName=STAGE.called(queue(number)))
        yield made.__getitem__


def settings(**others: Any) -> GatewaySettings:
    given = {
        "stage": STAGE,
        "region": REGION,
        "bind": "127.0.0.1",
        "port": 0,
        "bootstrap_port": 0,
        "health_bind": "127.0.0.1",
        "health_port": 0,
        "linger_s": 0.01,
    }
    return GatewaySettings(**{**given, **others})


class Running:
    """A node, with what it says and whether something of it has died."""

    def __init__(self, clients: Callable[[str], Any], *, machine: str = "one", **others: Any) -> None:
        self.said: list[str] = []
        self.vital = Vital()
        self.node = Node(
            settings(**others), clients, [SEALING], self.vital, say=self.said.append, machine=machine, hints_wait=1
        )

    @property
    def port(self) -> int:
        return self.node.served["run"][1].port

    async def start(self) -> int:
        return await asyncio.wait_for(self.node.start(), 60)

    async def stop(self) -> None:
        await asyncio.wait_for(self.node.stop(), 60)
        await self._unheard()

    async def _unheard(self) -> None:
        """Until its last question is answered, a queue may give it what is for its successor."""
        if self.node._hearing is not None:
            await asyncio.to_thread(self.node._hearing.join, 60)

    async def crash(self) -> None:
        """As `kill -9` leaves it: nothing is saved or given back."""
        node = self.node
        node.health.stop()
        if node._hints is not None:
            node._hints.stop()
        for task in node._tasks:
            task.cancel()
        await asyncio.gather(*node._tasks, return_exceptions=True)
        for service, coaps in node.served.values():
            await service.stop()
            coaps._socket.stop()
            coaps.server.stop()
            await coaps._keeping.abandon()
            if coaps._rechecking is not None:
                coaps._rechecking.cancel()
                await asyncio.gather(coaps._rechecking, return_exceptions=True)
        if node._forward_socket is not None:
            node._forward_socket.stop()
        await self._unheard()


def _encoded(raw: bytes) -> str:
    import base64

    return base64.b64encode(raw).decode()


def _decoded(text: str) -> str:
    import base64

    return base64.b64decode(text).decode()
