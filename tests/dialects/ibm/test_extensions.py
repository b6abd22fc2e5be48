"""Device management extensions: actions that a customer makes up."""

from typing import Any

import pytest

from tests.dialects.ibm.client import V2
from tests.dialects.ibm.site import Site

BUNDLES, REQUESTS = f"{V2}/mgmt/custom/bundle", f"{V2}/mgmt/requests"
BUNDLE = {
    "bundleId": "plugins",
    "version": "1.0",
    "displayName": {"en_US": "Plug-ins"},
    "actions": {"install": {"parameters": [{"name": "url", "required": True}, {"name": "note"}]}, "list": {}},
}
ONE = [{"typeId": "pump", "deviceId": "p1"}]


@pytest.fixture
def site() -> Site:
    site = Site()
    assert site.client.call("POST", BUNDLES, BUNDLE).status == 201
    return site


def managed(site: Site, **supports: bool) -> str:
    device = site.device()
    site.publish(device, "iotdevice-1/mgmt/manage", {"d": {"supports": supports}, "reqId": "r"})
    site.received(device)
    return device


def initiated(site: Site, action: str, **parameters: str) -> Any:
    named = [{"name": name, "value": value} for name, value in parameters.items()]
    return site.client.call("POST", REQUESTS, {"action": action, "parameters": named, "devices": ONE})


class TestBundle:
    def test_is_shown_as_it_was_made(self, site: Site) -> None:
        assert site.client.get(f"{BUNDLES}/plugins").body == BUNDLE
        assert site.client.get(BUNDLES).body["results"] == [BUNDLE]

    def test_is_changed_and_deleted(self, site: Site) -> None:
        changed = {**BUNDLE, "version": "2.0"}
        assert site.client.call("PUT", f"{BUNDLES}/plugins", changed).body == changed
        assert site.client.call("DELETE", f"{BUNDLES}/plugins").status == 204
        assert site.client.get(f"{BUNDLES}/plugins").status == 404

    def test_has_a_name_of_its_own(self, site: Site) -> None:
        assert site.client.call("POST", BUNDLES, BUNDLE).status == 409
        assert site.client.call("PUT", f"{BUNDLES}/plugins", {**BUNDLE, "bundleId": "other"}).status == 400

    @pytest.mark.parametrize(
        "wrong",
        [{"bundleId": "a/b"}, {"actions": {}}, {"actions": {"a/b": {}}}, {"actions": {"a": {"parameters": [{}]}}}],
    )
    def test_is_refused_where_an_action_could_not_be_named(self, site: Site, wrong: dict[str, Any]) -> None:
        assert site.client.call("POST", BUNDLES, {**BUNDLE, "bundleId": "new", **wrong}).status == 400


class TestAction:
    def test_reaches_a_device_that_supports_its_bundle(self, site: Site) -> None:
        device = managed(site, plugins=True)
        request = initiated(site, "plugins/install", url="https://x").body["reqId"]
        fields = [{"field": "url", "value": "https://x"}]
        assert site.received(device) == [
            ("iotdm-1/mgmt/custom/plugins/install", {"reqId": request, "d": {"fields": fields}})
        ]

    @pytest.mark.parametrize(("code", "status"), [(200, 0), (500, 1)])
    def test_is_done_when_the_device_says_so(self, site: Site, code: int, status: int) -> None:
        device = managed(site, plugins=True)
        request = initiated(site, "plugins/list").body["reqId"]
        site.publish(device, "iotdevice-1/response", {"rc": code, "reqId": request})
        shown = site.client.get(f"{REQUESTS}/{request}/deviceStatus/pump/p1").body
        assert (shown["complete"], shown["status"]) == (True, status)

    def test_is_refused_for_a_device_that_does_not_support_it(self, site: Site) -> None:
        managed(site, deviceActions=True)
        assert initiated(site, "plugins/list").status == 403

    @pytest.mark.parametrize("action", ["plugins/unknown", "unknown/list", "plugins/install", "plugins", "a/b/c"])
    def test_is_refused_where_it_is_not_there_or_lacks_a_parameter(self, site: Site, action: str) -> None:
        managed(site, plugins=True)
        assert initiated(site, action).status == 400
