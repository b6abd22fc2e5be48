"""The gateway's id of a request, as far as the command that it creates."""

from chalicelib.dialects.live_objects.rest import commands
from chalicelib.fleet.devices import Device
from chalicelib.fleet.keys import ApiKey
from chalicelib.web.mounting import request_of
from chalicelib.web.request import Request
from tests.fakes import START, MemoryPorts


def test_a_request_carries_the_gateways_id() -> None:
    event = {"httpMethod": "GET", "requestContext": {"requestId": "r1"}}
    assert request_of(event).trace == "r1"


def test_a_command_remembers_the_request_that_created_it() -> None:
    ports = MemoryPorts()
    ports.devices.create(Device("t", "d", START, START))
    body = {"request": {"connector": "mqtt", "value": {"req": "reboot"}}}
    caller = ApiKey("t", "k", frozenset(), START)
    commands.create(ports, Request(caller=caller, asked={"device_id": "d", "validate": True}, body=body, trace="r1"))
    (command,) = ports.commands.rows.values()
    assert command.trace == "r1"
