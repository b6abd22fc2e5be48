"""An agent that polls, with a device of Live Objects beside it: what is lost on the way costs nothing, once is once."""

import base64
import itertools
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.clients import PATIENCE_S, MqttClient, Rest, until
from tests.local.running import RunningStack

OPERATIONS = "/devicecontrol/operations"
_numbers = itertools.count(1)


@dataclass
class Agent:
    """A REST agent of one device, which is a device of Live Objects as well."""

    stack: RunningStack
    rest: Rest
    number: str = ""

    def __post_init__(self) -> None:
        credentials = json.loads((self.stack.data / "credentials.json").read_text(encoding="utf-8"))["cumulocity"]
        user = f"{credentials['tenant']}/{credentials['user']}:{credentials['password']}"
        self._headers = {
            "Authorization": f"Basic {base64.b64encode(user.encode()).decode()}",
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        body = {"name": f"polled {next(_numbers)}", "c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}}
        self.number = self.ok("POST", "/inventory/managedObjects", body)["id"]
        self.urn = f"urn:lo:nsid:c8y:{self.number}"

    def call(self, method: str, path: str, body: Any = None) -> requests.Response:
        url = self.stack.url + path
        return requests.request(method, url, json=body, headers=self._headers, timeout=PATIENCE_S)

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def unheard(self, method: str, path: str, body: Any = None) -> None:
        """Ask, and go before the answer has come."""
        sent = b"" if body is None else json.dumps(body).encode()
        named = {**self._headers, "Host": "localhost", "Content-Length": str(len(sent))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items()), "", ""]
        with socket.create_connection(("127.0.0.1", self.stack.http), PATIENCE_S) as connection:
            connection.sendall("\r\n".join(lines).encode() + sent)
            # The first byte of the answer: it was handled.
            connection.recv(1)

    def order(self, name: str) -> str:
        return str(self.ok("POST", OPERATIONS, {"deviceId": self.number, name: {"of": name}})["id"])

    def pending(self) -> list[str]:
        found = self.ok("GET", f"{OPERATIONS}?agentId={self.number}&status=PENDING")["operations"]
        return [one["id"] for one in found]

    def tell(self, operation: str, **said: Any) -> Any:
        """The report is sent twice, as its first answer is lost."""
        self.unheard("PUT", f"{OPERATIONS}/{operation}", said)
        answer = self.ok("PUT", f"{OPERATIONS}/{operation}", said)
        assert answer["status"] == said["status"]
        return answer

    def command(self, operation: str) -> Any:
        """As Live Objects shows it."""
        found = self.rest.get(f"/api/v1/deviceMgt/devices/{self.urn}/commands")
        return next(one for one in found if one["request"]["value"]["req"] == self.read(operation)["named"])

    def read(self, operation: str) -> dict[str, Any]:
        body = self.ok("GET", f"{OPERATIONS}/{operation}")
        return {**body, "named": next(name for name in body if name.startswith("do_"))}


@pytest.fixture
def agent(stack: RunningStack) -> Iterator[Agent]:
    rest = Rest(stack)
    yield Agent(stack, rest)
    rest.close()


def steps(command: Any) -> list[str]:
    return [entry["status"] for entry in command["history"]]


def test_an_answer_that_is_lost_at_any_step_costs_nothing(agent: Agent) -> None:
    plain = agent.order("do_nothing")
    for status in ("EXECUTING", "SUCCESSFUL"):
        agent.ok("PUT", f"{OPERATIONS}/{plain}", {"status": status})
    done, failed = agent.order("do_restart"), agent.order("do_install")
    agent.unheard("GET", f"{OPERATIONS}?agentId={agent.number}&status=PENDING")
    assert agent.pending() == [done, failed]
    agent.tell(done, status="EXECUTING")
    assert agent.pending() == [failed]
    agent.tell(done, status="SUCCESSFUL", c8y_Result={"took": 3})
    assert agent.pending() == [failed]
    agent.tell(failed, status="EXECUTING")
    agent.tell(failed, status="FAILED", failureReason="the disk is full")
    assert agent.pending() == []
    for operation, report in ((done, "FAILED"), (failed, "SUCCESSFUL")):
        assert agent.call("PUT", f"{OPERATIONS}/{operation}", {"status": report}).status_code == 422
    assert agent.read(done)["c8y_Result"] == {"took": 3}
    assert agent.read(failed)["failureReason"] == "the disk is full"
    usual = steps(agent.command(plain))
    assert steps(agent.command(done)) == usual
    assert steps(agent.command(failed)) == [*usual[:-1], "ERROR"]


def test_what_the_agent_is_at_is_not_sent_to_the_device_that_comes(stack: RunningStack, agent: Agent) -> None:
    begun, waiting = agent.order("do_first"), agent.order("do_second")
    agent.tell(begun, status="EXECUTING")
    with MqttClient(stack, agent.urn, "json+device", stack.api_key) as device:
        device.subscribe("dev/cmd")
        assert device.next("dev/cmd")["req"] == "do_second"
        agent.tell(begun, status="SUCCESSFUL")
        last = agent.order("do_last")
        agent.tell(waiting, status="SUCCESSFUL")
        assert device.next("dev/cmd")["req"] == "do_last"
        agent.tell(last, status="SUCCESSFUL")
        assert device.messages.empty()
    assert all(steps(agent.command(one))[-1] == "PROCESSED" for one in (begun, waiting, last))


def test_two_who_ask_at_once_get_it_once(stack: RunningStack, agent: Agent) -> None:
    """Two requests of the agent and a device that connects: each operation is begun once and sent at most once."""
    names = [f"do_{n}" for n in range(4)]
    received: list[str] = []
    with ThreadPoolExecutor(3) as pool:
        for name in names:
            operation = agent.order(name)

            def begin(operation: str = operation) -> int:
                answer = agent.call("PUT", f"{OPERATIONS}/{operation}", {"status": "EXECUTING"})
                return answer.status_code

            with MqttClient(stack, agent.urn, "json+device", stack.api_key) as device:
                both = [pool.submit(begin) for _ in range(2)]
                device.subscribe("dev/cmd")
                assert [one.result() for one in both] == [200, 200]
                assert agent.read(operation)["status"] == "EXECUTING"
                agent.tell(operation, status="SUCCESSFUL")
                until(lambda: agent.pending() == [])
                while not device.messages.empty():
                    received.append(device.next("dev/cmd")["req"])
            assert steps(agent.command(operation)).count("PROCESSED") == 1
    assert len(received) == len(set(received))
