"""What devices of other dialects report of their configuration and firmware is seen in their managed objects."""

from typing import Any

import pytest

from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.document import Document
from chalicelib.fleet.configuration.records import Configuration, ParameterType, ParameterValue, Value
from chalicelib.fleet.resources import updating
from chalicelib.fleet.resources.updates import Report
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.test_elsewhere import PATH, URN, registered

pytestmark = pytest.mark.row("G3", "J2")


@pytest.fixture
def client() -> Client:
    return Client()


@pytest.fixture
def number(client: Client) -> str:
    return registered(client)


def report(client: Client, **values: ParameterValue) -> None:
    at = client.ports.clock.advance(ms=1)
    kinds = {
        bool: ParameterType.STRING,
        str: ParameterType.STRING,
        int: ParameterType.INT32,
        float: ParameterType.FLOAT,
    }
    told = {name: Value(kinds[type(value)], value, at) for name, value in values.items()}
    synchronizing.report(client.ports, client.tenant.id, URN, told, None)


def shown(client: Client, number: str) -> Any:
    return client.get(f"{PATH}/{number}").body


def test_parameters_are_a_configuration_of_a_line_each(client: Client, number: str) -> None:
    assert "c8y_Configuration" not in shown(client, number)
    report(client, threshold=20, log="info", gain=0.5, motd="two\nlines")
    lines = ["gain=0.5", "log=info", 'motd="two\\nlines"', "threshold=20"]
    assert shown(client, number)["c8y_Configuration"] == {"config": "\n".join(lines)}
    report(client, log="debug")
    assert "log=debug" in shown(client, number)["c8y_Configuration"]["config"].splitlines()


def test_what_is_only_asked_for_is_no_configuration_yet(client: Client, number: str) -> None:
    wanted = {"log": Value(ParameterType.STRING, "info", 1)}
    synchronizing.request(client.ports, client.tenant.id, URN, wanted, None)
    assert "c8y_Configuration" not in shown(client, number)


def test_a_configuration_that_is_one_object_has_its_fields(client: Client, number: str) -> None:
    document = Document({"a": 2}, version=2, changed=1, applied=1, reported={"a": 1, "b": {"c": True}}, reported_at=1)
    empty = Configuration(client.tenant.id, URN)
    assert client.ports.configurations.replace(empty, Configuration(client.tenant.id, URN, document=document))
    assert shown(client, number)["c8y_Configuration"] == {"config": 'a=1\nb={"c": true}'}


def test_the_firmware_is_the_version_of_that_resource(client: Client, number: str) -> None:
    reports = {"other": Report("9"), "firmware": Report("2.1")}
    updating.report(client.ports, client.tenant.id, URN, {"other": reports["other"]}, 1)
    assert "c8y_Firmware" not in shown(client, number)
    updating.report(client.ports, client.tenant.id, URN, reports, 2)
    assert shown(client, number)["c8y_Firmware"] == {"name": "firmware", "version": "2.1", "url": ""}


def test_what_a_client_sends_back_is_not_taken_for_what_was_reported(client: Client, number: str) -> None:
    report(client, log="info")
    whole = shown(client, number)
    assert client.call("PUT", f"{PATH}/{number}", {"c8y_Configuration": whole["c8y_Configuration"]}).status == 200
    report(client, log="debug")
    assert shown(client, number)["c8y_Configuration"] == {"config": "log=debug"}


def test_a_device_of_this_api_says_it_itself(client: Client) -> None:
    own = client.made(PATH, {"name": "own", "c8y_IsDevice": {}, "c8y_Firmware": {"version": "7"}})["id"]
    assert shown(client, own)["c8y_Firmware"] == {"version": "7"}


def test_another_tenants_device_of_the_same_name_says_its_own(client: Client, number: str) -> None:
    other = Client(client.ports, "other")
    theirs = registered(other, node="theirs")
    report(client, log="info")
    assert shown(client, number)["c8y_Configuration"] == {"config": "log=info"}
    assert "c8y_Configuration" not in shown(other, theirs)
