import base64
import json
from typing import Any

import pytest

from chalicelib.fleet.access import callers, keys, limiting, tenants
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.data import messages
from chalicelib.fleet.presence import admitting
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.fleet.tenancy.audit import PER_MINUTE
from chalicelib.fleet.tenancy.records import Use
from chalicelib.triggers import uplink
from tests.fakes import MemoryPorts

DEVICE = "urn:lo:nsid:sensor:s1"


class Site:
    """A tenant with one admitted device."""

    def __init__(self) -> None:
        self.ports = MemoryPorts()
        tenant, self.key, _ = tenants.create(self.ports, "acme")
        self.tenant = tenant.id
        self.events = 0
        candidate = Candidate(DEVICE, "live_objects", "device", "mqtt", DEVICE, "json+device")
        admitting.admit(self.ports, callers.of_key(self.key), candidate)
        uplink._heard.clear()

    def say(self, topic: str, body: Any, event: str | None = None) -> None:
        self.events += 1
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        uplink.handle(
            self.ports,
            {
                "payload": base64.b64encode(payload).decode(),
                "client": DEVICE,
                "topic": topic,
                "at": self.ports.clock.now(),
                "id": event or f"event-{self.events:04d}",
            },
        )

    def stored(self, stream: str = DEVICE) -> list[Any]:
        return [m.value for m in messages.read(self.ports, self.tenant, stream)]

    def reasons(self) -> list[str]:
        end = self.ports.clock.now() + 1
        return [e.reason for e in self.ports.audit.page(self.tenant, start=0, end=end, descending=True)]


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_reading_is_stored_in_the_devices_own_stream(site: Site) -> None:
    site.say("dev/data", {"value": {"temp": 21}})
    assert site.stored() == [{"temp": 21}]


def test_the_short_form_says_the_same(site: Site) -> None:
    site.say("dev/data", {"s": "room", "m": "m1", "v": {"t": 1}, "t": ["a"], "loc": [48.8, 2.3]})
    (message,) = messages.read(site.ports, site.tenant, "room")
    assert (message.model, message.tags, message.location) == ("m1", ("a",), {"lat": 48.8, "lon": 2.3})


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": None, "model": None, "tags": None, "location": None, "timestamp": None, "streamId": None},
        {
            "v": {"a": {"b": [1, None, {"c-d e": True}]}},
            "m": "",
            "t": [],
            "loc": [48.8, 2.3, 35, 12],
            "ts": 1_700_000_000_000,
        },
        {"value": {}, "timestamp": "2020-10-13T12:15:02Z", "streamId": "urn:lo:nsid:a:b!c", "model": "tempV2_é/+#"},
        {"value": {}, "extra": {"x.y": 1}, "lom_error": 0, "location": {"lat": 1, "lon": 2, "provider": "GPS"}},
    ],
)
def test_what_the_manual_leaves_open_is_taken(site: Site, body: Any) -> None:
    site.say("dev/data", body)
    assert site.reasons() == []


def test_messages_above_the_limit_of_the_key_are_refused_and_recorded(site: Site) -> None:
    limiting.limit(site.ports, site.tenant, site.key.id, Use.MESSAGES, (2, 60))
    for value in (1, 2, 3):
        site.say("dev/data", {"value": {"n": value}})
    assert len(site.stored()) == 2
    assert site.reasons() == [
        "too many messages: the limit of the API key, of one above it, or of the tenant is reached"
    ]


def test_the_same_event_twice_is_one_message(site: Site) -> None:
    site.say("dev/data", {"value": {"n": 1}}, event="e1")
    site.say("dev/data", {"value": {"n": 1}}, event="e1")
    assert site.stored() == [{"n": 1}]


def test_two_readings_of_the_same_moment_are_both_kept(site: Site) -> None:
    site.say("dev/data", {"value": {"n": 1}, "timestamp": "2018-01-01T00:00:00Z"})
    site.say("dev/data", {"value": {"n": 2}, "timestamp": "2018-01-01T00:00:00Z"})
    assert sorted(value["n"] for value in site.stored()) == [1, 2]


def test_a_clock_far_ahead_is_replaced_by_the_time_of_arrival(site: Site) -> None:
    site.say("dev/data", {"value": {"n": 1}, "timestamp": "2999-01-01T00:00:00Z"})
    (message,) = messages.read(site.ports, site.tenant, DEVICE)
    assert message.timestamp == site.ports.clock.now()


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("dev/nonsense", {"value": 1}),
        ("dev/data", b"\xff\xfe"),
        ("dev/data", b"[1]"),
        ("dev/data", b'{"value": Na}'),
        ("dev/data", b"[" * 100_000),
        ("dev/data", {"value": 5}),
        ("dev/data", {"v": "x"}),
        ("dev/data", {"v": [{}]}),
        ("dev/data", {"v": {"a": [{"b.c": 1}]}}),
        ("dev/data", {"v": {"$x": 1}}),
        ("dev/cfg", {"cfg": [1]}),
        ("dev/cfg", {"cfg": {"p": {"t": "i32", "v": 1 << 40}}}),
        ("dev/cfg", {"cfg": {"p": {"t": "i32", "v": 1}}, "cid": "x"}),
        ("dev/cmd/res", {"res": {}}),
        ("dev/cmd/res", {"res": {}, "cid": 12}),
    ],
)
def test_rubbish_is_told_to_the_audit_log_and_nowhere_else(site: Site, topic: str, body: Any) -> None:
    site.say(topic, body)
    assert len(site.reasons()) == 1
    assert site.stored() == []


