"""Gateways: devices that speak for others (`g:org:type:id`)."""

import json
from typing import Any

import pytest

from chalicelib.dialects.ibm import codec
from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.creating import Order
from chalicelib.fleet.commands.records import Command, Policy, Status
from chalicelib.fleet.data import messages
from chalicelib.fleet.ports import Outcome
from tests.dialects.ibm.client import V1, V2
from tests.dialects.ibm.site import Site

pytestmark = pytest.mark.row("H3")
EVENT = "iot-2/type/sensor/id/s1/evt/status/fmt/json"
COMMANDS = "iot-2/type/+/id/+/cmd/+/fmt/+"
NOTIFY = "iot-2/type/gw/id/g1/notify"
SUPPORTS = {"d": {"supports": {"deviceActions": True}}, "reqId": "r1"}
SENSOR = "urn:lo:nsid:sensor:s1"


@pytest.fixture
def site() -> Site:
    site = Site()
    for body in ({"id": "gw", "classId": "Gateway"}, {"id": "sensor"}):
        assert site.client.call("POST", f"{V2}/device/types", body).status == 201
    return site


def token_of(site: Site, id_: str = "g1", type_: str = "gw", **more: Any) -> str:
    reply = site.client.call("POST", f"{V2}/device/types/{type_}/devices", {"deviceId": id_, **more})
    assert reply.status == 201, reply.raw
    return str(reply.body["authToken"])


def gateway(site: Site, id_: str = "g1") -> str:
    """A connected gateway that listens to commands."""
    token, client = token_of(site, id_), f"g:{site.org}:gw:{id_}"
    assert site.knock(client, "use-token-auth", token)["isAuthenticated"]
    site.connect(client)
    site.subscribe(client, COMMANDS)
    return client


def commanded(site: Site, type_: str = "sensor", id_: str = "s1") -> None:
    reply = site.client.call("POST", f"{V2}/application/types/{type_}/devices/{id_}/commands/blink", {"d": {"n": 1}})
    assert reply.status == 200, reply.raw


def delivered(site: Site, to: str) -> list[tuple[str, Any]]:
    """What commands come to that client, if it acknowledges them."""
    sent = site.client.ports.delivery.commands
    site.client.ports.delivery.outcomes.append(Outcome.CONCLUDED)
    site.client.ports.run_background()
    mine = [codec.command(command, route) for route, command in sent if route.client == to]
    sent[:] = [(route, command) for route, command in sent if route.client != to]
    return [(downlink.topic, json.loads(downlink.payload)) for downlink in mine]


def statuses(site: Site, device: str = SENSOR) -> list[Status]:
    found: list[Command] = list(
        creating.listing(site.client.ports, site.org, device, start=None, end=None, descending=False)
    )
    return [command.status for command in found]


class TestLogin:
    def test_takes_the_token_of_a_device_of_a_gateway_type(self, site: Site) -> None:
        token = token_of(site)
        assert site.knock(f"g:{site.org}:gw:g1", "use-token-auth", token)["isAuthenticated"]
        assert not site.knock(f"d:{site.org}:gw:g1", "use-token-auth", token)["isAuthenticated"]

    def test_takes_no_device_for_a_gateway(self, site: Site) -> None:
        token = token_of(site, "s1", "sensor")
        assert not site.knock(f"g:{site.org}:sensor:s1", "use-token-auth", token)["isAuthenticated"]

    def test_of_the_first_version_of_the_api_is_the_same(self, site: Site) -> None:
        token = site.client.registered("gw", "g1")
        assert site.knock(f"g:{site.org}:gw:g1", "use-token-auth", token)["isAuthenticated"]
        assert site.client.get(f"{V1}/devices/gw/g1").body["uuid"] == f"g:{site.org}:gw:g1"

    def test_answers_policies_within_what_iot_core_allows(self, site: Site) -> None:
        answer = site.knock(f"g:{site.org}:gw:g1", "use-token-auth", token_of(site))
        assert all(len(document) <= 2_048 for document in answer["policyDocuments"])


