"""MQTT 5 sessions and wills, chapters 3.1.2.5 and 3.1.2.11.2; tests bear the specification's statements."""

import pytest

from .conftest import Site
from .device5 import (
    EXPIRY,
    SESSION_EXPIRY,
    USER,
    WILL_DELAY,
    Device5,
    Will5,
    connected5,
    props,
)

CLIENT = "urn:lo:nsid:dev:1"
NOT_AUTHORIZED, PROTOCOL_ERROR, MALFORMED = 0x87, 0x82, 0x81


# -- 3.1.2.11.2 session expiry


def test_mqtt_3_1_2_4_and_3_1_2_5_clean_start_decides_about_the_old_session(open_site: Site) -> None:
    connected5(open_site, CLIENT, (SESSION_EXPIRY, 600)).leave()
    assert Device5(open_site).connect(CLIENT, (SESSION_EXPIRY, 600), clean=False)[0]
    assert not Device5(open_site).connect(CLIENT, (SESSION_EXPIRY, 600), clean=True)[0]


def test_without_a_session_expiry_the_session_ends_with_its_connection(open_site: Site) -> None:
    connected5(open_site, CLIENT, clean=False).leave()
    assert not open_site.core.broker.sessions


@pytest.mark.parametrize(("elapsed", "present"), [(590, True), (601, False)])
def test_mqtt_3_1_2_23_a_session_outlives_its_connection_by_its_expiry(
    open_site: Site, *, elapsed: float, present: bool
) -> None:
    connected5(open_site, CLIENT, (SESSION_EXPIRY, 600)).leave()
    open_site.cloud.elapsed += elapsed
    open_site.cloud.wait_until(lambda: (CLIENT in open_site.core.broker.sessions) == present)
    assert Device5(open_site).connect(CLIENT, (SESSION_EXPIRY, 600), clean=False)[0] == present


@pytest.mark.parametrize("asked", [3601, 0xFFFFFFFF])
def test_iot_core_shortens_a_session_expiry_to_its_quota_and_says_so(site: Site, asked: int) -> None:
    assert Device5(site).connect(CLIENT, (SESSION_EXPIRY, asked))[2][SESSION_EXPIRY] == 3600
    assert site.core.get_connection(CLIENT)["sessionExpiry"] == 3600


def test_a_session_expiry_within_the_quota_is_not_repeated(site: Site) -> None:
    assert SESSION_EXPIRY not in Device5(site).connect(CLIENT, (SESSION_EXPIRY, 3600))[2]
    assert site.core.get_connection(CLIENT) | {"connectedSince": 0} == {
        "clientId": CLIENT,
        "connected": True,
        "cleanSession": False,
        "keepAliveDuration": 60,
        "connectedSince": 0,
        "sessionExpiry": 3600,
    }


@pytest.mark.parametrize(("first", "second"), [(4, 5), (5, 4)])
def test_sessions_of_mqtt_3_and_5_are_not_interchangeable(open_site: Site, first: int, second: int) -> None:
    def connect(level: int) -> bool:
        if level == 5:
            return bool(Device5(open_site).connect(CLIENT, (SESSION_EXPIRY, 600), clean=False)[0])
        return open_site.device().connect(CLIENT, clean=False)[0]

    assert not connect(first)
    assert connect(first)
    assert not connect(second)


# -- 3.1.2.5 and 3.1.3.2 Will


def _watching(site: Site) -> Device5:
    watcher = connected5(site, "watcher")
    assert watcher.subscribe(("room/#", 1)) == [1]
    return watcher


def test_mqtt_3_1_2_8_a_will_is_published_with_its_properties(open_site: Site) -> None:
    watcher = _watching(open_site)
    will = Will5("room/1", properties=props((EXPIRY, 90), (0x03, "text/plain"), (0x08, "room/2"), (USER, ("k", "v"))))
    connected5(open_site, CLIENT, will=will).wire.shut()
    found = watcher.message()
    assert (found.topic, found.payload) == ("room/1", b"gone")
    assert found.told == {EXPIRY: 90, 0x03: "text/plain", 0x08: "room/2", USER: [("k", "v")]}


def test_mqtt_3_14_4_3_a_normal_disconnect_takes_the_will_with_it(open_site: Site) -> None:
    watcher = _watching(open_site)
    connected5(open_site, CLIENT, will=Will5("room/1")).leave(0)
    open_site.cloud.lifecycle("disconnected")
    watcher.wire.ping()


def test_disconnect_with_will_message_publishes_it(open_site: Site) -> None:
    watcher = _watching(open_site)
    connected5(open_site, CLIENT, will=Will5("room/1")).leave(4)
    assert watcher.message().payload == b"gone"
    assert open_site.cloud.lifecycle("disconnected")["disconnectReason"] == "CLIENT_INITIATED_DISCONNECT"


def test_mqtt_3_1_3_9_a_client_that_is_back_before_the_delay_has_no_will(open_site: Site) -> None:
    watcher = _watching(open_site)
    will = Will5("room/1", properties=props((WILL_DELAY, 60)))
    for _ in range(2):
        device = connected5(open_site, CLIENT, (SESSION_EXPIRY, 600), clean=False, will=will)
        device.wire.shut()
        open_site.cloud.wait_until(lambda: open_site.core.broker.sessions[CLIENT].connection is None)
        open_site.cloud.elapsed += 50
    watcher.wire.ping()
    open_site.cloud.elapsed += 11
    assert watcher.message().payload == b"gone"


def test_a_delayed_will_is_published_when_its_session_ends_first(open_site: Site) -> None:
    watcher = _watching(open_site)
    will = Will5("room/1", properties=props((WILL_DELAY, 500)))
    connected5(open_site, CLIENT, (SESSION_EXPIRY, 30), clean=False, will=will).wire.shut()
    open_site.cloud.wait_until(lambda: open_site.core.broker.sessions[CLIENT].connection is None)
    open_site.cloud.elapsed += 31
    assert watcher.message().payload == b"gone"


def test_a_delayed_will_is_published_when_a_clean_start_ends_its_session(open_site: Site) -> None:
    watcher = _watching(open_site)
    will = Will5("room/1", properties=props((WILL_DELAY, 500)))
    connected5(open_site, CLIENT, (SESSION_EXPIRY, 900), clean=False, will=will).wire.shut()
    open_site.cloud.wait_until(lambda: open_site.core.broker.sessions[CLIENT].connection is None)
    connected5(open_site, CLIENT)
    assert watcher.message().payload == b"gone"


def test_a_will_reaches_the_rules_too(open_site: Site) -> None:
    connected5(open_site, CLIENT, will=Will5("dev/gone", properties=props((WILL_DELAY, 5)))).wire.shut()
    open_site.cloud.wait_for("uplink", lambda event: event["topic"] == "dev/gone")


def test_mqtt_3_2_2_12_a_will_with_qos_2_is_refused(site: Site) -> None:
    assert Device5(site).connect(will=Will5("dev/gone", qos=2))[1] == 0x9B


def test_a_wildcard_in_a_will_topic_is_refused(site: Site) -> None:
    assert Device5(site).connect(will=Will5("dev/#"))[1] == 0x90
