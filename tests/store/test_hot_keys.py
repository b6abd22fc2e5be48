"""A key that takes no more writes: a registration is tried again until it fits, and what does not fit is told so."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.store.conflicts import TRIES
from chalicelib.store.tables import shared_connection
from chalicelib.web import trouble

DEVICE = "urn:lo:nsid:hot:key"


@dataclass
class Full:
    """Cancels the next transactions, as DynamoDB does where one of the keys takes no more."""

    code: str
    times: int
    refused: int = 0

    def __call__(self, request: Any, **_: Any) -> AWSResponse | None:
        if self.refused >= self.times:
            return None
        self.refused += 1
        count = len(json.loads(request.body)["TransactItems"])
        # Each registration enters itself where all of its tenant do: the last of its items here.
        reasons = [*({"Code": "None"} for _ in range(count - 1)), {"Code": self.code, "Message": "m"}]
        answer = {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "Message": f"Transaction cancelled, please refer cancellation reasons for specific reasons [{self.code}]",
            "CancellationReasons": reasons,
        }
        # moto is asked all the same, and is to write nothing.
        request.headers["X-Amz-Target"], request.body = "DynamoDB_20120810.ListTables", b"{}"
        return _Answer(request.url, 400, {}, json.dumps(answer).encode())


class _Answer(AWSResponse):  # type: ignore[misc]
    def __init__(self, url: str, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(url, status, headers, None)
        self._content = body


@contextmanager
def full(code: str, times: int) -> Iterator[Full]:
    events, made = shared_connection().client.meta.events, Full(code, times)
    name = "before-send.dynamodb.TransactWriteItems"
    events.register_first(name, made)
    try:
        yield made
    finally:
        events.unregister(name, made)


@pytest.mark.parametrize("code", ["ThrottlingError", "ProvisionedThroughputExceeded"])
@pytest.mark.parametrize("times", [1, 4])
def test_a_device_is_registered_once_there_is_room(dynamodb: Ports, code: str, times: int) -> None:
    tenant = dynamodb.chance(3).hex()
    with full(code, times) as refusing:
        dynamodb.devices.create(Device(tenant, DEVICE, 1, 2))
    assert refusing.refused == times
    assert dynamodb.devices.get(tenant, DEVICE) is not None
    assert dynamodb.mailboxes.get(tenant, DEVICE) is not None


def test_one_for_which_there_is_none_is_refused_for_the_moment_and_leaves_nothing(dynamodb: Ports) -> None:
    tenant = dynamodb.chance(3).hex()
    with (
        full("ProvisionedThroughputExceeded", 1_000) as refusing,
        pytest.raises(Exception, match="transaction") as told,
    ):
        dynamodb.devices.create(Device(tenant, DEVICE, 1, 2))
    # CONNECT is refused, HTTP answers 503, and what devices say is kept in a queue.
    assert trouble.passes(told.value)
    assert refusing.refused == TRIES
    assert dynamodb.devices.get(tenant, DEVICE) is None
    dynamodb.devices.create(Device(tenant, DEVICE, 1, 2))