class TestEvents:
    def test_are_published_for_the_gateway_itself(self, site: Site) -> None:
        site.publish(gateway(site), "iot-2/type/gw/id/g1/evt/status/fmt/json", {"d": {"up": 1}})
        assert [m.value for m in messages.read(site.client.ports, site.org, "urn:lo:nsid:gw:g1")] == [{"up": 1}]

    def test_are_published_for_a_device_behind_it(self, site: Site) -> None:
        application = site.application("app", "iot-2/type/sensor/id/+/evt/+/fmt/+")
        site.publish(gateway(site), EVENT, {"d": {"t": 21}})
        assert site.received(application) == [(EVENT, {"d": {"t": 21}})]
        (message,) = messages.read(site.client.ports, site.org, SENSOR)
        assert (message.value, message.metadata["source"]) == ({"t": 21}, SENSOR)

    def test_register_a_device_that_nobody_registered(self, site: Site) -> None:
        client = gateway(site)
        site.publish(client, EVENT, {"d": {}})
        shown = site.client.get(f"{V2}/device/types/sensor/devices/s1").body
        assert shown["clientId"] == f"d:{site.org}:sensor:s1"
        assert (shown["gatewayTypeId"], shown["gatewayId"]) == ("gw", "g1")
        assert shown["registration"]["auth"] == {"id": client, "type": "gateway"}
        site.publish(client, EVENT, {"d": {}})
        assert len(site.client.get(f"{V2}/device/types/sensor/devices").body["results"]) == 1

    @pytest.mark.parametrize(
        ("topic", "code"),
        [
            ("iot-2/type/unknown/id/s1/evt/status/fmt/json", 404),
            ("iot-2/type/sensor/id/a b/evt/status/fmt/json", 400),
            ("iot-2/type/gw/id/g2/evt/status/fmt/json", 403),
        ],
    )
    def test_that_are_not_accepted_are_told_to_the_gateway(self, site: Site, topic: str, code: int) -> None:
        client = gateway(site)
        site.publish(client, topic, {"d": {}})
        ((to, body),) = site.received(client)
        assert to == NOTIFY
        assert (body["RC"], body["Topic"], body["Client"]) == (code, topic, client)
        assert body.keys() == {"Request", "Time", "Topic", "Type", "Id", "Client", "RC", "Message"}
        assert len(site.complaints()) == 1

    def test_for_a_device_of_another_dialect_are_not_accepted(self, site: Site) -> None:
        assert site.knock(SENSOR, "json+device", site.client.token)["isAuthenticated"]
        client = gateway(site)
        site.publish(client, EVENT, {"d": {}})
        assert [body["RC"] for _, body in site.received(client)] == [403]

    def test_for_another_gateway_are_not_accepted(self, site: Site) -> None:
        client, other = gateway(site), gateway(site, "g2")
        site.publish(other, "iot-2/type/gw/id/g1/evt/status/fmt/json", {"d": {}})
        assert [body["RC"] for _, body in site.received(other)] == [403]
        assert site.received(client) == []

    @pytest.mark.parametrize("topic", ["iot-2/evt/status/fmt/json", "iot-2/type/sensor/id/s1/cmd/x/fmt/json"])
    def test_are_all_that_it_may_publish(self, site: Site, topic: str) -> None:
        site.publish(gateway(site), topic, {})
        assert site.complaints() == [f"a gateway may not publish on topic {topic}"]

    def test_cost_one_mailbox_when_a_device_is_new_to_the_gateway_and_none_after(self, site: Site) -> None:
        client = gateway(site)
        site.publish(client, EVENT, {"d": {}})
        before = site.client.ports.mailboxes.get(site.org, SENSOR)
        site.publish(client, EVENT, {"d": {}})
        assert site.client.ports.mailboxes.get(site.org, SENSOR) == before


