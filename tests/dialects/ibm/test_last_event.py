import base64
import json

import pytest

from chalicelib.dialects.ibm import times
from tests.dialects.ibm.site import Site


@pytest.fixture
def site() -> Site:
    return Site()


class TestTheLastEvent:
    EVENTS = "/api/v0002/device/types/pump/devices/p1/events"

    def numbers(self, site: Site) -> tuple[int, int]:
        """What the list and the single event show."""
        one = site.client.get(f"{self.EVENTS}/status").body
        (of_all,) = site.client.get(self.EVENTS).body
        return tuple(json.loads(base64.b64decode(shown["payload"]))["d"]["n"] for shown in (of_all, one))

    @pytest.mark.parametrize("count", [12, 250])
    def test_is_the_last_received_of_one_stamp(self, site: Site, count: int) -> None:
        device, stamp = site.device(), times.render(site.client.ports.clock.now())
        for n in range(count):
            site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": n}, "ts": stamp}, event=f"{n * 7919 % 1009}")
        assert self.numbers(site) == (count - 1, count - 1)
        history = site.client.get("/api/v0002/historian/types/pump/devices/p1", top=5).body["events"]
        assert [event["evt"]["n"] for event in history] == [count - 1 - n for n in range(5)]

    @pytest.mark.parametrize("count", [3, 250])
    def test_is_the_last_received_where_the_clock_was_ahead(self, site: Site, count: int) -> None:
        device, start = site.device(), site.client.ports.clock.now()
        for n in range(count):
            stamp = times.render(start - n * 1000)
            site.publish(device, "iot-2/evt/status/fmt/json", {"d": {"n": n}, "ts": stamp})
        assert self.numbers(site) == (count - 1, count - 1)

    def test_of_a_clock_that_was_never_set_is_kept_under_its_arrival(self, site: Site) -> None:
        site.publish(site.device(), "iot-2/evt/status/fmt/json", {"d": {"n": 1}, "ts": "1970-01-01T00:00:07Z"})
        assert self.numbers(site) == (1, 1)
        assert site.complaints() == [
            "ts is before 2010, as of a clock that was never set; the time of arrival is taken"
        ]
