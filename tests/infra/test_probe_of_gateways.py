"""What the probe asks of API Gateway itself, and how it watches a CoAP gateway being replaced."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from infra import coaps_check
from infra.probes import replacing, requests
from infra.probes.questions import Asked
from infra.stage import Stage
from tests.clients import PATIENCE_S

STAGE = Stage("trial7")
PATH = "/api/{proxy+}"


class ApiGateway:
    def __init__(self, log: str = "", resources: tuple[str, ...] = ("/", "/api", PATH)) -> None:
        self.log = log
        self.resources = resources
        self.asked: dict[str, Any] = {}

    def get_paginator(self, _operation: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Iterator[Any]:
        for place, path in enumerate(self.resources):
            yield {"items": [{"id": f"r{place}", "path": path}]}

    def test_invoke_method(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        if not self.log:
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "TestInvokeMethod")
        return {"status": 200, "log": self.log}


@pytest.mark.parametrize(
    ("told", "yes"),
    [(PATH, True), ("/{proxy*}", False), ("", None)],
)
def test_api_gateway_says_what_it_calls_a_resource(told: str, *, yes: bool | None) -> None:
    body = f'{{"resource":"{PATH}","requestContext":{{"resourceId":"r2","resourcePath":"{told}"}}}}'
    gateway = ApiGateway(f"Endpoint request body after transformations: {body} [TRUNCATED]")
    answer = requests.resource_path(gateway, "api7")
    assert (answer.question, answer.yes) == (Asked.RESOURCE_PATH, yes)
    assert (gateway.asked["restApiId"], gateway.asked["resourceId"]) == ("api7", "r2")


@pytest.mark.parametrize("gateway", [ApiGateway(), ApiGateway("x", resources=("/",)), ApiGateway("[TRUNCATED]")])
def test_where_it_does_not_say_nothing_is_known(gateway: ApiGateway) -> None:
    answer = requests.resource_path(gateway, "api7")
    assert answer.yes is None
    assert answer.found


class Account:
    """Of one service that replaces what it runs; it is over when it was looked at so many times."""

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.told: list[Any] = []

    def __call__(self, service: str) -> Any:
        self.told.append(service)
        return self

    def update_service(self, **given: Any) -> None:
        self.told.append(given)

    def describe_services(self, **_: Any) -> Any:
        self.looks -= 1
        states = ["COMPLETED"] if self.looks < 0 else ["IN_PROGRESS", "COMPLETED"]
        return {"services": [{"deployments": [{"rolloutState": state} for state in states]}]}

    def start_instance_refresh(self, **given: Any) -> Any:
        self.told.append(given)
        return {"InstanceRefreshId": "refresh-1"}

    def describe_instance_refreshes(self, **given: Any) -> Any:
        assert given["InstanceRefreshIds"] == ["refresh-1"]
        self.looks -= 1
        return {"InstanceRefreshes": [{"Status": "Successful" if self.looks < 0 else "InProgress"}]}


@pytest.mark.parametrize("form", ["instance", "balanced"])
def test_the_gateway_of_the_stage_is_replaced_by_one_like_it(form: str) -> None:
    account = Account(looks=2)
    over = replacing.began(STAGE, form, account)
    service, given = account.told
    assert service == ("ecs" if form == "balanced" else "autoscaling")
    assert "homeport-trial7-gateway" in given.values()
    assert [over() for _ in range(4)] == [False, False, True, True]


class Watched:
    """A gateway that is silent between two moments; time passes as somebody waits."""

    def __init__(self, silent: range, over: int) -> None:
        self.at, self.silent, self.done = 0.0, silent, over

    def answers(self) -> bool:
        return int(self.at) not in self.silent

    def pause(self, seconds: float) -> None:
        self.at += seconds

    def longest(self) -> float:
        return replacing.silence(self.answers, lambda: self.at >= self.done, lambda: self.at, self.pause)


@pytest.mark.parametrize(
    ("silent", "over", "longest"),
    [
        (range(0), 5, 1),
        (range(10, 40), 60, 31),
        # It is said to be over before anybody answers again.
        (range(10, 140), 20, 131),
        (range(10, 1_000_000), 20, float("inf")),
        # Nobody says that it is over.
        (range(10, 20), 1_000_000, float("inf")),
    ],
)
def test_the_longest_silence_counts(silent: range, over: int, longest: float) -> None:
    found = Watched(silent, over).longest()
    assert found == longest
    assert replacing.judged(found).yes is (longest <= 90)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def answering(listener: socket.socket, answer: bytes) -> Callable[[], bool]:
    def serve() -> None:
        _, peer = listener.recvfrom(2048)
        listener.sendto(answer, peer)

    threading.Thread(target=serve, daemon=True).start()
    return lambda: coaps_check.answers("127.0.0.1", listener.getsockname()[1], PATIENCE_S)


def test_a_server_of_dtls_answers_a_greeting(listener: socket.socket) -> None:
    assert answering(listener, b"\x16" + bytes(12) + b"\x03")()


def test_what_answers_otherwise_is_none(listener: socket.socket) -> None:
    assert not answering(listener, b"\x15" + bytes(20))()


def test_nobody_at_a_port_is_no_answer(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert not coaps_check.answers("127.0.0.1", port)