class TestCommands:
    def test_to_the_gateway_come_on_the_topic_that_names_it(self, site: Site) -> None:
        client = gateway(site)
        commanded(site, "gw", "g1")
        assert delivered(site, client) == [("iot-2/type/gw/id/g1/cmd/blink/fmt/json", {"d": {"n": 1}})]

    def test_to_a_device_behind_it_come_to_the_gateway(self, site: Site) -> None:
        client = gateway(site)
        site.publish(client, EVENT, {"d": {}})
        commanded(site)
        assert delivered(site, client) == [("iot-2/type/sensor/id/s1/cmd/blink/fmt/json", {"d": {"n": 1}})]
        assert statuses(site) == [Status.PROCESSED]

    def test_of_another_dialect_come_to_the_gateway_too(self, site: Site) -> None:
        client = gateway(site)
        site.publish(client, EVENT, {"d": {}})
        creating.create(site.client.ports, site.org, SENSOR, Order("mqtt", {"req": "blink"}, Policy()))
        assert delivered(site, client) == [("iot-2/type/sensor/id/s1/cmd/blink/fmt/json", {"d": {}})]

    def test_wait_while_the_gateway_is_away(self, site: Site) -> None:
        client = gateway(site)
        site.publish(client, EVENT, {"d": {}})
        site.disconnect(client)
        commanded(site)
        assert delivered(site, client) == []
        site.connect(client)
        site.subscribe(client, COMMANDS)
        assert [topic for topic, _ in delivered(site, client)] == ["iot-2/type/sensor/id/s1/cmd/blink/fmt/json"]

    def test_go_to_the_gateway_that_spoke_last(self, site: Site) -> None:
        first, second = gateway(site), gateway(site, "g2")
        for client in (first, second):
            site.publish(client, EVENT, {"d": {}})
        commanded(site)
        assert len(delivered(site, second)) == 1
        assert delivered(site, first) == []

    def test_go_to_the_device_once_it_has_connected_by_itself(self, site: Site) -> None:
        token, client = token_of(site, "s1", "sensor"), gateway(site)
        site.publish(client, EVENT, {"d": {}})
        device = f"d:{site.org}:sensor:s1"
        assert site.knock(device, "use-token-auth", token)["isAuthenticated"]
        site.connect(device)
        site.subscribe(device, "iot-2/cmd/+/fmt/+")
        commanded(site)
        assert delivered(site, device) == [("iot-2/cmd/blink/fmt/json", {"d": {"n": 1}})]
        assert "gatewayId" not in site.client.get(f"{V2}/device/types/sensor/devices/s1").body

    def test_reach_a_device_that_was_registered_under_its_gateway(self, site: Site) -> None:
        client = gateway(site)
        token_of(site, "s1", "sensor", gatewayTypeId="gw", gatewayId="g1")
        commanded(site)
        assert len(delivered(site, client)) == 1


class TestManagement:
    @pytest.mark.parametrize("named", ["type/gw/id/g1", "type/sensor/id/s1"])
    def test_is_asked_for_and_answered_on_topics_that_name_the_device(self, site: Site, named: str) -> None:
        client = gateway(site)
        site.publish(client, f"iotdevice-1/{named}/mgmt/manage", SUPPORTS)
        assert site.received(client) == [(f"iotdm-1/{named}/response", {"rc": 200, "reqId": "r1"})]

    @pytest.mark.parametrize(("type_", "id_"), [("gw", "g1"), ("sensor", "s1")])
    def test_tells_what_others_change_of_the_gateway_and_of_a_device_behind_it(
        self, site: Site, type_: str, id_: str
    ) -> None:
        client, device = gateway(site), f"{V2}/device/types/{type_}/devices/{id_}"
        site.publish(client, f"iotdevice-1/type/{type_}/id/{id_}/mgmt/manage", SUPPORTS)
        site.received(client)
        assert site.client.call("PUT", device, {"metadata": {"room": 7}}).status == 200
        place = {"latitude": 2.0, "longitude": 1.0, "measuredDateTime": "2016-01-01T00:00:00.000Z"}
        assert site.client.call("PUT", f"{device}/location", place).status == 200
        told = [(topic, body["d"]["fields"]) for topic, body in site.received(client)]
        values = {"metadata": {"room": 7}, "location": place}
        topic = f"iotdm-1/type/{type_}/id/{id_}/device/update"
        assert told == [(topic, [{"field": field, "value": value}]) for field, value in values.items()]

    def test_reaches_a_device_behind_the_gateway(self, site: Site) -> None:
        client, named = gateway(site), "type/sensor/id/s1"
        site.publish(client, f"iotdevice-1/{named}/mgmt/manage", SUPPORTS)
        site.received(client)
        body = {"action": "device/reboot", "devices": [{"typeId": "sensor", "deviceId": "s1"}]}
        request = site.client.call("POST", f"{V2}/mgmt/requests", body).body["reqId"]
        assert site.received(client) == [(f"iotdm-1/{named}/mgmt/initiate/device/reboot", {"reqId": request})]
        site.publish(client, f"iotdevice-1/{named}/response", {"rc": 202, "reqId": request})
        site.publish(client, f"iotdevice-1/{named}/mgmt/manage", SUPPORTS)
        status = f"{V2}/mgmt/requests/{request}/deviceStatus/sensor/s1"
        assert site.client.get(status).body["complete"] is True

    def test_takes_a_single_field_as_gateways_tell_it(self, site: Site) -> None:
        site.publish(
            gateway(site), "iotdevice-1/type/gw/id/g1/notify", {"d": {"field": "deviceInfo.model", "value": "m"}}
        )
        assert site.complaints() == []

    @pytest.mark.parametrize(
        "topic", ["iotdevice-1/mgmt/manage", "iotdevice-1/type/sensor/id", "iotdevice-1/type/a/b/c/d"]
    )
    def test_on_topics_that_name_no_device_goes_to_the_audit_log(self, site: Site, topic: str) -> None:
        site.publish(gateway(site), topic, SUPPORTS)
        assert site.complaints() == [f"a gateway may not publish on topic {topic}"]


