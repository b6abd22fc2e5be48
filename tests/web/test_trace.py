"""The gateway's id of a request, as far as the command that it creates."""

import logging
from collections.abc import Iterator

import pytest

from chalicelib.dialects.live_objects.rest import commands
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.commands import tracing
from chalicelib.fleet.inventory.records import Device
from chalicelib.web.events import request_of
from chalicelib.web.request import Request
from tests.fakes import START, MemoryPorts
from tests.fleet.rig import Rig


def test_a_request_carries_the_gateways_id() -> None:
    event = {"httpMethod": "GET", "requestContext": {"requestId": "r1"}}
    assert request_of(event).trace == "r1"


def test_a_command_remembers_the_request_that_created_it() -> None:
    ports = MemoryPorts()
    ports.devices.create(Device("t", "d", START, START))
    body = {"request": {"connector": "mqtt", "value": {"req": "reboot"}}}
    caller = callers.of_key(ApiKey("t", "k", frozenset(), START))
    commands.create(ports, Request(caller=caller, asked={"device_id": "d", "validate": True}, body=body, trace="r1"))
    (command,) = ports.commands.rows.values()
    assert command.trace == "r1"


def test_a_command_is_shown_with_its_trace_beside_the_body() -> None:
    ports = MemoryPorts()
    ports.devices.create(Device("t", "d", START, START))
    body = {"request": {"connector": "mqtt", "value": {"req": "reboot"}}}
    caller = callers.of_key(ApiKey("t", "k", frozenset(), START))
    asked = {"device_id": "d", "validate": True}
    made = commands.create(ports, Request(caller=caller, asked=asked, body=body, trace="r1"))
    read = commands.read(ports, Request(caller=caller, asked={"command_id": made.body["id"]}, trace="r2"))
    assert (made.headers["X-Trace-Id"], read.headers["X-Trace-Id"]) == ("r1", "r1")


@pytest.fixture
def every_trace() -> Iterator[None]:
    """Whoever wired the ports in this process before has the log take samples."""
    log = logging.getLogger(tracing.__name__)
    sampling, log.filters = log.filters, []
    yield
    log.filters = sampling


@pytest.mark.usefixtures("every_trace")
def test_the_log_follows_a_command_from_its_creation_to_the_answer(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, tracing.__name__)
    rig = Rig()
    rig.connect()
    command = rig.sent()
    rig.answer(command)
    told = [r.getMessage() for r in caplog.records if getattr(r, "trace", None) == command.id]
    assert [line.split(",")[0].rsplit(" ", 1)[1] for line in told] == ["PENDING", "PROCESSING", "PROCESSED"]
