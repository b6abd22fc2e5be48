"""Decoders of a tenant, and messages that name one."""

from dataclasses import replace

import pytest

from chalicelib.fleet.data import decoders, messages
from chalicelib.fleet.data import records as data_records
from chalicelib.fleet.data.decoding import DescriptionError
from chalicelib.fleet.data.records import ColumnRecord, DataMessage, DecoderKind, DecoderRecord
from chalicelib.fleet.errors import DecoderDuplicate, DecoderNotFound, LimitReached
from chalicelib.fleet.tenancy import audit
from tests.fakes import START, MemoryPorts

TENANT = "t00001"
FLOAT = DecoderRecord(
    TENANT, "d1", "floats", DecoderKind.BINARY, START, START, enabled=True, source="float sent_value;"
)
ROW = DecoderRecord(
    TENANT, "d2", "rows", DecoderKind.CSV, START, START, enabled=True, columns=(ColumnRecord("t", "NUMERIC"),)
)


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def message(encoding: str | None, payload: object = "41200000", **more: object) -> DataMessage:
    metadata = {"source": "urn:lo:nsid:a:b", "connector": "mqtt"} | ({"encoding": encoding} if encoding else {})
    value = {"payload": payload, **more}
    return DataMessage(
        TENANT, data_records.message_id(START, START, "e"), "s", START, START, value, "own_model", metadata=metadata
    )


def stored(ports: MemoryPorts) -> DataMessage:
    return messages.read(ports, TENANT, "s")[0]


def reasons(ports: MemoryPorts) -> list[str]:
    return [entry.reason for entry in ports.audit.rows.values()]


def test_what_was_decoded_stands_beside_the_payload(ports: MemoryPorts) -> None:
    decoders.create(ports, FLOAT)
    messages.store(ports, message("floats", battery=3))
    assert stored(ports).value == {"payload": "41200000", "battery": 3, "sent_value": 10.0}


def test_a_field_called_payload_does_not_replace_the_payload(ports: MemoryPorts) -> None:
    decoders.create(ports, replace(FLOAT, source="byte[_] payload; "))
    messages.store(ports, message("floats"))
    assert stored(ports).value == {"payload": "41200000"}


@pytest.mark.parametrize("payload", [7, [1], {"a": 1}, True])
def test_a_payload_that_is_no_string_is_kept_and_audited(ports: MemoryPorts, payload: object) -> None:
    decoders.create(ports, FLOAT)
    messages.store(ports, message("floats", payload))
    assert stored(ports).value == {"payload": payload}
    assert reasons(ports) == ["decoding failed: value.payload is a string"]


def numbered(count: int, encoding: str, payload: str) -> list[tuple[DataMessage, str | None]]:
    one = message(encoding, payload)
    return [(replace(one, id=data_records.message_id(START, START, f"{encoding}{n}")), None) for n in range(count)]


def test_the_messages_of_one_request_share_what_decoding_may_cost(ports: MemoryPorts) -> None:
    template = '{"x":"{{#l}}' + "x" * 16_000 + '{{/l}}"}'
    decoders.create(ports, replace(FLOAT, id="d3", encoding="zz-hog", source="byte[_] l;", template=template))
    decoders.create(ports, FLOAT)
    found = messages.store_all(ports, [*numbered(1_000, "zz-hog", "01020304"), *numbered(1_000, "floats", "41200000")])
    assert [m.id for m in found] == [m.id for m, _ in numbered(1_000, "zz-hog", "") + numbered(1_000, "floats", "")]
    assert [set(m.value) for m in found[1_000:]] == [{"payload", "sent_value"}] * 1_000
    assert 1 < sum("x" in m.value for m in found[:1_000]) < 100
    assert len(reasons(ports)) == audit.PER_MINUTE
    assert all("all that a request may take" in reason for reason in reasons(ports))


def test_the_descriptions_of_one_request_count_too(ports: MemoryPorts) -> None:
    sent = []
    for number in range(data_records.MOST):
        name = f"{number:03}"
        source = "".join(f"//{'x' * 100}\n" for _ in range(150)) + f"byte a{name};"
        decoders.create(ports, replace(FLOAT, id=name, encoding=name, source=source))
        sent += numbered(1, name, "01")
    found = messages.store_all(ports, sent)
    assert [len(m.value) for m in found] == sorted([len(m.value) for m in found], reverse=True)
    assert {len(m.value) for m in found} == {1, 2}


def test_the_decoders_model_replaces_the_messages_own(ports: MemoryPorts) -> None:
    decoders.create(ports, replace(FLOAT, model="m1"))
    messages.store(ports, message("floats"))
    assert stored(ports).model == "m1"


