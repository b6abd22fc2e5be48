import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.dialects.ibm.identity import Name, api_key_name, is_name, name_of, namespace, parse_client
from chalicelib.dialects.live_objects.identity import is_urn

NAMES = st.from_regex(r"[A-Za-z0-9._-]{1,36}", fullmatch=True).filter(is_name)
TRICKY = st.from_regex(r"(x-dot-)*(_|_d|\.|a|-){1,8}", fullmatch=True).filter(is_name)
URN_PARTS = st.from_regex(r"(x-dot-){0,5}[A-Za-z0-9_d-]{1,20}", fullmatch=True)


@given(NAMES | TRICKY, NAMES)
def test_a_name_comes_back_from_its_fleet_id(type_: str, id_: str) -> None:
    assert name_of(Name(type_, id_).fleet_id) == Name(type_, id_)


@given(NAMES | TRICKY, NAMES)
def test_a_fleet_id_is_one_that_live_objects_can_show(type_: str, id_: str) -> None:
    assert is_urn(Name(type_, id_).fleet_id)


@given(URN_PARTS, st.from_regex(r"[:A-Za-z0-9_-]{1,20}", fullmatch=True))
def test_a_device_of_live_objects_has_a_name_that_leads_back_to_it(space: str, id_: str) -> None:
    urn = f"urn:lo:nsid:{space}:{id_}"
    name = name_of(urn)
    assert name is not None
    assert name.fleet_id == urn


UUIDS = st.uuids().map(str)
SHORT = UUIDS.map(lambda text: text.replace("-", ""))
ALIKE = UUIDS | SHORT | UUIDS.map(str.upper) | SHORT.map(str.upper) | UUIDS.map(lambda text: text[:-1])


@given(ALIKE)
def test_what_looks_like_a_uuid_comes_back_where_those_are_shortened(id_: str) -> None:
    name = Name("xyte", id_)
    assert name_of(name.fleet_id) == name
    there = name_of(f"urn:lo:nsid:xyte:{id_}")
    assert there is not None
    assert there.fleet_id == f"urn:lo:nsid:xyte:{id_}"


@given(UUIDS)
def test_a_uuid_is_shortened_to_what_every_edition_of_the_manual_allows_and_only_there(id_: str) -> None:
    assert name_of(f"urn:lo:nsid:xyte:{id_}") == Name("xyte", id_.replace("-", ""))
    assert name_of(f"urn:lo:nsid:pump:{id_}") == Name("pump", id_)


def test_a_type_with_a_full_stop_is_written_otherwise() -> None:
    assert namespace("pump.v2_a") == "x-dot-pump_dv2__a"


def test_a_type_without_one_stays_as_it_is() -> None:
    assert namespace("raspberrypi-sample_1") == "raspberrypi-sample_1"


def test_an_identifier_of_another_form_has_no_name() -> None:
    assert name_of("somewhere/else") is None


@pytest.mark.parametrize("text", ["", "a b", "a/b", ".", "..", "ä", "x" * 37, "a:b", None, 7])
def test_a_type_or_id_has_only_the_characters_of_the_manual(text: object) -> None:
    assert not is_name(text)


def test_the_client_id_of_a_device_names_organization_type_and_id() -> None:
    found = parse_client("d:ey67sp:raspberrypi-sample:1958138a4dfe")
    assert found is not None
    assert (found.organization, found.name) == ("ey67sp", Name("raspberrypi-sample", "1958138a4dfe"))


def test_an_application_may_call_itself_anything() -> None:
    found = parse_client("a:ey67sp:my app: ü")
    assert found is not None
    assert (found.application, found.name) == ("my app: ü", None)


@pytest.mark.parametrize(
    "client",
    [
        "",
        "d",
        "d:ey67sp",
        "d:ey67sp:t",
        "d:EY67SP:t:i",
        "x:ey67sp:t:i",
        "d:ey67sp:t:i:j",
        "d:ey67sp:t:..",
        "g:ey67sp:.:i",
    ],
)
def test_other_client_ids_name_nobody(client: str) -> None:
    assert parse_client(client) is None


def test_an_api_key_has_one_name_of_ten_letters_and_digits() -> None:
    name = api_key_name("ey67sp", "0" * 24)
    assert name == api_key_name("ey67sp", "0" * 24) != api_key_name("ey67sp", "1" * 24)
    assert name.startswith("a-ey67sp-")
    assert len(name) == len("a-ey67sp-") + 10
    assert name[9:].isalnum()
