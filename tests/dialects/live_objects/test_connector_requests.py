"""Commands, configuration and resources through a connector."""

import json
from typing import Any

import pytest

from chalicelib.dialects.live_objects import topics
from chalicelib.fleet.presence.records import Route
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.connector_rig import NODE, ONLINE, STATUS, URN, Connector, command, reasons


@pytest.fixture
def connector(client: Client) -> Connector:
    return Connector(client).connect()


class TestRequests:
    def test_a_command_is_relayed_and_answered(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        ordered = command(client)
        ((route, sent),) = client.ports.delivery.commands
        assert wire("command", sent, route) == (
            topics.COMMAND_REQUEST,
            {
                "id": ordered,
                "nodeId": NODE,
                "value": {"req": "on", "args": {"level": 75}},
                "ackMode": "APPLICATIVE",
            },
        )
        answer = {"status": "ok", "message": {"level": 75}}
        connector.say(topics.COMMAND_ANSWER, {"id": ordered, "nodeId": NODE, "response": answer})
        done = client.get(f"/api/v1/deviceMgt/commands/{ordered}").body
        assert (done["status"], done["response"]) == ("PROCESSED", {"value": answer})

    def test_a_network_acknowledgement_is_an_answer_too(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        ordered = command(client, ackMode="NETWORK")
        path = f"/api/v1/deviceMgt/commands/{ordered}"
        assert (client.get(path).body["status"], client.get(path).body["policy"]["ackMode"]) == (
            "PROCESSING",
            "NETWORK",
        )
        connector.say(topics.COMMAND_ANSWER, {"id": ordered, "nodeId": NODE})
        assert client.get(path).body["status"] == "PROCESSED"

    @pytest.mark.parametrize(
        "body",
        [
            {"id": "nothing", "nodeId": NODE},
            {"id": "0" * 24, "nodeId": NODE},
            {"id": "0" * 24, "nodeId": "unknown"},
            {"id": "0" * 24},
        ],
    )
    def test_an_answer_to_nothing_is_audited(self, client: Client, connector: Connector, body: Any) -> None:
        connector.say(STATUS, ONLINE)
        connector.say(topics.COMMAND_ANSWER, body)
        assert len(reasons(client)) == 1

    def test_a_configuration_is_relayed_and_acknowledged_in_part(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        asked = {"p1": {"type": "INT32", "value": 5}, "p2": {"type": "STRING", "value": "x"}}
        client.call("POST", f"{DEVICES}/{URN}/config", {"parameters": asked})
        client.ports.run_background()
        ((route, update),) = client.ports.delivery.updates
        topic, body = wire("configuration", update, route)
        assert (topic, body["nodeId"], body["parameters"]) == (topics.CONFIGURATION_REQUEST, NODE, asked)
        part = {"p1": asked["p1"]}
        said = {"nodeId": NODE, "targetVersion": body["targetVersion"], "parameters": part}
        connector.say(topics.CONFIGURATION_ANSWER, said)
        assert self.synced(client) == {"p1": "OK", "p2": "SENT"}

    def test_a_late_answer_to_an_older_version_acknowledges_nothing(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        versions = [self.asked_for(client, value) for value in (5, 6)]
        self.answered(connector, versions[1], 6)
        versions.append(self.asked_for(client, 5))
        for version in (versions[0], versions[2] + 1):
            self.answered(connector, version, 5)
            assert self.synced(client) == {"a": "SENT"}
            assert str(version) in reasons(client)[-1]
        self.answered(connector, versions[2], 5)
        assert self.synced(client) == {"a": "OK"}

    def asked_for(self, client: Client, value: int) -> int:
        """The version of the request that went out."""
        body = {"parameters": {"a": {"type": "INT32", "value": value}}}
        assert client.call("POST", f"{DEVICES}/{URN}/config", body).status == 200
        client.ports.run_background()
        return client.ports.delivery.updates[-1][1].correlation

    def answered(self, connector: Connector, version: int, value: int) -> None:
        parameters = {"a": {"type": "INT32", "value": value}}
        connector.say(topics.CONFIGURATION_ANSWER, {"nodeId": NODE, "targetVersion": version, "parameters": parameters})

    def test_a_report_needs_no_request(self, client: Client, connector: Connector) -> None:
        said = {"nodeId": NODE, "parameters": {"p4": {"type": "INT32", "value": 123}}}
        connector.say(topics.CONFIGURATION_REPORT, said)
        assert self.synced(client) == {"p4": "NONE"}

    def test_a_report_may_be_as_wide_as_the_sample_of_the_manual(self, client: Client, connector: Connector) -> None:
        said = {"nodeId": NODE, "parameters": {"p1": {"type": "UINT32", "value": 8035095625792325998}}}
        connector.say(topics.CONFIGURATION_REPORT, said)
        assert self.synced(client) == {"p1": "NONE"}
        assert reasons(client) == []

    @pytest.mark.parametrize(("kind", "value"), [("INT32", 1 << 31), ("UINT32", -1), ("UINT32", 1 << 64)])
    def test_a_parameter_out_of_range_is_audited(
        self, client: Client, connector: Connector, kind: str, value: int
    ) -> None:
        said = {"nodeId": NODE, "parameters": {"p1": {"type": kind, "value": value}}}
        connector.say(topics.CONFIGURATION_REPORT, said)
        assert "p1" in reasons(client)[0]

    def test_a_resource_is_relayed_reported_and_failed(self, client: Client, connector: Connector) -> None:
        firmware(client)
        connector.say(STATUS, ONLINE)
        connector.say(topics.RESOURCE_REPORT, {"nodeId": NODE, "resources": {"fw": {"version": "1.0"}}})
        client.call("POST", f"{DEVICES}/{URN}/resources/fw", {"version": "2.0"})
        client.ports.run_background()
        ((route, offer),) = client.ports.delivery.offers
        topic, body = wire("resource", offer, route)
        assert topic == topics.RESOURCE_REQUEST
        assert body == {
            "nodeId": NODE,
            "resourceId": "fw",
            "updateCorrelationId": offer.update,
            "sourceVersion": "1.0",
            "targetVersion": "2.0",
            "delivery": {"type": "HTTP_DELIVERY", "uri": offer.uri, "md5": offer.md5, "size": 3},
        }
        error = {"code": "myErrorCode", "details": "myErrorDetails"}
        said = {"nodeId": NODE, "updateCorrelationId": offer.update, "status": "FAILED", "error": error}
        connector.say(topics.RESOURCE_ANSWER, said)
        latest = client.get(f"{DEVICES}/{URN}/resources/fw/updates/latest").body
        assert (latest["status"], latest["deviceErrorCode"], latest["errorDetails"]) == (
            "FAILED",
            "myErrorCode",
            "myErrorDetails",
        )

    @pytest.mark.parametrize("said", [{"status": "OK"}, {"status": "FAILED", "updateCorrelationId": "none"}, {}])
    def test_a_resource_answer_that_makes_no_sense_is_audited(
        self, client: Client, connector: Connector, said: Any
    ) -> None:
        connector.say(STATUS, ONLINE)
        connector.say(topics.RESOURCE_ANSWER, {"nodeId": NODE, **said})
        assert len(reasons(client)) == 1

    def synced(self, client: Client) -> dict[str, str]:
        parameters = client.get(f"{DEVICES}/{URN}/config").body["parameters"]
        return {name: p["syncStatus"] for name, p in parameters.items()}


def wire(kind: str, record: Any, route: Route) -> tuple[str, dict[str, Any]]:
    from chalicelib.dialects.live_objects import codec

    downlink = getattr(codec, kind)(record, route)
    return downlink.topic, json.loads(downlink.payload)


def firmware(client: Client) -> None:
    client.call("POST", "/api/v0/rm", {"resourceId": "fw"})
    body = {"resourceVersionId": "2.0", "checksum": "kAFQmDzST7DWlj99KOF/cg==", "file": "YWJj"}
    assert client.call("POST", "/api/v0/rm/fw/version", body).status == 200
