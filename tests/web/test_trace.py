"""The gateway's id of a request, as far as the command that it creates."""

import json
import logging
from collections.abc import Iterator

import pytest

from chalicelib.aws.logs import Traced
from chalicelib.dialects.live_objects import errors
from chalicelib.dialects.live_objects.rest import commands
from chalicelib.fleet import traces
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.commands import tracing
from chalicelib.fleet.inventory.records import Device
from chalicelib.web.events import request_of
from chalicelib.web.request import Answer, Request
from chalicelib.web.router import Router
from chalicelib.web.routes import Api, Route
from chalicelib.web.site import Site
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


def nobody(_ports: object, _request: Request) -> Caller:
    raise AssertionError("the route is public")


def failing(_ports: object, _request: Request) -> Answer:
    raise KeyError("ours")


def test_who_is_told_of_a_mistake_of_ours_is_told_the_trace_that_it_is_logged_under(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.handler.addFilter(Traced())
    route = Route("GET", "/x", failing, "x", public=True)
    api = Api("live_objects", ("/x",), (route,), nobody, errors.explain)
    event = {"path": "/x", "httpMethod": "GET", "requestContext": {"requestId": "r1"}}
    answer = Site(Router([api], api)).answer(MemoryPorts(), event)
    assert (answer.status, json.loads(answer.body)["id"]) == (500, "r1")
    (line,) = [record for record in caplog.records if record.name == "chalicelib.web.serving"]
    assert (getattr(line, "trace", None), line.exc_info is not None) == ("r1", True)
    assert traces.present() is None


def test_a_command_that_any_other_door_makes_remembers_what_made_it() -> None:
    rig = Rig()
    with traces.within("r7"):
        command = rig.create()
    assert rig.read(command).trace == "r7"
    rig.ports.clock.advance(seconds=1)
    assert rig.read(rig.create()).trace is None
