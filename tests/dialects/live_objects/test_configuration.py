"""Manual 8.2."""

from typing import Any

import pytest

from chalicelib.fleet.configuration import synchronizing
from chalicelib.fleet.configuration.records import ParameterType, Value
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.conftest import URN
from tests.fakes import START

pytestmark = pytest.mark.row("D1")
PATH = f"{DEVICES}/{URN}/config"


def asked(client: Client, kind: str, value: Any, name: str = "p") -> Any:
    return client.call("POST", PATH, {"parameters": {name: {"type": kind, "value": value}}})


def test_targets_are_pending_until_the_device_comes(client: Client, device: str) -> None:
    parameters: dict[str, dict[str, Any]] = {
        "P1": {"type": "INT32", "value": -333},
        "P2": {"type": "STRING", "value": "My sentence"},
    }
    reply = client.call("POST", PATH, {"parameters": parameters, "notifyTo": "fifo/configUpdateFifo"})
    assert (reply.status, reply.raw) == (200, b"")
    shown = {
        name: {"requested": {**value, "timestamp": "2027-01-15T08:00:00.000Z"}, "syncStatus": "PENDING"}
        for name, value in parameters.items()
    }
    assert client.get(PATH).body == {"parameters": shown, "notifyTo": "fifo/configUpdateFifo"}
    assert client.get(f"{PATH}/parameters").body == shown
    assert client.get(f"{PATH}/parameters/P1").body == shown["P1"]


def test_a_target_registers_a_device_that_was_not_known(client: Client) -> None:
    assert asked(client, "INT32", 1).status == 200
    device = client.get(f"{DEVICES}/{URN}").body
    assert device["id"] == URN
    assert "interfaces" not in device


def test_a_request_that_is_refused_registers_nothing(client: Client) -> None:
    assert asked(client, "INT32", "one").status == 400
    assert client.get(f"{DEVICES}/{URN}").status == 404


@pytest.mark.parametrize("path", [PATH, f"{PATH}/parameters", f"{PATH}/parameters/p"])
def test_a_device_that_is_not_registered_is_not_found(client: Client, path: str) -> None:
    assert (client.get(path).status, client.get(path).code) == (404, "DM_DEVICE_NOT_FOUND")


def test_a_device_without_configuration_has_an_empty_one(client: Client, device: str) -> None:
    assert client.get(PATH).body == {"parameters": {}}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT32", -(2**31)),
        ("INT32", 2**31 - 1),
        ("INT32", 5.0),
        ("UINT32", 0),
        ("UINT32", 2**32 - 1),
        ("FLOAT", 1e308),
        ("FLOAT", 1245),
        ("STRING", "x" * 2000),
        ("STRING", ""),
        ("BINARY", "Nzg3ODY4Ng=="),
    ],
)
def test_a_value_within_its_type_is_taken(client: Client, kind: str, value: Any) -> None:
    assert asked(client, kind, value).status == 200
    assert client.get(f"{PATH}/parameters/p").body["requested"]["value"] == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT32", 2**31),
        ("INT32", -(2**31) - 1),
        ("INT32", 1.5),
        ("INT32", True),
        ("INT32", "1"),
        ("INT32", None),
        ("UINT32", -1),
        ("UINT32", 2**32),
        ("FLOAT", "1"),
        ("FLOAT", False),
        ("STRING", 1),
        ("STRING", "x" * 2001),
        ("STRING", ["x"]),
        ("BINARY", "not base64!"),
        ("TIMESTAMP", 1),
        ("UNKNOWN", 1),
    ],
)
def test_a_value_out_of_its_type_is_refused_by_name(client: Client, kind: str, value: Any) -> None:
    reply = asked(client, kind, value)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert "parameters.p" in reply.body["message"]


@pytest.mark.parametrize("name", ["", "$p", "x" * 129])
def test_a_name_has_its_bounds(client: Client, name: str) -> None:
    reply = asked(client, "INT32", 1, name)
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")
    assert "parameters" in reply.body["message"]


def test_one_request_has_at_most_a_hundred_parameters(client: Client) -> None:
    parameters = {f"p{n}": {"type": "INT32", "value": n} for n in range(101)}
    assert client.call("POST", PATH, {"parameters": parameters}).status == 400
    del parameters["p100"]
    assert client.call("POST", PATH, {"parameters": parameters}).status == 200
    assert asked(client, "INT32", 1, "one-more").status == 400


def test_all_targets_together_have_a_size(client: Client) -> None:
    parameters = {f"p{n}": {"type": "STRING", "value": "€" * 2000} for n in range(25)}
    reply = client.call("POST", PATH, {"parameters": parameters})
    assert (reply.status, reply.code) == (413, "GENERIC_INVALID_PARAMETER_ERROR")
    del parameters["p24"]
    assert client.call("POST", PATH, {"parameters": parameters}).status == 200


def test_what_a_device_reports_beyond_the_size_is_left_out(client: Client, device: str) -> None:
    report = {f"p{n:02d}": Value(ParameterType.STRING, "€" * 2000, START) for n in range(30)}
    synchronizing.report(client.ports, client.tenant.id, URN, report, None)
    assert sorted(client.get(f"{PATH}/parameters").body) == [f"p{n:02d}" for n in range(24)]


@pytest.mark.parametrize("body", [{}, {"parameters": []}, {"parameters": {"p": 1}}, {"parameters": {"p": {}}}])
def test_a_body_of_another_shape_is_refused(client: Client, body: Any) -> None:
    assert client.call("POST", PATH, body).code == "GENERIC_INVALID_PARAMETER_ERROR"


def test_what_the_device_reports_stands_beside_the_target(client: Client, device: str) -> None:
    asked(client, "INT32", 1)
    report = {"p": Value(ParameterType.INT32, 1, START), "other": Value(ParameterType.STRING, "x", START)}
    synchronizing.report(client.ports, client.tenant.id, URN, report, None)
    shown = client.get(f"{PATH}/parameters").body
    assert shown["p"]["reported"]["value"] == 1
    assert shown["p"]["syncStatus"] == "OK"
    assert shown["other"]["syncStatus"] == "NONE"


def test_a_target_can_be_withdrawn_while_it_waits(client: Client, device: str) -> None:
    asked(client, "INT32", 1)
    path = f"{PATH}/parameters/p"
    assert client.call("PUT", f"{path}/status", "CANCELED").status == 200
    assert client.get(path).body["syncStatus"] == "CANCELED"
    again = client.call("PUT", f"{path}/status", "CANCELED")
    assert (again.status, again.code) == (409, "DM_INVALID_STATUS_UPDATE")


@pytest.mark.parametrize("body", ["OK", "PENDING", 1, {}, ["CANCELED"]])
def test_a_target_can_only_be_withdrawn(client: Client, device: str, body: Any) -> None:
    asked(client, "INT32", 1)
    assert client.call("PUT", f"{PATH}/parameters/p/status", body).status == 400


def test_a_parameter_that_is_not_there_is_not_found(client: Client, device: str) -> None:
    path = f"{PATH}/parameters/nothing"
    assert (client.get(path).status, client.get(path).code) == (404, "DM_DEVICE_CONFIG_PARAM_NOT_FOUND")
    assert client.call("PUT", f"{path}/status", "CANCELED").code == "DM_DEVICE_CONFIG_PARAM_NOT_FOUND"
