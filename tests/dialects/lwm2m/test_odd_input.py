"""Whatever a device sends or answers is said to be odd once, and nothing is tried again for ever because of it."""

import json
from dataclasses import replace

import cbor2
import pytest

from chalicelib.fleet.twin.registering import TWINS
from tests.dialects.live_objects.client import Client
from tests.dialects.lwm2m.rig import URN, Endpoint, content
from tests.dialects.lwm2m.test_reports import SENML_CBOR, SENML_JSON, TLV, messages, rule

LINKS = '</>;rt="oma.lwm2m";ct="60 110 112",</1/0>,</3/0>,</5/0>,</3303/0>,</40000/0>'
JSON, CBOR, TEXT = 11543, 60, 0
UNDEFINED = "/40000/0/1"
HUGE = cbor2.dumps([{0: UNDEFINED, 2: 1 << 20_000}])
"""More digits than are ever written out."""
OWN_KEY = bytes.fromhex("81a1d81cd86381d81d0001")
"""A map whose key is a tag that holds itself."""


@pytest.mark.parametrize(
    "records",
    [
        b'[{"n":"/3303/0/5700","v":1,"t":1e306}]',
        b'[{"n":"/3303/0/5700","v":1,"t":-1e306}]',
        b'[{"bn":"/3303/0/5700","bt":1e308,"t":1e308,"v":1}]',
    ],
)
def test_a_time_beyond_all_times_is_that_of_arrival(
    client: Client, device: str, endpoint: Endpoint, records: bytes
) -> None:
    rule(client)
    endpoint.register(LINKS)
    assert endpoint.send("POST", ["dp"], records, format=SENML_JSON)["code"] == "2.04"
    assert [each["timestamp"] for each in messages(client)] == ["2027-01-15T08:00:00.000Z"]


@pytest.mark.parametrize(
    ("format_", "records"),
    [
        (SENML_JSON, b'[{"n":"/40000/0/1","v":NaN}]'),
        (SENML_JSON, b'[{"n":"/40000/0/1","v":-1e999}]'),
        (SENML_JSON, b'[{"n":"/40000/0/1","v":' + b"9" * 400 + b"}]"),
        (SENML_JSON, b'[{"n":"/40000/0/1","vs":"\\ud800"}]'),
        (SENML_JSON, b'[{"n":"/3/0/0","vs":"\\udfff"}]'),
        (SENML_CBOR, HUGE),
    ],
)
def test_a_value_that_nothing_could_carry_is_left_out_and_the_others_stand(
    client: Client, device: str, endpoint: Endpoint, format_: int, records: bytes
) -> None:
    rule(client)
    endpoint.register(LINKS)
    good = b'[{"n":"/3303/0/5700","v":20}]'
    both = good[:-1] + b"," + records[1:]
    if format_ == SENML_CBOR:
        both = cbor2.dumps([{0: "/3303/0/5700", 2: 20}, *cbor2.loads(records)])
    assert endpoint.send("POST", ["dp"], both, format=format_)["code"] == "2.04"
    assert [each["value"] for each in messages(client)] == [{"temperature": {"0": {"sensorValue": 20.0}}}]
    for instance in ("40000/0", "3/0"):
        assert client.call("GET", f"{device}/twin/objects/{instance}").body["attributes"] == []


@pytest.mark.parametrize(
    ("format_", "payload"),
    [(SENML_CBOR, OWN_KEY), (SENML_JSON, b'[{"n":"/3/0/65535","v":1}]'), (SENML_JSON, b"[" * 99_999)],
)
def test_what_cannot_be_read_is_refused(device: str, endpoint: Endpoint, format_: int, payload: bytes) -> None:
    endpoint.register(LINKS)
    assert endpoint.send("POST", ["dp"], payload, format=format_)["code"] == "4.00"


@pytest.mark.parametrize(
    ("path", "format_", "payload", "status"),
    [
        ("/5/0", JSON, '{"bn":"/5/0/","e":[{"n":"0","sv":"é"}]}'.encode(), "FAILED"),
        ("/3/0", JSON, b'{"bn":"/3/0/","bt":' + b"9" * 400 + b',"e":[{"n":"0","sv":"a"}]}', "FAILED"),
        ("/3/0", JSON, b'{"bn":"/3/0/","bt":1e306,"e":[{"n":"0","sv":"a"}]}', "OK"),
        ("/3/0", TLV, bytes.fromhex("e1ffff41"), "FAILED"),
        ("/3", TLV, bytes.fromhex("23ffffc10061"), "FAILED"),
        (UNDEFINED, CBOR, cbor2.dumps(1 << 20_000), "FAILED"),
        ("/3/0/9", TEXT, b"full", "FAILED"),
        ("/3303/0", SENML_JSON, b'[{"n":"/3303/0/5700","v":1e999},{"n":"/3303/0/5601","vs":"x"}]', "FAILED"),
        ("/3303/0", SENML_JSON, b'[{"n":"/3303/0/5700","v":1e999},{"n":"/3303/0/5701","vs":"Cel"}]', "OK"),
        ("/3303/0", SENML_JSON, b"[]", "OK"),
    ],
)
def test_an_odd_answer_ends_its_operation_and_holds_up_nothing(
    client: Client, device: str, endpoint: Endpoint, path: str, format_: int, payload: bytes, status: str
) -> None:
    endpoint.register(LINKS)
    endpoint.answers[f"GET {path}"] = content(payload, format_)
    made = client.call("POST", f"{device}/twin/operations", {"type": "READ", "paths": [path]}).body
    endpoint.work()
    assert client.call("GET", f"{device}/twin/operations/{made['id']}").body["status"] == status
    # What was kept of it can be shown, and dropped.
    assert client.call("GET", f"{device}/twin/objects/3/0").status == 200
    assert endpoint.register('</>;rt="oma.lwm2m",</3/1>,</5/1>') == "2.01"