def test_a_decoder_without_a_model_leaves_it(ports: MemoryPorts) -> None:
    decoders.create(ports, FLOAT)
    messages.store(ports, message("floats"))
    assert stored(ports).model == "own_model"


def test_a_template_makes_the_result(ports: MemoryPorts) -> None:
    decoders.create(ports, replace(FLOAT, template='{"v":{"deci":{{#math}}{{sent_value}}*10{{/math}}}}'))
    messages.store(ports, message("floats"))
    assert stored(ports).value == {"payload": "41200000", "v": {"deci": 100}}


def test_a_payload_of_values_is_decoded_as_text(ports: MemoryPorts) -> None:
    decoders.create(ports, ROW)
    messages.store(ports, message("rows", "21.5\n"))
    assert stored(ports).value == {"payload": "21.5\n", "t": 21.5}


@pytest.mark.parametrize(
    ("encoding", "payload", "reason"),
    [
        ("floats", "4120", "sent_value"),
        ("floats", "zz", "hexadecimal"),
        ("nothing", "4120", "no decoder for the encoding nothing"),
        ("off", "41200000", "not enabled"),
        ("rows", "1,2", "2 values for 1 columns"),
    ],
)
def test_what_cannot_be_decoded_is_kept_and_said(ports: MemoryPorts, encoding: str, payload: str, reason: str) -> None:
    for record in (FLOAT, ROW, replace(FLOAT, id="d3", encoding="off", enabled=False)):
        decoders.create(ports, record)
    messages.store(ports, message(encoding, payload))
    assert stored(ports).value == {"payload": payload}
    assert reason in reasons(ports)[0]
    assert next(iter(ports.audit.rows.values())).source["device"] == "urn:lo:nsid:a:b"


def test_bytes_are_not_decoded_as_values(ports: MemoryPorts) -> None:
    decoders.create(ports, ROW)
    messages.store(ports, message("rows"), frozenset({DecoderKind.BINARY}))
    assert stored(ports).value == {"payload": "41200000"}
    assert "csv decoder" in reasons(ports)[0]


@pytest.mark.parametrize("unencoded", [message(None), message("floats", None), replace(message("floats"), value=[1])])
def test_a_message_without_encoding_or_payload_is_left_alone(ports: MemoryPorts, unencoded: DataMessage) -> None:
    messages.store(ports, unencoded)
    assert stored(ports) == unencoded
    assert reasons(ports) == []


def test_a_name_is_used_once(ports: MemoryPorts) -> None:
    decoders.create(ports, FLOAT)
    with pytest.raises(DecoderDuplicate):
        decoders.create(ports, replace(ROW, encoding="floats"))


def test_a_tenant_has_a_hundred_of_each_kind(ports: MemoryPorts) -> None:
    for number in range(data_records.MOST):
        decoders.create(ports, replace(FLOAT, id=f"b{number}", encoding=f"e{number}"))
    with pytest.raises(LimitReached):
        decoders.create(ports, FLOAT)
    decoders.create(ports, ROW)


def test_what_can_decode_nothing_is_refused(ports: MemoryPorts) -> None:
    with pytest.raises(DescriptionError):
        decoders.create(ports, replace(FLOAT, source="flaot x;"))
    with pytest.raises(DescriptionError):
        decoders.create(ports, replace(ROW, columns=(ColumnRecord("a", "DATE"),)))


def test_a_change_takes_effect(ports: MemoryPorts) -> None:
    decoders.create(ports, FLOAT)
    decoders.update(ports, TENANT, DecoderKind.BINARY, "d1", lambda d: replace(d, source="int whole;"))
    messages.store(ports, message("floats"))
    assert stored(ports).value["whole"] == 0x41200000


def test_a_decoder_of_the_other_kind_is_not_found(ports: MemoryPorts) -> None:
    decoders.create(ports, FLOAT)
    with pytest.raises(DecoderNotFound):
        decoders.get(ports, TENANT, DecoderKind.CSV, "d1")
    with pytest.raises(DecoderNotFound):
        decoders.delete(ports, TENANT, DecoderKind.CSV, "d1")


def test_a_deleted_decoder_frees_its_name(ports: MemoryPorts) -> None:
    decoders.create(ports, FLOAT)
    decoders.delete(ports, TENANT, DecoderKind.BINARY, "d1")
    decoders.create(ports, replace(FLOAT, id="d9"))
    assert [d.id for d in decoders.listing(ports, TENANT)] == ["d9"]


def test_another_tenant_has_its_own(ports: MemoryPorts) -> None:
    decoders.create(ports, FLOAT)
    assert decoders.listing(ports, "t00002") == []
    with pytest.raises(DecoderNotFound):
        decoders.get(ports, "t00002", DecoderKind.BINARY, "d1")
