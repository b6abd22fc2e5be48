import base64

import pytest

from chalicelib.dialects.ibm import codec
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands import creating
from chalicelib.fleet.tenancy import settings
from chalicelib.fleet.tenancy.records import Cause, Use
from tests.dialects.ibm.client import V2, Client
from tests.dialects.ibm.site import Site

pytestmark = pytest.mark.row("H1")
EVENTS = f"{V2}/device/types/pump/devices/p1/events"
APPLICATION = f"{V2}/application/types/pump/devices/p1"
KEYS = f"{V2}/authorization/apikeys"


@pytest.fixture
def site() -> Site:
    return Site()


def test_the_organization_tells_who_it_is(site: Site) -> None:
    body = site.client.get(V2).body
    assert (body["id"], body["name"], body["enabled"]) == (site.org, "acme", True)


def test_the_service_tells_how_it_is(site: Site) -> None:
    assert site.client.get(f"{V2}/service-status").body["us"]["messaging"] == "green"


class TestLastEvents:
    def test_the_newest_of_each_kind_is_there_byte_for_byte(self, site: Site) -> None:
        device = site.device()
        for body in (b'{"d": {"n":  1}}', b'{"d": {"n":  2}}'):
            site.publish(device, "iot-2/evt/status/fmt/json", body)
        site.publish(device, "iot-2/evt/alarm/fmt/bin", b"\x00\xff")
        alarm, status = site.client.get(EVENTS).body
        assert (alarm["eventId"], alarm["format"], base64.b64decode(alarm["payload"])) == ("alarm", "bin", b"\x00\xff")
        assert base64.b64decode(status["payload"]) == b'{"d": {"n":  2}}'
        assert status["timestamp"].endswith("+0000")
        assert (status["typeId"], status["deviceId"]) == ("pump", "p1")

    def test_one_kind_is_found_behind_many_others(self, site: Site) -> None:
        device = site.device()
        site.publish(device, "iot-2/evt/rare/fmt/json", {"d": {"n": 1}})
        for _ in range(250):
            site.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
        assert site.client.get(f"{EVENTS}/rare").body["eventId"] == "rare"

    def test_an_event_that_never_was_is_not_found(self, site: Site) -> None:
        site.device()
        assert site.client.get(f"{EVENTS}/status").status == 404

    def test_events_older_than_set_are_not_shown(self, site: Site) -> None:
        site.publish(site.device(), "iot-2/evt/status/fmt/json", {"d": {}})
        site.client.call("PUT", f"{V2}/config/lec", {"enabled": True, "ttlDays": 2})
        site.client.ports.clock.advance(seconds=3 * 86_400)
        assert site.client.get(EVENTS).body == []

    def test_a_cache_that_is_off_shows_nothing(self, site: Site) -> None:
        site.publish(site.device(), "iot-2/evt/status/fmt/json", {"d": {}})
        assert site.client.call("PUT", f"{V2}/config/lec", {"enabled": False}).body == {"enabled": False, "ttlDays": 7}
        assert site.client.get(f"{V2}/config/lec").body["enabled"] is False
        assert site.client.get(EVENTS).body == []

    @pytest.mark.parametrize("days", [0, 46, "x"])
    def test_the_cache_keeps_1_to_45_days(self, site: Site, days: object) -> None:
        assert site.client.call("PUT", f"{V2}/config/lec", {"enabled": True, "ttlDays": days}).status == 400


class TestPublishing:
    def test_a_device_publishes_with_its_token(self, site: Site) -> None:
        token = site.client.registered()
        kind = {"Content-Type": "text/plain; charset=utf-8"}
        reply = site.client.call("POST", f"{EVENTS}/status", raw=b"hot", auth=("use-token-auth", token), headers=kind)
        assert (reply.status, reply.raw) == (200, b"")
        assert site.client.get(f"{EVENTS}/status").body["format"] == "text"

    def test_the_limit_of_the_organization_holds_for_devices_too(self, site: Site) -> None:
        device, key = ("use-token-auth", site.client.registered()), site.client.credentials
        settings.set_limits(site.client.ports, site.org, {Use.REQUESTS: (2, 60)})
        said = [site.client.call("POST", f"{EVENTS}/status", {}, auth=auth) for auth in (device, key, device)]
        assert [reply.status for reply in said] == [200, 200, 429]
        assert said[-1].error == "CUDRS0030E"
        assert int(said[-1].headers["Retry-After"]) <= 60
        ports = site.client.ports
        (entry,) = ports.audit.page(site.org, start=0, end=ports.clock.now() + 1, descending=True)
        assert (entry.cause, entry.source["device"]) == (Cause.RATE, site.client.fleet_id())

    def test_it_publishes_for_itself_only(self, site: Site) -> None:
        token = site.client.registered()
        site.client.registered("pump", "p2")
        path = f"{V2}/device/types/pump/devices/p2/events/status"
        assert site.client.call("POST", path, {}, auth=("use-token-auth", token)).status == 403

    def test_it_opens_nothing_else_with_its_token(self, site: Site) -> None:
        auth = ("use-token-auth", site.client.registered())
        assert site.client.call("GET", f"{V2}/device/types/pump/devices/p1", auth=auth).status == 403
        assert site.client.call("GET", V2, auth=auth).status == 403

    def test_an_application_publishes_for_a_device(self, site: Site) -> None:
        listening = site.application("app", "iot-2/type/+/id/+/evt/+/fmt/+")
        site.client.registered()
        assert site.client.call("POST", f"{APPLICATION}/events/status", {"d": {"n": 1}}).status == 200
        assert site.received(listening) == [("iot-2/type/pump/id/p1/evt/status/fmt/json", {"d": {"n": 1}})]

    def test_an_application_commands_a_device(self, site: Site) -> None:
        site.client.registered()
        assert site.client.call("POST", f"{APPLICATION}/commands/reboot", {"delay": 1}).status == 200
        (command,) = creating.listing(
            site.client.ports, site.org, site.client.fleet_id(), start=None, end=None, descending=False
        )
        assert codec.published(command) == ("reboot", "json", b'{"delay": 1}')

    @pytest.mark.parametrize("name", ["a%2Fb", "a+b", "a%23", "x" * 129])
    def test_a_name_that_is_no_level_of_a_topic_is_refused(self, site: Site, name: str) -> None:
        site.client.registered()
        assert site.client.call("POST", f"{APPLICATION}/events/{name}", {}).status == 400

    def test_an_unknown_content_type_is_refused(self, site: Site) -> None:
        site.client.registered()
        kind = {"Content-Type": "image/png"}
        assert site.client.call("POST", f"{APPLICATION}/events/x", raw=b"x", headers=kind).status == 400

    def test_a_payload_beyond_the_limit_is_refused(self, site: Site) -> None:
        site.client.registered()
        assert site.client.call("POST", f"{APPLICATION}/events/x", raw=b"x" * 131_073).status == 413


