import base64
import json
from typing import Any

import pytest

from chalicelib.dialects.live_objects import contents
from chalicelib.fleet import admitting, issuing, keys, limiting, messages, tenants
from chalicelib.fleet.admitting import Candidate
from chalicelib.fleet.audit import PER_MINUTE
from chalicelib.fleet.commands import Policy, Status
from chalicelib.fleet.keys import ApiKey
from chalicelib.fleet.limits import Use
from chalicelib.triggers import presence, uplink
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
        admitting.admit(self.ports, self.key, candidate)
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
        ("dev/data", b'{"value": NaN}'),
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


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"timestamp": "yesterday"}, "timestamp"),
        ({"ts": True}, "timestamp"),
        ({"ts": [1]}, "timestamp"),
        ({"ts": 1e300}, "timestamp"),
        ({"location": {"lat": 91, "lon": 0}}, "location"),
        ({"loc": {"lat": None, "lon": None}}, "location"),
        ({"loc": {}}, "location"),
        ({"loc": []}, "location"),
        ({"loc": "48.8,2.3"}, "location"),
        ({"loc": [48.8, "2.3"]}, "location"),
        ({"tags": "a"}, "tags"),
        ({"t": {"a": 1}}, "tags"),
        ({"s": "a b"}, "streamId"),
        ({"streamId": ["a"]}, "streamId"),
        ({"m": "a b"}, "model"),
        ({"m": "a.b"}, "model"),
        ({"m": 5}, "model"),
    ],
)
def test_a_part_that_cannot_be_read_costs_that_part_only(site: Site, said: dict[str, Any], field: str) -> None:
    site.say("dev/data", {"value": {"n": 1}, **said})
    (reason,) = site.reasons()
    assert reason.startswith(field)
    assert reason.endswith("left out")
    (message,) = messages.read(site.ports, site.tenant, DEVICE)
    assert (message.value, message.model, message.tags, message.location) == ({"n": 1}, None, (), None)
    assert message.timestamp == site.ports.clock.now()


def test_of_a_list_or_an_object_what_can_be_read_is_kept(site: Site) -> None:
    site.say("dev/data", {"v": {}, "t": ["a", 1, None, "b"], "loc": {"lat": 1, "lon": 2, "alt": "high"}})
    (message,) = messages.read(site.ports, site.tenant, DEVICE)
    assert (message.tags, message.location) == (("a", "b"), {"lat": 1, "lon": 2})
    assert "tags" in site.reasons()[0]
    assert "location.alt" in site.reasons()[0]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (1_796_014_800, 1_796_014_800_000),
        (1_796_014_800.25, 1_796_014_800_250),
        ("1796014800", 1_796_014_800_000),
        (1_796_014_800_000, 1_796_014_800_000),
        ("2026-11-30T05:00:60Z", 1_796_014_860_000),
        ("2026-11-29T24:00:00Z", 1_795_996_800_000),
        ("2026-11-30t05:00:00z", 1_796_014_800_000),
        ("2026-11-30T06:00:00+01:00[Europe/Paris]", 1_796_014_800_000),
        ("2026-11-30T05:00:00Z\n", 1_796_014_800_000),
    ],
)
def test_a_time_is_read_however_it_is_written(site: Site, said: Any, shown: int) -> None:
    site.ports.clock.at = 1_796_100_000_000
    site.say("dev/data", {"v": {"n": 1}, "ts": said})
    (message,) = messages.read(site.ports, site.tenant, DEVICE)
    assert (message.timestamp, site.reasons()) == (shown, [])


@pytest.mark.parametrize("said", [0, 5_000, 1_000_000_000, "1970-01-01T00:00:07Z", "2000-01-01T00:00:00Z", -1])
def test_a_clock_that_was_never_set_is_told_and_the_reading_kept_under_its_arrival(site: Site, said: Any) -> None:
    site.say("dev/data", {"v": {"n": 1}, "ts": said})
    (message,) = messages.read(site.ports, site.tenant, DEVICE)
    assert message.timestamp == site.ports.clock.now()
    assert site.reasons() == ["timestamp is before 2010, as of a clock that was never set; it is left out"]


def test_readings_of_one_stamp_are_in_order_of_arrival(site: Site) -> None:
    for n in range(30):
        site.say("dev/data", {"ts": "2026-11-30T05:00:00Z", "v": {"n": n}}, event=f"{(n * 7919) % 101}")
        site.ports.clock.advance(ms=1)
    assert [value["n"] for value in site.stored()] == list(reversed(range(30)))
    assert [m.value for m in messages.read(site.ports, site.tenant, DEVICE, limit=1)] == [{"n": 29}]


@pytest.mark.parametrize(
    "payload",
    [
        b'{"v":{"n":1}}\0',
        b'{"v":{"n":1}}\0\0 \r\n\0',
        b'{"v":{"n":1}}\0what was in the buffer before',
        b'\xef\xbb\xbf{"v":{"n":1}}',
        '{"v":{"n":1}}'.encode("utf-16-le"),
        b'{"v":{"n":2},"v":{"n":1}}',
    ],
)
def test_a_payload_is_read_as_firmware_writes_it(site: Site, payload: bytes) -> None:
    site.say("dev/data", payload)
    assert (site.stored(), site.reasons()) == ([{"n": 1}], [])