def test_a_notification_beyond_all_times_is_accepted(client: Client, device: str, endpoint: Endpoint) -> None:
    endpoint.register(LINKS)
    client.call("POST", f"{device}/twin/observations", {"paths": ["/3303/0"]})
    endpoint.answers["GET /3303/0"] = content(b"[]", SENML_JSON, observing=True)
    endpoint.work()
    records = json.dumps([{"n": "/3303/0/5700", "v": 1, "t": 1e306}]).encode()
    assert endpoint.notify(endpoint.asked[-1]["token"], records, SENML_JSON)


@pytest.mark.parametrize("written", ["é", "a", "AAA=\U0001f600"])
def test_what_is_no_base64_fails_before_the_device_is_asked(
    client: Client, device: str, endpoint: Endpoint, written: str
) -> None:
    endpoint.register(LINKS)
    asked = {"type": "WRITE", "paths": ["/5/0/0"], "values": [{"path": "/5/0/0", "value": written}]}
    made = client.call("POST", f"{device}/twin/operations", asked).body
    endpoint.work()
    assert endpoint.asked == []
    after = client.call("GET", f"{device}/twin/operations/{made['id']}").body
    assert (after["status"], after["error"]["code"]) == ("FAILED", "OPERATION_INVALID")


NESTED = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(1200))


@pytest.mark.parametrize(
    ("kind", "raw"),
    [
        ("boundary=b0", NESTED),
        ("boundary=b", b"--b\r\nContent-Disposition: form-data; name*\r\n\r\n<x/>\r\n--b--\r\n"),
        ("boundary=b", b"--b\r\nContent-Disposition: form-data; name*=utf-8''file\r\n\r\n<x/>\r\n--b--\r\n"),
        ("boundary*0*=x; boundary*1=y; boundary*=''%", b"--x\r\n"),
        ("", b"--x\r\n"),
    ],
)
def test_a_form_that_is_none_is_refused(client: Client, kind: str, raw: bytes) -> None:
    path = "/api/v1/deviceMgt/twin/model/object-definitions"
    reply = client.call("POST", path, raw=raw, headers={"Content-Type": f"multipart/form-data; {kind}"})
    assert (reply.status, reply.code) == (400, "GENERIC_INVALID_PARAMETER_ERROR")


def kept(client: Client) -> int:
    """Bytes of the largest record."""
    return max(len(json.dumps(each.body, ensure_ascii=False).encode()) for each in client.ports.records.rows.values())


def test_what_is_kept_of_an_object_is_bounded_however_many_resources_a_device_makes_up(
    client: Client, device: str, endpoint: Endpoint
) -> None:
    endpoint.register(LINKS)
    for row in range(9):
        client.ports.clock.at += 1_000
        records = [{"n": f"/40000/0/{row}/{n}", "vs": ""} for n in range(1000)]
        assert endpoint.send("POST", ["dp"], json.dumps(records).encode(), format=SENML_JSON)["code"] == "2.04"
    assert kept(client) < 400_000
    shown = client.call("GET", f"{device}/twin/objects/40000/0").body["attributes"]
    assert [each["pathSegment"] for each in shown][-1] == "8"


@pytest.mark.parametrize("character", ["x", "\u20ac", "\U0001f600", "\x01"])
def test_and_however_long_what_it_says_is_in_bytes(
    client: Client, device: str, endpoint: Endpoint, character: str
) -> None:
    endpoint.register(LINKS)
    for row in range(8):
        client.ports.clock.at += 1_000
        records = [{"n": f"/40000/0/{row}", "vs": character * 40_000}]
        raw = json.dumps(records, ensure_ascii=False).encode()
        assert endpoint.send("POST", ["dp"], raw, format=SENML_JSON)["code"] == "2.04"
    assert 100_000 < kept(client) < 400_000


def test_a_root_that_no_request_could_name_is_none(client: Client, device: str, endpoint: Endpoint) -> None:
    root = "a" * 256
    assert endpoint.register(f'</{root}>;rt="oma.lwm2m",</{root}/3/0>,</3/1>') == "2.01"
    client.call("POST", f"{device}/twin/operations", {"type": "READ", "paths": ["/3/1"]})
    endpoint.work()
    assert endpoint.asked[-1]["path"] == ["3", "1"]


def test_an_operation_that_no_record_could_hold_is_refused(client: Client, device: str) -> None:
    value = {"path": "/40000/0/1", "value": "x" * 320_000}
    body = {"type": "WRITE", "paths": ["/40000/0/1"], "values": [value]}
    assert client.call("POST", f"{device}/twin/operations", body).status in (400, 413)


def test_the_end_of_an_observation_that_its_version_has_not_holds_up_nothing(
    client: Client, device: str, endpoint: Endpoint
) -> None:
    endpoint.register(LINKS)
    made = client.call("POST", f"{device}/twin/observations", {"paths": ["/3303/0", "/3/0"]}).body["id"]
    endpoint.answers["FETCH /"] = content(b"[]", SENML_JSON, observing=True)
    endpoint.work()
    client.call("DELETE", f"{device}/twin/observations/{made}")
    # It registers anew as 1.0: what it has is known before what it observes is forgotten.
    TWINS.change(client.ports, client.tenant.id, URN, lambda twin: replace(twin, version="1.0"))
    client.call("POST", f"{device}/twin/operations", {"type": "READ", "paths": ["/3/0"]})
    endpoint.work()
    assert endpoint.asked[-1]["path"] == ["3", "0"]
