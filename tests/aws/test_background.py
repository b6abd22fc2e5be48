"""Work that Lambda is asked to do later: what it does not take is owned up to."""

import json
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.aws.background import LambdaBackground


class Functions:
    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.invoked: list[tuple[str, Any]] = []

    def invoke(self, *, FunctionName: str, InvocationType: str, Payload: str) -> None:  # noqa: N803
        assert InvocationType == "Event"
        if self.error is not None:
            raise self.error
        self.invoked.append((FunctionName, json.loads(Payload)))


def test_devices_and_gateways_are_delivered_to_by_the_same_function() -> None:
    functions = Functions()
    background = LambdaBackground(lambda: functions, lambda name: f"homeport-{name}")
    assert background.deliver("t", "d")
    assert background.wake("t", "g")
    assert functions.invoked == [
        ("homeport-deliver", {"v": 1, "tenant": "t", "device": "d"}),
        ("homeport-deliver", {"v": 1, "tenant": "t", "gateway": "g"}),
    ]


def test_what_lambda_does_not_take_is_owned_up_to() -> None:
    throttled = ClientError({"Error": {"Code": "TooManyRequestsException", "Message": ""}}, "Invoke")
    background = LambdaBackground(lambda: Functions(throttled), str)
    assert not background.deliver("t", "d")
    assert not background.wake("t", "g")


def test_connections_are_closed_and_fences_kept_by_the_same_function() -> None:
    functions = Functions()
    background = LambdaBackground(lambda: functions, lambda name: f"homeport-{name}")
    background.disconnect("c")
    background.fence("c", 3)
    assert functions.invoked == [
        ("homeport-disconnect", {"v": 1, "client": "c"}),
        ("homeport-disconnect", {"v": 1, "client": "c", "generation": 3}),
    ]
