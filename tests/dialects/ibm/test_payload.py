import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialects.ibm import payload
from chalicelib.dialects.ibm.payload import Said
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.inventory.records import Device
from chalicelib.store.messages import MESSAGE
from tests.fakes import START

pytestmark = pytest.mark.row("H7")
DEVICE = Device("ey67sp", "urn:lo:nsid:pump:p1", START, START, tags=("roof",))


def kept(body: bytes, format_: str = "json", event: str = "1") -> DataMessage:
    said = Said("status", format_, body, START, event)
    return payload.message(DEVICE, said, payload.specified(body, format_), "mqtt", "/")


def test_data_of_the_specification_is_the_value() -> None:
    assert kept(b'{"d": {"cpu": 1.3, "network": {"up": 1.22}}}').value == {"cpu": 1.3, "network": {"up": 1.22}}


def test_an_empty_d_meets_the_specification() -> None:
    assert payload.specified(b'{"d":{}}', "json") == payload.Specified({}, None)


def test_ts_is_the_time_of_the_event() -> None:
    assert kept(b'{"d": {}, "ts": "2014-12-30T14:47:36+00:00"}').timestamp == 1_419_950_856_000


def test_a_time_without_offset_is_utc() -> None:
    assert payload.moment("2014-12-30T14:47:36") == 1_419_950_856_000


CUSTOM: list[Any] = [
    [{"d": {"cputemp": 46}}],
    {"d": ["green", "yellow"]},
    {"d": {}, "temp": 60, "ts": "2014-12-30T14:47:36+00:00"},
    {"d": {}, "ts": "yesterday"},
    {"d": {}, "ts": 1419950856},
    {"ts": "2014-12-30T14:47:36+00:00"},
    {"temperature": 3},
    17,
    None,
]


@pytest.mark.parametrize("body", CUSTOM)
def test_what_is_close_to_the_specification_is_a_custom_payload(body: Any) -> None:
    assert payload.specified(json.dumps(body).encode(), "json") is None


def test_a_custom_json_payload_is_the_value_as_a_whole() -> None:
    assert kept(b'{"d": ["green", "yellow"]}').value == {"d": ["green", "yellow"]}


def test_the_specification_is_about_json_formats() -> None:
    assert payload.specified(b'{"d":{}}', "bin") is None


def test_a_text_is_kept_as_one() -> None:
    assert kept("21 °C".encode(), "text").value == "21 °C"


def test_a_binary_payload_is_shown_in_base64() -> None:
    assert kept(b"\x00\xff", "bin").value == {"payload": "AP8="}


BODIES = st.one_of(
    st.binary(max_size=200),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(st.text(), st.integers(), max_size=3).map(
        lambda d: payload.compact({"d": d}) if "\ud800" not in d else b""
    ),
    st.sampled_from(
        [b'{"d":{"a":1e999}}', b'{"d":{"a":"\\ud800"}}', b'{"d":{"a":1,"a":2}}', b"[" * 5000, b'{"payload":"x"}']
    ),
)


@given(BODIES, st.sampled_from(["json", "json-iotf", "text", "xml", "bin", "", "JSON", "x"]))
def test_every_payload_comes_back_byte_for_byte_after_being_stored(body: bytes, format_: str) -> None:
    message = kept(body, format_)
    stored = MESSAGE.dump(message)
    again = MESSAGE.load(stored.encode().decode(), tenant=message.tenant, stream=message.stream, id=message.id)
    assert payload.payload_of(again) == (format_, body)


def test_a_message_of_another_dialect_is_written_after_the_specification() -> None:
    message = DataMessage("ey67sp", "1", DEVICE.id, START, START, {"temp": 3}, model="weather")
    assert payload.payload_of(message) == ("json", b'{"d":{"temp":3},"ts":"2027-01-15T08:00:00.000Z"}')
    assert payload.event_of(message) == "weather"


def test_two_events_of_one_moment_are_two_messages_and_a_repeated_one_is_not() -> None:
    assert kept(b"{}", event="1").id != kept(b"{}", event="2").id
    assert kept(b"{}", event="1").id == kept(b"{}", event="1").id
