"""Lifecycle events have AWS's topics, fields and numbers."""

from typing import Any

from infra.local.iot_core.lifecycle import Departure, Departures, Reason
from infra.local.iot_core.limits import Limits, Meter

from .conftest import Site
from .device import Device, unsubscribe_packet

CLIENT = "urn:lo:nsid:dev:1"


def test_connected_and_disconnected_belong_together(site: Site) -> None:
    site.connected().leave()
    connected, disconnected = site.cloud.lifecycle("connected"), site.cloud.lifecycle("disconnected")
    session = connected["sessionIdentifier"]
    assert connected == {
        "clientId": CLIENT,
        "timestamp": int(site.cloud.now * 1000),
        "eventType": "connected",
        "sessionIdentifier": session,
        "principalIdentifier": "device1",
        "ipAddress": "127.0.0.1",
        "versionNumber": 0,
    }
    assert disconnected == connected | {
        "eventType": "disconnected",
        "clientInitiatedDisconnect": True,
        "disconnectReason": "CLIENT_INITIATED_DISCONNECT",
    }


def test_subscribed_and_unsubscribed_name_their_filters(site: Site) -> None:
    device = site.connected()
    device.subscribe(("dev/cmd", 1), ("dev/cfg", 0))
    device.send(unsubscribe_packet("dev/cfg", "never"))
    subscribed, unsubscribed = site.cloud.lifecycle("subscribed"), site.cloud.lifecycle("unsubscribed")
    assert subscribed == {
        "clientId": CLIENT,
        "timestamp": int(site.cloud.now * 1000),
        "eventType": "subscribed",
        "sessionIdentifier": site.cloud.lifecycle("connected")["sessionIdentifier"],
        "principalIdentifier": "device1",
        "topics": ["dev/cmd", "dev/cfg"],
    }
    assert unsubscribed == subscribed | {"eventType": "unsubscribed", "topics": ["dev/cfg"]}


def test_the_version_counts_connections_and_starts_anew_after_an_hour(site: Site) -> None:
    def version(number: int) -> int:
        site.connected().leave()
        site.cloud.wait_until(lambda: len(_connected(site)) == number)
        last: int = _connected(site)[-1]["versionNumber"]
        return last

    assert [version(1), version(2), version(3)] == [0, 1, 2]
    site.cloud.elapsed += 3601
    assert version(4) == 0


def _connected(site: Site) -> list[dict[str, Any]]:
    return [event for event in site.cloud.events("presence") if event["eventType"] == "connected"]


def test_what_is_known_of_those_who_left_is_forgotten_after_an_hour() -> None:
    departures = Departures()
    for number in range(100):
        left = Departure(0, 0, Reason.CONNECTION_LOST, clean_session=True, keep_alive=30, monotonic=float(number))
        departures.add(f"sensor-{number}", left)
    departures.forget(3600.0 + 49.5)
    assert len(departures) == 50


def test_a_meter_admits_its_limit_in_each_second() -> None:
    meter = Meter(2)
    assert [meter.admit(now) for now in (0.0, 0.5, 0.9, 1.0, 1.1, 1.2)] == [True, True, False, True, True, False]


def test_a_meter_without_a_limit_admits_everything() -> None:
    assert all(Meter(None).admit(0.0) for _ in range(1000))


def test_an_overdrawn_meter_tells_how_long_to_wait() -> None:
    meter = Meter(100)
    assert [meter.overdrawn(now, 60) for now in (0.0, 0.25, 1.0)] == [0.0, 0.75, 0.0]


def test_lifted_limits_still_bound_memory() -> None:
    lifted = Limits.lifted()
    assert lifted.packet_bytes > lifted.payload_bytes
    assert lifted.topic_fits("/" * 1000)


def test_lenient_mode_tells_which_filters_it_refused(lenient: Site) -> None:
    device = lenient.connected()
    filters = [f"foreign/{number}" for number in range(10)]
    codes = device.subscribe(("dev/cmd", 1), *((name, 0) for name in filters))
    assert codes == [1] + [0x80] * 10
    told = [event for event in events_of(lenient, device) if event["eventType"] == "subscribe_refused"]
    assert [event["topics"] for event in told] == [filters[:8], filters[8:]]


def test_strict_mode_tells_of_refused_filters_no_more_than_iot_core_does(site: Site) -> None:
    device = site.connected()
    assert device.subscribe(("foreign", 1)) == [0x80]
    assert {event["eventType"] for event in events_of(site, device)} == {"connected", "disconnected"}


def events_of(site: Site, device: Device) -> list[dict[str, Any]]:
    device.leave()
    site.cloud.lifecycle("disconnected")
    return site.cloud.events("presence")