class TestRest:
    DEVICES = f"{V2}/device/types/sensor/devices"

    def test_lists_the_devices_behind_a_gateway(self, site: Site) -> None:
        client = gateway(site)
        token_of(site, "s2", "sensor")
        site.publish(client, EVENT, {"d": {}})
        listed = site.client.get(f"{V2}/device/types/gw/devices/g1/devices").body
        assert [d["deviceId"] for d in listed["results"]] == ["s1"]
        assert site.client.get(f"{V2}/bulk/devices", gatewayId="g1").body["results"] == listed["results"]

    def test_lists_none_behind_a_device(self, site: Site) -> None:
        token_of(site, "s1", "sensor")
        assert site.client.get(f"{self.DEVICES}/s1/devices").status == 403

    def test_registers_under_a_gateway_that_is_there(self, site: Site) -> None:
        body = {"deviceId": "s1", "gatewayTypeId": "gw", "gatewayId": "nobody"}
        assert site.client.call("POST", self.DEVICES, body).status == 400

    def test_takes_the_gateway_s_own_token_for_what_concerns_it(self, site: Site) -> None:
        auth = (f"g/{site.org}/gw/g1", token_of(site))
        call = site.client.call
        assert call("GET", f"{V2}/device/types/gw/devices/g1", auth=auth).status == 200
        assert call("POST", self.DEVICES, {"deviceId": "s1"}, auth=auth).status == 201
        assert call("PUT", f"{self.DEVICES}/s1", {"metadata": {"a": 1}}, auth=auth).status == 200
        assert call("POST", f"{self.DEVICES}/s1/events/e", {"d": {}}, auth=auth).status == 200
        assert call("DELETE", f"{self.DEVICES}/s1", auth=auth).status == 204

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", V2),
            ("DELETE", f"{DEVICES}/s1"),
            ("PUT", f"{DEVICES}/s1"),
            ("PUT", f"{V2}/device/types/sensor"),
            ("DELETE", f"{V2}/device/types/gw/devices/g2"),
            ("POST", f"{V2}/application/types/gw/devices/g1/commands/x"),
            ("GET", f"{V2}/authorization/apikeys"),
            ("POST", f"{V2}/bulk/devices/remove"),
            ("GET", f"{V2}/historian/types/sensor/devices/s1"),
        ],
    )
    def test_refuses_it_everything_else(self, site: Site, method: str, path: str) -> None:
        token, _, _ = token_of(site), token_of(site, "g2"), token_of(site, "s1", "sensor")
        assert site.client.call(method, path, {}, auth=(f"g/{site.org}/gw/g1", token)).status == 403

    @pytest.mark.parametrize(
        "name", ["g/{org}/gw/g2", "g/{org}/sensor/s1", "g/zzzzzz/gw/g1", "g/{org}/gw", "g/", "g/{org}/a/b/c"]
    )
    def test_takes_the_token_under_no_other_name(self, site: Site, name: str) -> None:
        token, _ = token_of(site), token_of(site, "g2")
        auth = (name.format(org=site.org), token)
        assert site.client.call("GET", f"{V2}/device/types/gw/devices/g1", auth=auth).status == 403
