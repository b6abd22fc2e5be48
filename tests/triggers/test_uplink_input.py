"""What firmware publishes is read as far as it can be, and whatever cannot be read is told to the audit log."""

import json
from typing import Any

import pytest

from chalicelib.fleet.commands import creating
from chalicelib.fleet.commands.records import Policy, Status
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import Invalid, NotFound
from chalicelib.fleet.reading import reading
from chalicelib.triggers import presence
from tests.fakes import MemoryMessages
from tests.triggers.test_uplink import DEVICE, Site


@pytest.fixture
def site() -> Site:
    return Site()


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
    order = creating.Order("mqtt", {"req": "x"}, Policy())
    command = creating.create(site.ports, site.tenant, DEVICE, order)
    presence.handle(site.ports, _lifecycle(site, "connected"))
    presence.handle(site.ports, _lifecycle(site, "subscribed", topics=["dev/cmd"]))
    site.ports.run_background()
    number, nul, _ = spelt.format(command.correlation).partition("\0")
    site.say("dev/cmd/res", f'{{"res":{{"done":1}},"cid":{number}}}{nul}'.encode())
    answered = creating.get(site.ports, site.tenant, command.id)
    assert (answered.status, answered.response, site.reasons()) == (Status.PROCESSED, {"done": 1}, [])


def _lifecycle(site: Site, kind: str, **more: Any) -> dict[str, Any]:
    at = site.ports.clock.advance(ms=1)
    return {"eventType": kind, "clientId": DEVICE, "sessionIdentifier": "s1", "timestamp": at, **more}


class FailingMessages(MemoryMessages):
    def put(self, message: DataMessage, kept: int) -> bool:
        raise KeyError(f"nobody thought of {message.id}, which is kept for {kept} s")


def test_an_exception_of_ours_while_keeping_is_tried_again(site: Site) -> None:
    working, site.ports.messages = site.ports.messages, FailingMessages()
    with pytest.raises(KeyError):
        site.say("dev/data", {"v": {"n": 1}}, event="e1")
    site.ports.messages = working
    site.say("dev/data", {"v": {"n": 1}}, event="e1")
    assert (site.stored(), site.reasons()) == ([{"n": 1}], [])


def test_an_exception_of_ours_while_reading_is_the_messages_fault(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(Invalid, match="the payload cannot be read"), reading("the payload"):
        raise KeyError("nobody thought of this")
    assert "nobody thought of this" in caplog.text
    with pytest.raises(NotFound), reading("the payload"):
        raise NotFound("it was deleted")


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
