"""External connector mode (manual 6.6) and interfaces of `x-connector` (manual 5.5.5)."""

from typing import Any

import pytest

from chalicelib.dialects.live_objects import login, topics
from chalicelib.dialects.registry import Refused
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Cause, Stored
from tests.dialects.live_objects.client import DEVICES, Client
from tests.dialects.live_objects.connector_rig import (
    ABLE,
    DATA,
    NODE,
    ONLINE,
    STATUS,
    URN,
    Connector,
    command,
    interface,
    reasons,
)


@pytest.fixture
def connector(client: Client) -> Connector:
    return Connector(client).connect()


class TestLogin:
    def test_a_connector_needs_its_role(self, client: Client) -> None:
        key = client.key(Role.CONNECTOR_ACCESS)
        _, candidate = login.authenticate(
            client.ports, username="connector", password=key, client="any:id-1", server_name=None
        )
        assert (candidate.mode, candidate.connector, candidate.device) == ("connector", "x-connector", None)
        with pytest.raises(Refused):
            login.authenticate(
                client.ports,
                username="connector",
                password=client.key(Role.DEVICE_ACCESS),
                client="any",
                server_name=None,
            )

    def test_a_connectors_name_has_no_special_characters(self, client: Client) -> None:
        key = client.key(Role.CONNECTOR_ACCESS)
        with pytest.raises(Refused):
            login.authenticate(client.ports, username="connector", password=key, client="a b", server_name=None)

    def test_there_are_ten_topics(self) -> None:
        assert sum(topic.mode == topics.CONNECTOR for topic in topics.TOPICS) == 10


