"""Work that Lambda is asked to do later: what it does not take is owned up to."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.aws.background import JOB, LambdaBackground
from chalicelib.aws.later import SqsLater
from chalicelib.fleet.jobs import Job
from chalicelib.triggers import downlink, queues
from tests.fakes import MemoryPorts


class Functions:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.invoked: list[tuple[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: str) -> None:  # noqa: N803
        assert InvocationType == "Event"
        if self.error is not None:
            raise self.error
        self.invoked.append((FunctionName, json.loads(Payload)))


def no_later() -> SqsLater:
    raise AssertionError("nothing is put off here")


def test_devices_and_gateways_are_delivered_to_by_the_same_function() -> None:
    functions = Functions()
    background = LambdaBackground(lambda: functions, lambda name: f"homeport-{name}", no_later)
    assert background.deliver("t", "d")
    assert background.wake("t", "g")
    assert functions.invoked == [
        ("homeport-deliver", {"v": 2, "kind": "deliver", "tenant": "t", "device": "d"}),
        ("homeport-deliver", {"v": 2, "kind": "wake", "tenant": "t", "gateway": "g"}),
    ]


def test_what_lambda_does_not_take_is_owned_up_to() -> None:
    throttled = ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "Invoke")
    background = LambdaBackground(lambda: Functions(throttled), str, no_later)
    assert not background.deliver("t", "d")
    assert not background.wake("t", "g")


def test_connections_are_closed_and_fences_kept_by_the_same_function() -> None:
    functions = Functions()
    background = LambdaBackground(lambda: functions, lambda name: f"homeport-{name}", no_later)
    background.disconnect("c")
    background.disconnect("c", "t")
    background.fence("c", 3)
    assert functions.invoked == [
        ("homeport-disconnect", {"v": 2, "kind": "disconnect", "client": "c"}),
        ("homeport-disconnect", {"v": 2, "kind": "disconnect", "client": "c", "tenant": "t"}),
        ("homeport-disconnect", {"v": 2, "kind": "fence", "client": "c", "generation": 3}),
    ]


def test_every_job_says_what_it_is_and_one_of_an_earlier_release_is_known_by_what_it_comes_with() -> None:
    functions = Functions()
    background = LambdaBackground(lambda: functions, str, no_later)
    background.deliver("t", "d")
    background.wake("t", "g")
    background.disconnect("c")
    background.fence("c", 3)
    background.revoke("t", "k")
    background.pump("t", "q")
    background.purge("t", "q", "1")
    kinds = [event["kind"] for _, event in functions.invoked]
    assert kinds == list(Job)
    for _, event in functions.invoked:
        earlier = {name: value for name, value in event.items() if name not in ("v", "kind")}
        assert JOB.open(earlier) == JOB.open(event)


@pytest.mark.parametrize("handle", [downlink.deliver, downlink.disconnect, queues.pump])
def test_a_job_that_a_function_does_not_do_fails_and_is_kept(handle: Callable[..., None]) -> None:
    with pytest.raises(LookupError, match="unheard-of"):
        handle(MemoryPorts(), {"v": 2, "kind": "unheard-of"}, 60_000)
