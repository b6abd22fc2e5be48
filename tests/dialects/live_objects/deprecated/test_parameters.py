"""Configuration with a field for each type: `/api/v0/assets/{namespace}/{id}/params`."""

from typing import Any

import pytest

from chalicelib.fleet.configuration.records import Configuration, Parameter, ParameterType, SyncStatus, Value
from tests.dialects.live_objects.client import DEVICES, Client
from tests.fakes import START

ASSETS = "/api/v0/assets"
ASSET = f"{ASSETS}/sensor/temp001"
URN = "urn:lo:nsid:sensor:temp001"
PARAMS = f"{ASSET}/params"
VALUES: dict[str, Any] = {
    "i": {"type": "INT32", "valueInt32": -1},
    "u": {"type": "UINT32", "valueUInt32": 1},
    "s": {"type": "STRING", "valueString": "x"},
    "f": {"type": "FLOAT", "valueFloat": 0.5},
    "b": {"type": "BINARY", "valueBinary": ["AQI="]},
}


class TestParameters:
    def test_targets_are_set_in_fields_of_their_type(self, client: Client) -> None:
        assert client.call("POST", PARAMS, VALUES).status == 200
        shown = client.get(PARAMS).body
        assert {key: parameter["targetValue"] for key, parameter in shown.items()} == VALUES
        assert {parameter["updateStatus"] for parameter in shown.values()} == {"PENDING"}
        new = client.get(f"{DEVICES}/{URN}/config").body["parameters"]
        assert new["b"]["requested"]["value"] == "AQI="

    def test_binary_may_come_as_one_text(self, client: Client) -> None:
        assert client.call("POST", PARAMS, {"b": {"type": "BINARY", "valueBinary": "AQI="}}).status == 200

    @pytest.mark.usefixtures("asset")
    def test_what_the_device_reported_stands_beside(self, client: Client) -> None:
        reported = Value(ParameterType.INT32, 3, START - 1)
        parameter = Parameter(reported, Value(ParameterType.INT32, 4, START), SyncStatus.SENT, update=9)
        found = Configuration(client.tenant.id, URN, parameters={"p": parameter})
        client.ports.configurations.rows[client.tenant.id, URN] = found
        assert client.get(f"{PARAMS}/p").body == {
            "value": {"type": "INT32", "valueInt32": 3},
            "lastKnownValueTs": START - 1,
            "targetValue": {"type": "INT32", "valueInt32": 4},
            "updateStatus": "SENT",
            "updateStatusTs": START,
            "updateReqCorrelationId": 9,
        }

    @pytest.mark.parametrize(
        "body",
        [
            {"p": {"type": "INT32"}},
            {"p": {"type": "INT32", "valueString": "1"}},
            {"p": {"type": "INT32", "valueInt32": 1 << 31}},
            {"p": {"type": "BINARY", "valueBinary": ["AQI=", "AQI="]}},
            {"p": {"type": "UNKNOWN", "valueInt32": 1}},
            {"$p": {"type": "INT32", "valueInt32": 1}},
            {str(n): {"type": "INT32", "valueInt32": 1} for n in range(101)},
        ],
    )
    def test_a_value_that_is_wrong_is_refused(self, client: Client, body: Any) -> None:
        assert client.call("POST", PARAMS, body).status == 400

    @pytest.mark.usefixtures("asset")
    def test_one_that_is_not_there_is_not_found(self, client: Client) -> None:
        assert client.get(f"{PARAMS}/p").code == "DM_DEVICE_CONFIG_PARAM_NOT_FOUND"
        assert client.call("PUT", f"{PARAMS}/p/status", "CANCELED").status == 404
        assert client.get(f"{ASSETS}/n/i/params").code == "DM_DEVICE_NOT_FOUND"

    def test_a_target_is_withdrawn(self, client: Client) -> None:
        client.call("POST", PARAMS, {"i": VALUES["i"]})
        assert client.call("PUT", f"{PARAMS}/i/status", "CANCELED").status == 200
        assert client.get(f"{PARAMS}/i").body["updateStatus"] == "CANCELED"
        assert client.call("PUT", f"{PARAMS}/i/status", "CANCELED").status == 409

    def test_several_targets_are_withdrawn_or_none(self, client: Client) -> None:
        client.call("POST", PARAMS, {key: VALUES[key] for key in "iu"})
        path = f"{PARAMS}/status"
        assert client.call("PUT", path, {"newStatus": "CANCELED", "paramKeys": ["i", "x"]}).status == 404
        assert client.get(f"{PARAMS}/i").body["updateStatus"] == "PENDING"
        assert client.call("PUT", path, {"newStatus": "CANCELED", "paramKeys": ["i", "u", "i"]}).status == 200
        assert {p["updateStatus"] for p in client.get(PARAMS).body.values()} == {"CANCELED"}
        assert client.call("PUT", path, {"newStatus": "OK", "paramKeys": ["i"]}).status == 400
