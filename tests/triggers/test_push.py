"""The queue for webhooks as Lambda hands it over."""

import pytest

from chalicelib.aws.pushes import dump
from chalicelib.fleet.events import policies
from chalicelib.fleet.events.records import ActionPolicy, HttpPush, Push, PushFailed
from chalicelib.triggers import push as trigger
from tests.fakes import MemoryPorts


@pytest.fixture
def ports() -> MemoryPorts:
    ports = MemoryPorts()
    action = HttpPush("a", "https://example.org/", retry=True)
    policies.save(ports, ActionPolicy("t", "p", "dialect", "n", 0, pushes=(action,)))
    return ports


def event() -> dict[str, list[dict[str, str]]]:
    return {"Records": [{"messageId": "1", "body": dump(Push("t", "p", "a", "e", b"{}"))}]}


def test_a_record_is_posted(ports: MemoryPorts) -> None:
    trigger.handle(ports, event())
    assert [body for _, _, body in ports.webhooks.posted] == [b"{}"]


def test_what_is_to_be_tried_again_is_left_in_the_queue(ports: MemoryPorts) -> None:
    ports.webhooks.statuses.append(503)
    with pytest.raises(PushFailed):
        trigger.handle(ports, event())
