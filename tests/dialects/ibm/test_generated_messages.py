"""Whatever clients publish, nothing fails by our fault: it is kept, carried out or told to the audit log."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dialects.ibm.site import Site

LEVELS = st.sampled_from(
    [
        "",
        "iot-2",
        "type",
        "pump",
        "id",
        "p1",
        "evt",
        "cmd",
        "fmt",
        "json",
        "mon",
        "mgmt",
        "manage",
        "device",
        "add",
        "diag",
    ]
) | st.text(max_size=5).filter(lambda level: "/" not in level)
KNOWN = st.sampled_from(
    [
        "iot-2/evt/status/fmt/json",
        "iot-2/type/pump/id/p1/evt/status/fmt/json",
        "iot-2/type/pump/id/p1/cmd/reboot/fmt/json",
        "iotdevice-1/mgmt/manage",
        "iotdevice-1/mgmt/unmanage",
        "iotdevice-1/device/update/location",
        "iotdevice-1/add/diag/errorCodes",
        "iotdevice-1/add/diag/log",
        "iotdevice-1/notify",
        "iotdevice-1/response",
    ]
)
TOPICS = KNOWN | st.lists(LEVELS, min_size=1, max_size=9).map(lambda rest: "/".join(["iot-2", *rest]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["d", "ts", "reqId", "rc", "fields", "field", "value", "supports", "lifetime", "latitude", "errorCode"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
PAYLOADS = st.binary(max_size=40) | VALUES.map(lambda value: json.dumps(value).encode())


@dataclass(frozen=True)
class Cast:
    site: Site
    device: str
    application: str


@pytest.fixture(scope="module")
def cast() -> Cast:
    site = Site()
    return Cast(site, site.device(), site.application("app", "iot-2/type/+/id/+/evt/+/fmt/+"))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TOPICS, PAYLOADS, st.sampled_from(["device", "application"]))
def test_no_message_is_too_much(cast: Cast, topic: str, payload: bytes, who: str) -> None:
    cast.site.publish(cast.device if who == "device" else cast.application, topic, payload)