class TestNodeStatus:
    def test_an_unknown_node_is_registered(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, {**ONLINE, "lastContact": "2027-01-01T16:01:47Z"})
        shown = interface(client)
        assert (shown["connector"], shown["nodeId"], shown["status"]) == ("x-connector", NODE, "ONLINE")
        assert shown["definition"] == {"nodeId": NODE}
        assert all(shown["capabilities"][name]["available"] for name in ABLE)
        assert shown["lastContact"] == "2027-01-01T16:01:47.000Z"

    def test_what_a_node_cannot_do_is_not_shown(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, {"status": "ONLINE", "capabilities": {"command": {"available": True}}})
        shown = interface(client)["capabilities"]
        assert [shown[name]["available"] for name in ABLE] == [True, False, False]

    def test_a_node_goes_offline(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        connector.say(STATUS, {"status": "OFFLINE"})
        assert interface(client)["status"] == "OFFLINE"

    def test_a_node_is_offline_while_its_connector_is_away(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        connector.disconnect()
        assert interface(client)["status"] == "OFFLINE"
        (listed,) = client.get(DEVICES, fields="interfaces").body
        assert listed["interfaces"][0]["status"] == "OFFLINE"
        connector.connect("s2")
        assert interface(client)["status"] == "ONLINE"

    def test_a_status_that_comes_late_is_ignored(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, {**ONLINE, "sessionSequenceId": 1, "eventSequenceId": 3})
        connector.say(STATUS, {"status": "OFFLINE", "sessionSequenceId": 1, "eventSequenceId": 2})
        assert interface(client)["status"] == "ONLINE"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"status": "AWAY"},
            {"status": ["ONLINE"]},
            {"status": "ONLINE", "capabilities": []},
            {"status": "ONLINE", "sessionSequenceId": "one"},
            {"status": "ONLINE", "eventSequenceId": -1},
            {"status": "ONLINE", "lastContact": "yesterday"},
            b"{",
        ],
    )
    def test_a_malformed_status_is_audited(self, client: Client, connector: Connector, body: Any) -> None:
        connector.say(STATUS, body)
        assert len(reasons(client)) == 1

    def test_what_is_audited_names_the_node(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        connector.say(STATUS, {})
        (entry,) = client.ports.audit.rows.values()
        assert entry.source == {"connector": "x-connector", "client": NODE, "device": URN}

    def test_a_node_has_no_special_characters(self, client: Client, connector: Connector) -> None:
        connector.say("connector/v1/nodes/a b/status", ONLINE)
        assert "nodeId has 1 to 128" in reasons(client)[0]

    def test_numbers_are_those_of_one_connector(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, {"status": "OFFLINE", "sessionSequenceId": 6, "eventSequenceId": 9})
        other = Connector(client, "connector-2").connect()
        other.say(STATUS, {**ONLINE, "sessionSequenceId": 1, "eventSequenceId": 1})
        assert interface(client)["status"] == "ONLINE"
        other.say(STATUS, {"status": "OFFLINE", "sessionSequenceId": 1, "eventSequenceId": 0})
        assert interface(client)["status"] == "ONLINE"
        command(client)
        ((route, _),) = client.ports.delivery.commands
        assert route.client == "connector-2"

    def test_what_another_connector_said_earlier_is_ignored(self, client: Client, connector: Connector) -> None:
        other = Connector(client, "connector-2").connect()
        earlier = client.ports.clock.now()
        connector.say(STATUS, {**ONLINE, "sessionSequenceId": 1})
        other.say(STATUS, {"status": "OFFLINE", "sessionSequenceId": 6}, at=earlier)
        assert interface(client)["status"] == "ONLINE"


class TestUnknownNodes:
    @pytest.mark.parametrize(
        ("topic", "body"),
        [
            (STATUS, {"status": "UP"}),
            (STATUS, {**ONLINE, "capabilities": []}),
            (DATA, {"value": 5}),
            (DATA, {"value": {"a.b": 1}}),
            (topics.CONFIGURATION_REPORT, {"nodeId": NODE, "parameters": []}),
            (topics.CONFIGURATION_REPORT, {"nodeId": NODE, "parameters": {"a": {"type": "INT32", "value": 3.5}}}),
            (topics.RESOURCE_REPORT, {"nodeId": NODE, "resources": []}),
            (topics.RESOURCE_REPORT, {"nodeId": NODE, "resources": {"fw": {"version": 5}}}),
        ],
    )
    def test_what_makes_no_sense_registers_nobody(
        self, client: Client, connector: Connector, topic: str, body: Any
    ) -> None:
        connector.say(topic, body)
        assert client.get(f"{DEVICES}/{URN}").status == 404
        (entry,) = client.ports.audit.rows.values()
        assert entry.source == {"connector": "x-connector", "client": NODE}

    def test_what_makes_sense_in_part_is_taken_in_part(self, client: Client, connector: Connector) -> None:
        good, bad = {"type": "STRING", "value": "ok"}, {"type": "INT32", "value": 3.5}
        connector.say(topics.CONFIGURATION_REPORT, {"nodeId": NODE, "parameters": {"good": good, "bad": bad}})
        assert set(client.get(f"{DEVICES}/{URN}/config").body["parameters"]) == {"good"}
        assert "bad" in reasons(client)[0]


class TestLimitsOfReports:
    def test_parameters_beyond_the_most_are_told(self, client: Client, connector: Connector) -> None:
        value = {"type": "INT32", "value": 1}
        parameters = {f"p{n:03}": value for n in range(150)}
        connector.say(topics.CONFIGURATION_REPORT, {"nodeId": NODE, "parameters": parameters})
        assert len(client.get(f"{DEVICES}/{URN}/config").body["parameters"]) == 100
        assert "p100" in reasons(client)[0]
        assert "45 more left out" in reasons(client)[0]

    def test_values_beyond_the_size_are_told(self, client: Client, connector: Connector) -> None:
        value = {"type": "STRING", "value": "€" * 2000}
        parameters = {f"p{n:03}": value for n in range(30)}
        connector.say(topics.CONFIGURATION_REPORT, {"nodeId": NODE, "parameters": parameters})
        kept = client.get(f"{DEVICES}/{URN}/config").body["parameters"]
        assert 0 < len(kept) < 25
        assert f"and {30 - len(kept) - 5} more left out" in reasons(client)[0]

    def test_a_late_report_is_not_one_that_was_left_out(self, client: Client, connector: Connector) -> None:
        earlier = client.ports.clock.now()
        for at, value in ((None, 2), (earlier, 1)):
            said = {"nodeId": NODE, "parameters": {"p": {"type": "INT32", "value": value}}}
            connector.say(topics.CONFIGURATION_REPORT, said, at=at)
        assert reasons(client) == []

    def test_resources_beyond_the_most_are_told(self, client: Client, connector: Connector) -> None:
        for letter in "AB":
            resources = {f"{letter}{n}": {"version": "1"} for n in range(30)}
            connector.say(topics.RESOURCE_REPORT, {"nodeId": NODE, "resources": resources})
        assert len(client.get(f"{DEVICES}/{URN}/resources").body) == 50
        assert "at most 50 resources" in reasons(client)[0]


class TestData:
    def test_data_is_the_nodes_own(self, client: Client, connector: Connector) -> None:
        connector.say(DATA, {"value": {"temperature": 14.6}, "tags": ["production"], "model": "data_v0"})
        (message,) = client.get(f"/api/v0/data/streams/{URN}").body
        assert message["value"] == {"temperature": 14.6}
        assert (message["metadata"]["source"], message["metadata"]["connector"]) == (URN, "x-connector")

    def test_encoded_data_is_decoded(self, client: Client, connector: Connector) -> None:
        decoder = {"encoding": "twointegers", "format": "int a; int b;", "enabled": True}
        client.call("POST", "/api/v0/decoders/binary", decoder)
        connector.say(DATA, {"value": {"payload": "000003F5000000DD"}, "metadata": {"encoding": "twointegers"}})
        (message,) = client.get(f"/api/v0/data/streams/{URN}").body
        assert message["value"] == {"payload": "000003F5000000DD", "a": 1013, "b": 221}

    def test_the_interface_may_name_the_decoder(self, client: Client, connector: Connector) -> None:
        client.call("POST", "/api/v0/decoders/binary", {"encoding": "one", "format": "int a;", "enabled": True})
        definition = {"nodeId": NODE, "encoding": "one"}
        body = {"id": URN, "interfaces": [{"connector": "x-connector", "definition": definition}]}
        assert client.call("POST", DEVICES, body).status == 200
        connector.say(DATA, {"value": {"payload": "00000007"}})
        (message,) = client.get(f"/api/v0/data/streams/{URN}").body
        assert message["value"]["a"] == 7

    def test_a_node_of_another_device_speaks_for_that_device(self, client: Client, connector: Connector) -> None:
        other = "urn:lo:nsid:external:measures"
        interfaces = [{"connector": "x-connector", "definition": {"nodeId": NODE}}]
        client.call("POST", DEVICES, {"id": other, "interfaces": interfaces})
        connector.say(DATA, {"value": {"n": 1}})
        assert len(client.get(f"/api/v0/data/streams/{other}").body) == 1

    def test_a_disabled_node_is_kept_out(self, client: Client, connector: Connector) -> None:
        connector.say(STATUS, ONLINE)
        client.call("PATCH", f"{DEVICES}/{URN}/interfaces/x-connector:{NODE}", {"enabled": False})
        connector.say(DATA, {"value": {"n": 1}})
        assert client.get(f"/api/v0/data/streams/{URN}").body == []
        assert "is disabled" in reasons(client)[0]
        (entry,) = client.ports.audit.rows.values()
        assert (entry.source["client"], entry.source["device"]) == (NODE, URN)


class TestLimits:
    def test_a_node_beyond_the_limit_is_told_to_the_audit_log_and_nowhere_else(
        self, client: Client, connector: Connector
    ) -> None:
        settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 0})
        for topic, body in ((STATUS, ONLINE), (DATA, {"value": {"n": 1}})):
            connector.say(topic, body)
        now = client.ports.clock.now()
        entries = list(client.ports.audit.page(client.tenant.id, start=0, end=now + 1, descending=True))
        assert {(entry.cause, entry.source["client"]) for entry in entries} == {(Cause.QUOTA, NODE)}
        assert client.get(f"{DEVICES}/{URN}").status == 404

    def test_a_node_that_is_there_goes_on_at_the_limit(self, client: Client, connector: Connector) -> None:
        connector.say(DATA, {"value": {"n": 1}})
        settings.set_quotas(client.ports, client.tenant.id, {Stored.DEVICES: 0})
        connector.say(DATA, {"value": {"n": 2}})
        assert len(client.get(f"/api/v0/data/streams/{URN}").body) == 2