class TestConnections:
    def test_the_log_tells_the_newest_first(self, site: Site) -> None:
        device = site.device()
        site.disconnect(device)
        log = site.client.get(f"{V2}/logs/connection", typeId="pump", deviceId="p1").body
        assert [entry["message"].split(":")[0] for entry in log] == ["Closed connection", "Token auth succeeded"]

    def test_the_state_of_a_client_is_told(self, site: Site) -> None:
        device, application = site.device(), site.application("app")
        for client in (device, application):
            path = f"{V2}/clientconnectionstates/{client}"
            assert site.client.get(path).body["connectionStatus"] == "connected"
        site.disconnect(device)
        path = f"{V2}/clientconnectionstates"
        assert site.client.get(path).body["results"][0]["connectionStatus"] == "disconnected"

    @pytest.mark.parametrize("client", ["d:zzzzzz:pump:p1", "x", "a:{org}:nobody", "d:{org}:pump:p9"])
    def test_nobody_else_has_a_state(self, site: Site, client: str) -> None:
        assert site.client.get(f"{V2}/clientconnectionstates/{client.format(org=site.org)}").status == 404


class TestKeys:
    def test_a_new_key_works_and_is_listed(self, site: Site) -> None:
        made = site.client.call("POST", KEYS, {"comment": "for Joe", "roles": ["PD_VISUALIZATION_APP"]}).body
        auth = (made["key"], made["token"])
        assert made["key"].startswith(f"a-{site.org}-")
        assert site.client.call("GET", f"{V2}/bulk/devices", auth=auth).status == 200
        assert site.client.call("POST", f"{V2}/device/types", {"id": "x"}, auth=auth).status == 403
        assert made["key"] in [key["key"] for key in site.client.get(KEYS).body["results"]]
        assert site.client.get(f"{KEYS}/{made['key']}").body["comment"] == "for Joe"

    def test_the_token_is_shown_once(self, site: Site) -> None:
        made = site.client.call("POST", KEYS, {}).body
        assert made["token"] not in repr(site.client.get(KEYS).raw)
        assert made["token"] not in repr(site.client.ports.keys.rows)

    def test_a_revoked_key_is_refused_and_its_applications_disconnected(self, site: Site) -> None:
        made = site.client.call("POST", KEYS, {}).body
        client, auth = f"a:{site.org}:app", (made["key"], made["token"])
        assert site.knock(client, *auth)["isAuthenticated"]
        site.connect(client)
        assert site.client.call("DELETE", f"{KEYS}/{made['key']}").status == 204
        assert site.client.call("GET", f"{V2}/bulk/devices", auth=auth).status == 403
        assert site.client.ports.background.disconnects == [client]
        assert not site.knock(client, *auth)["isAuthenticated"]

    def test_the_master_key_stays(self, site: Site) -> None:
        assert site.client.call("DELETE", f"{KEYS}/{site.client.credentials[0]}").status == 403

    def test_a_key_gives_no_more_than_it_has(self, site: Site) -> None:
        auth = site.client.credentials_with(Role.API_KEY_W, Role.DEVICE_R)
        made = site.client.call("POST", KEYS, {}, auth=auth).body
        assert (
            site.client.call("POST", f"{V2}/device/types", {"id": "x"}, auth=(made["key"], made["token"])).status == 403
        )

    def test_another_organization_s_key_is_not_found(self, site: Site) -> None:
        other = Client(site.client.ports, "globex")
        assert other.get(f"{KEYS}/{site.client.credentials[0]}").status == 404