@pytest.mark.parametrize("spelt", [b"NaN", b"nan", b"-inf", b"1e400", b"-1E+999"])
def test_a_value_that_is_no_number_costs_that_value(site: Site, spelt: bytes) -> None:
    site.say("dev/data", b'{"value": {"t": ' + spelt + b', "h": 50}}')
    assert site.stored() == [{"t": None, "h": 50}]
    (reason,) = site.reasons()
    assert spelt.decode() in reason


@pytest.mark.parametrize("stream", ["a\u0000b", "\u0000", "a\u001fb", "a\u0085b", "a\u007f"])
def test_a_stream_whose_name_has_a_control_character_costs_that_name(site: Site, stream: str) -> None:
    site.say("dev/data", {"streamId": stream, "value": {"n": 1}})
    assert site.stored() == [{"n": 1}]
    assert len(site.reasons()) == 1


def test_metadata_that_finds_no_room_is_told(site: Site) -> None:
    metadata = {f"k{n}": "x" * 240 for n in range(400)}
    site.say("dev/rsc", {"rsc": {"fw": {"v": "1", "m": metadata}}})
    assert "the metadata of resource fw has at most 2000 characters" in site.reasons()[0]


def test_parameters_that_find_no_room_are_told(site: Site) -> None:
    site.say("dev/cfg", {"cfg": {f"p{n}": {"t": "str", "v": "y"} for n in range(150)}})
    assert "at most 100 parameters" in site.reasons()[0]


def test_a_flood_of_rubbish_fills_no_more_than_its_share_of_the_audit_log(site: Site) -> None:
    for _ in range(500):
        site.say("dev/data", b"rubbish")
    assert len(site.reasons()) == PER_MINUTE


def test_every_refusal_of_a_minute_is_told_while_there_are_few(site: Site) -> None:
    for topic, body in (("dev/data", b"{"), ("dev/cfg", {"cfg": 5}), ("dev/rsc", []), ("dev/cmd/res", {"cid": 77})):
        site.say(topic, body)
    for cid in range(6):
        site.say("dev/cmd/res", {"cid": 1000 + cid})
    assert len(site.reasons()) == 10


def test_a_revoked_key_no_longer_stores_anything(site: Site) -> None:
    disabled, _ = keys.mint(site.ports, site.tenant, roles=site.key.roles)
    admitting.admit(
        site.ports, callers.of_key(disabled), Candidate(DEVICE, "live_objects", "device", "mqtt", DEVICE, "json+device")
    )
    site.ports.keys.put(revoked(disabled))
    site.say("dev/data", {"value": {"n": 1}})
    assert site.stored() == []
    assert site.reasons() == ["this API key is disabled"]


def revoked(key: ApiKey) -> ApiKey:
    from dataclasses import replace

    return replace(key, active=False)


def test_a_message_that_fails_by_our_fault_is_raised_so_that_lambda_tries_again(site: Site) -> None:
    class Broken:
        def put(self, _message: object, _kept: int) -> None:
            raise OSError("table is away")

    site.ports.messages = Broken()  # type: ignore[assignment]
    with pytest.raises(OSError, match="table is away"):
        site.say("dev/data", {"value": {"n": 1}})


def test_last_contact_is_written_once_a_minute(site: Site) -> None:
    before = site.ports.mailboxes.get(site.tenant, DEVICE)
    for _ in range(100):
        site.say("dev/data", {"value": {"n": 1}})
    after = site.ports.mailboxes.get(site.tenant, DEVICE)
    assert before is not None
    assert after is not None
    assert after.revision - before.revision <= 2


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("dev/data", {"value": {"n": 1}}),
        ("dev/cfg", {"cfg": {"rate": {"t": "i32", "v": 1}}}),
        ("dev/rsc", {"rsc": {"firmware": {"v": "1.0"}}}),
        ("dev/cmd/res", {"res": {}, "cid": 7}),
    ],
)
def test_what_a_deleted_device_still_sends_is_audited_and_leaves_nothing(site: Site, topic: str, body: Any) -> None:
    device = site.ports.devices.get(site.tenant, DEVICE)
    assert device is not None
    # its claim may be remembered for a minute
    site.ports.devices.delete(device)
    site.say(topic, body)
    assert len(site.reasons()) == 1
    assert site.ports.configurations.rows == {}
    assert site.ports.resources.rows == {}