class TestInterfaces:
    def test_a_registered_node_is_shown_as_in_the_manual(self, client: Client) -> None:
        interfaces = [{"connector": "x-connector", "enabled": True, "definition": {"nodeId": NODE}}]
        (shown,) = client.call("POST", DEVICES, {"id": URN, "interfaces": interfaces}).body["interfaces"]
        assert (shown["nodeId"], shown["status"], shown["definition"]) == (NODE, "REGISTERED", {"nodeId": NODE})
        assert "activity" not in shown

    def test_a_node_is_named_once(self, client: Client) -> None:
        body = {"connector": "x-connector", "definition": {"nodeId": "a b"}}
        client.call("POST", DEVICES, {"id": URN})
        reply = client.call("POST", f"{DEVICES}/{URN}/interfaces", body)
        assert (reply.status, "definition.nodeId" in reply.body["message"]) == (400, True)

    def test_a_node_keeps_its_name(self, client: Client) -> None:
        interfaces = [{"connector": "x-connector", "definition": {"nodeId": NODE}}]
        client.call("POST", DEVICES, {"id": URN, "interfaces": interfaces})
        path = f"{DEVICES}/{URN}/interfaces/x-connector:{NODE}"
        assert client.call("PATCH", path, {"definition": {"nodeId": "other"}}).status == 400
        assert client.call("PATCH", path, {"definition": {"encoding": "e"}}).body["definition"]["encoding"] == "e"
        assert client.call("DELETE", path).status == 204