@pytest.mark.parametrize("form", ['{{"v":{{"s":"{0}"}}}}', '{{"v":{{"{0}":1}}}}', '{{"v":{{}},"t":["{0}"]}}'])
def test_a_character_written_as_two_halves_is_that_character(site: Site, form: str) -> None:
    halves = "\ud83d\ude00".encode("utf-8", "surrogatepass").decode("latin-1")
    site.say("dev/data", form.format(halves).encode("latin-1"))
    (message,) = messages.read(site.ports, site.tenant, DEVICE)
    assert "😀" in json.dumps([message.value, message.tags], ensure_ascii=False)
    assert site.reasons() == []


def test_what_the_c_sdk_tells_of_itself_is_no_error(site: Site) -> None:
    site.say("dev/info", {"info": {"sdk": "1.2"}})
    assert (site.stored(), site.reasons()) == ([], [])


@pytest.mark.parametrize("spelt", ["{}", "{}.0", '"{}"', "{}\0", "{}.00"])
def test_a_command_is_answered_however_its_number_is_spelt(site: Site, spelt: str) -> None:
    order = issuing.Order("mqtt", {"req": "x"}, Policy())
    command = issuing.create(site.ports, site.tenant, DEVICE, order)
    presence.handle(site.ports, _lifecycle(site, "connected"))
    presence.handle(site.ports, _lifecycle(site, "subscribed", topics=["dev/cmd"]))
    site.ports.run_background()
    number, nul, _ = spelt.format(command.correlation).partition("\0")
    site.say("dev/cmd/res", f'{{"res":{{"done":1}},"cid":{number}}}{nul}'.encode())
    answered = issuing.get(site.ports, site.tenant, command.id)
    assert (answered.status, answered.response, site.reasons()) == (Status.PROCESSED, {"done": 1}, [])


def _lifecycle(site: Site, kind: str, **more: Any) -> dict[str, Any]:
    at = site.ports.clock.advance(ms=1)
    return {"eventType": kind, "clientId": DEVICE, "sessionIdentifier": "s1", "timestamp": at, **more}


def test_an_exception_of_ours_while_reading_is_an_audit_entry(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_model: str) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(contents, "ensure_model", broken)
    site.say("dev/data", {"v": {"n": 1}, "m": "x"})
    assert site.reasons() == ["the payload cannot be read"]
    assert "nobody thought of this" in caplog.text


def test_an_exception_of_ours_while_keeping_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: Any) -> bool:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(site.ports.messages, "put", failing)
    with pytest.raises(KeyError):
        site.say("dev/data", {"v": {"n": 1}}, event="e1")
    monkeypatch.undo()
    site.say("dev/data", {"v": {"n": 1}}, event="e1")
    assert (site.stored(), site.reasons()) == ([{"n": 1}], [])


HALF = b"\xed\xa0\xbd"


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("dev/data", b'{"v":{"s":"%s"}}' % HALF),
        ("dev/data", b'{"v":{"%s":1}}' % HALF),
        ("dev/data", b'{"v":{"s":"\\ud83d"}}'),
        ("dev/data", b'{"v":{},"m":"%s"}' % HALF),
        ("dev/data", b'{"v":{},"t":["%s"]}' % HALF),
        ("dev/cfg", b'{"cfg":{"%s":{"t":"i32","v":1}}}' % HALF),
        ("dev/rsc", b'{"rsc":{"fw":{"v":"%s"}}}' % HALF),
        ("dev/data", b'{"v":' + b'{"a":' * 500 + b"1" + b"}" * 501),
        ("dev/data", b'{"v":{"a":' + b"[" * 101 + b"]" * 101 + b"}}"),
        ("dev/cmd/res", '{"res":{},"cid":"²"}'.encode()),
        ("dev/cmd/res", '{"res":{},"cid":"٣"}'.encode()),
        ("dev/cmd/res", b'{"res":{},"cid":"--5"}'),
        ("dev/cmd/res", b'{"res":{},"cid":1e400}'),
        ("dev/cmd/res", b'{"res":{},"cid":[]}'),
    ],
)
def test_what_cannot_be_stored_is_told_and_breaks_nothing(site: Site, topic: str, payload: bytes) -> None:
    site.say(topic, payload)
    assert len(site.reasons()) == 1
    assert site.stored() == []


@pytest.mark.parametrize("kind", [[], {}, None, 5, True, "\x00", "i64"])
def test_a_good_parameter_is_kept_beside_one_of_no_type(site: Site, kind: Any) -> None:
    site.say("dev/cfg", {"cfg": {"a": {"t": kind, "v": 1}, "b": {"t": "i32", "v": 2}}})
    assert site.reasons()[0].startswith("parameter a: t is one of")
    configuration = site.ports.configurations.get(site.tenant, DEVICE)
    assert configuration is not None
    assert list(configuration.parameters) == ["b"]


@pytest.mark.parametrize(
    ("kind", "said", "kept"),
    [
        ("i32", "30.0", 30),
        ("i32", "5e2", 500),
        ("i32", "-0.0", 0),
        ("u32", "true", 1),
        ("u32", "false", 0),
        ("i32", "true", 1),
        ("u32", '"4294967295"', 4_294_967_295),
        ("u32", "4294967295.0", 4_294_967_295),
    ],
)
def test_a_whole_number_is_one_however_it_is_spelt(site: Site, kind: str, said: str, kept: int) -> None:
    site.say("dev/cfg", b'{"cfg":{"p":{"t":"%s","v":%s}}}' % (kind.encode(), said.encode()))
    configuration = site.ports.configurations.get(site.tenant, DEVICE)
    assert configuration is not None
    reported = configuration.parameters["p"].reported
    assert reported is not None
    assert (repr(reported.value), site.reasons()) == (repr(kept), [])


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
    admitting.admit(site.ports, disabled, Candidate(DEVICE, "live_objects", "device", "mqtt", DEVICE, "json+device"))
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
