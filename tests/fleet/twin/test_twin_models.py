"""Paths, values and definitions, and what an imported file may and may not be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet.errors import DefinitionNotFound, Invalid
from chalicelib.fleet.fields import Field
from chalicelib.fleet.twin import modelling, paths, values
from chalicelib.fleet.twin.definitions import Definitions, ObjectDefinition, ResourceDefinition
from chalicelib.fleet.twin.description_files import MOST_BYTES, read
from chalicelib.fleet.twin.public import public_objects
from chalicelib.fleet.twin.values import ResourceType as T
from chalicelib.fleet.twin.values import Value
from tests.fakes import MemoryPorts


@given(st.lists(st.integers(0, paths.LAST), max_size=4).map(tuple))
def test_a_path_survives_its_text(path: paths.Path) -> None:
    assert paths.parse(paths.write(path)) == path


@pytest.mark.parametrize("text", ["", "/", "/3/", "/3/0/9/1", "/65534"])
def test_paths_are_written_like_this(text: str) -> None:
    assert paths.parse(text) == tuple(int(each) for each in text.split("/") if each)


@pytest.mark.parametrize(
    "text", ["3/0", "//", "/3//0", "/03", "/65535", "/3/0/0/0/0", "/x", "/-1", "/3/0 ", "/٣", "/3\n"]
)
def test_and_not_like_that(text: str) -> None:
    with pytest.raises(ValueError, match="path"):
        paths.parse(text)


def test_a_path_covers_what_is_below_it_by_segments() -> None:
    assert paths.is_below((3, 0), (3,))
    assert paths.is_below((3,), (3,))
    assert not paths.is_below((33,), (3,))
    assert not paths.is_below((3,), (3, 0))


@pytest.mark.parametrize(
    ("type_", "text", "value", "written"),
    [
        (T.STRING, "as is", "as is", "as is"),
        (T.INTEGER, "-9223372036854775808", -(1 << 63), "-9223372036854775808"),
        (T.UNSIGNED_INTEGER, "18446744073709551615", (1 << 64) - 1, "18446744073709551615"),
        (T.FLOAT, "0.1", 0.1, "0.1"),
        (T.FLOAT, "3", 3.0, "3.0"),
        (T.FLOAT, "-1.5e-7", -1.5e-7, "-1.5e-07"),
        (T.BOOLEAN, "true", True, "true"),
        (T.BOOLEAN, "0", False, "false"),
        (T.BASE64, "AP8=", b"\0\xff", "AP8="),
        (T.DATETIME, "1367491215", 1367491215, "1367491215"),
        (T.DATETIME, "2013-05-02T12:40:15+02:00", 1367491215, "1367491215"),
        (T.DATETIME, "2013-05-02T10:40:15", 1367491215, "1367491215"),
        (T.LINK, "3:0", "3:0", "3:0"),
        (T.LINK, "65535:65535", "65535:65535", "65535:65535"),
        (T.CORE_LINK, "</3/0>", "</3/0>", "</3/0>"),
    ],
)
def test_values_are_written_like_this(type_: T, text: str, value: Value, written: str) -> None:
    got = values.parse(type_, text)
    assert (got, type(got)) == (value, type(value))
    assert values.write(got) == written


@pytest.mark.parametrize(
    ("type_", "texts"),
    [
        (T.INTEGER, ["", "1.5", "x", "9223372036854775808", "1_0", "true", " 1", "0x10"]),
        (T.UNSIGNED_INTEGER, ["-1", "18446744073709551616"]),
        (T.FLOAT, ["", "nan", "inf", "1e9999", "1,5", "."]),
        (T.BOOLEAN, ["yes", "TRUE", "2", ""]),
        (T.BASE64, ["***", "A", "AP8"]),
        (T.DATETIME, ["today", "2013-13-01", ""]),
        (T.LINK, ["3", "3:0:1", "65536:0", "a:b", ""]),
    ],
)
def test_and_not_like_those(type_: T, texts: list[str]) -> None:
    for text in texts:
        with pytest.raises(ValueError, match=" "):
            values.parse(type_, text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_written_so_that_it_reads_back_as_itself(number: float) -> None:
    assert values.parse(T.FLOAT, values.write(number)) == number


@pytest.mark.parametrize(
    ("type_", "came", "value"),
    [
        (T.INTEGER, 3.0, 3),
        (T.FLOAT, 3, 3.0),
        (T.BOOLEAN, 1, True),
        (T.DATETIME, 1367491215.75, 1367491215),
        (T.UNSIGNED_INTEGER, "7", 7),
    ],
)
def test_what_a_format_made_of_a_value_is_put_right(type_: T, came: object, value: Value) -> None:
    got = values.fit(type_, came)
    assert (got, type(got)) == (value, type(value))


@given(
    st.sampled_from(T),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.lists(st.none()),
)
def test_whatever_came_is_a_value_or_a_reason(type_: T, came: object) -> None:
    try:
        got = values.fit(type_, came)
    except ValueError as error:
        assert len(str(error)) < 80  # noqa: PT017 - any reason is good, as long as it is short
        return
    assert isinstance(values.write(got), str)


PUBLIC = Definitions(public_objects())


def test_the_public_objects_are_there_in_their_versions() -> None:
    device = PUBLIC.of(3)
    assert device is not None
    assert (device.version, device.urn, device.name) == ("1.0", "urn:oma:lwm2m:oma:3", "Device")
    assert (device.multiple, device.mandatory, device.operations) == (False, True, "RW")
    battery, reboot, codes = device.resources[9], device.resources[4], device.resources[11]
    assert (battery.name, battery.operations, battery.type) == ("Battery Level", "R", T.INTEGER)
    assert (reboot.operations, reboot.type, reboot.mandatory) == ("E", None, True)
    assert codes.multiple
    temperature = PUBLIC.of(3303, "1.1")
    assert temperature is not None
    assert temperature.urn == "urn:oma:lwm2m:ext:3303:1.1"
    assert temperature.resources[5700].type is T.FLOAT
    numbers = {each.id for each in public_objects()}
    wanted = {*range(8), 9, 10, 16, 19, 21, *range(3200, 3204), *range(3300, 3307), *range(3308, 3351)} - {3309}
    assert numbers == wanted


def test_the_version_is_the_devices_else_the_first_else_the_highest() -> None:
    def made(version: str) -> ObjectDefinition:
        return ObjectDefinition(31_000, version, "urn:oma:lwm2m:x:31000", "X", multiple=False, mandatory=False)

    both = Definitions([made("1.0"), made("1.2")])
    assert [both.of(31_000, version) for version in ("1.2", None, "9.9")] == [made("1.2"), made("1.0"), made("1.0")]
    later = Definitions([made("1.9"), made("1.10")])
    assert later.of(31_000) == made("1.10")
    assert later.of(1) is None


def test_a_custom_definition_beats_every_public_one_of_its_object() -> None:
    own = ObjectDefinition(
        3303, "2.0", "urn:oma:lwm2m:x:3303:2.0", "Mine", multiple=False, mandatory=False, owner="acme01"
    )
    seen = Definitions(public_objects(), [own])
    assert seen.of(3303, "1.1") == own
    assert seen.of(3303) == own
    assert [each for each in seen.all() if each.id == 3303] == [own]
    assert PUBLIC.of(3303) != own
    assert seen.resource((3303, 0, 5700)) is None
    assert PUBLIC.resource((3, 0, 7, 1), {3: "1.0"}) == ResourceDefinition(
        7, "Power Source Voltage", "R", T.INTEGER, multiple=True
    )
    assert PUBLIC.resource((3, 0)) is None


FILE = """<?xml version="1.0" encoding="UTF-8"?>
<LWM2M><Object ObjectType="MODefinition">
<Name> Pump </Name><Description1>Of water.</Description1>
<ObjectID>20000</ObjectID><ObjectURN>urn:oma:lwm2m:x:20000:1.1</ObjectURN>
<LWM2MVersion>1.0</LWM2MVersion><ObjectVersion>1.1</ObjectVersion>
<MultipleInstances>Multiple</MultipleInstances><Mandatory>Optional</Mandatory>
<Resources>
<Item ID="1"><Name>Pressure</Name><Operations>RW</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Mandatory</Mandatory><Type>Float</Type><RangeEnumeration></RangeEnumeration><Units>Pa</Units>
<Description>Now.</Description></Item>
<Item ID="2"><Name>Start</Name><Operations>E</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Type></Type><Description></Description></Item>
<Item ID="3"><Name>Peers</Name><Operations>R</Operations><MultipleInstances>Multiple</MultipleInstances>
<Mandatory>Optional</Mandatory><Type>Objlnk</Type></Item>
</Resources></Object></LWM2M>"""


def test_a_file_is_read() -> None:
    got = read(FILE.encode(), owner="acme01")
    assert (got.id, got.version, got.urn, got.name, got.owner) == (
        20_000,
        "1.1",
        "urn:oma:lwm2m:x:20000:1.1",
        "Pump",
        "acme01",
    )
    assert (got.multiple, got.mandatory, got.description) == (True, False, "Of water.")
    assert got.resources == {
        1: ResourceDefinition(1, "Pressure", "RW", T.FLOAT, mandatory=True, description="Now."),
        2: ResourceDefinition(2, "Start", "E", None),
        3: ResourceDefinition(3, "Peers", "R", T.LINK, multiple=True),
    }
    old = FILE.replace("<ObjectVersion>1.1</ObjectVersion>", "").replace(":20000:1.1", ":20000:1.0")
    assert (read(old.encode()).version, read(old.encode()).urn) == ("1.0", "urn:oma:lwm2m:x:20000")
    assert read(FILE.replace("UTF-8", "ISO-8859-1").replace("Pump", "Pümp").encode("latin-1")).name == "Pümp"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<LWM2M>", f"{BOMB}<LWM2M>", "document types"),
        ("<LWM2M>", f"{OUTSIDE}<LWM2M>", "document types"),
        ("<LWM2M>", '<!DOCTYPE x SYSTEM "http://127.0.0.1/x.dtd"><LWM2M>', "document types"),
        ("</Object>", "", "no XML"),
        ("Pump", "&other;", "no XML"),
        ("<LWM2M>", "<Other>", "no XML"),
        ("LWM2M>", "Other>", "no LWM2M object"),
        ("Object ObjectType", "Thing ObjectType", "no XML"),
        ("<ObjectID>20000", "<ObjectID>x", "ids are"),
        ("<ObjectID>20000", "<ObjectID>65535", "ids are"),
        ("<ObjectID>20000", "<ObjectID>20001", "ObjectURN"),
        ("urn:oma:lwm2m:x:", "urn:other:", "ObjectURN"),
        ("<ObjectVersion>1.1", "<ObjectVersion>one", "ObjectVersion"),
        ("<Name> Pump </Name>", "", "no Name"),
        ("<Name>Pressure</Name>", "", "no Name"),
        ("<Operations>RW", "<Operations>RWX", "Operations"),
        ("<Type>Float", "<Type>Complex", "Type"),
        ("<Type>Float", "<Type>", "Type"),
        ('ID="2"', 'ID="1"', "twice"),
        ("<MultipleInstances>Single", "<MultipleInstances>Maybe", "MultipleInstances"),
        ("<Mandatory>Optional", "<Mandatory>Perhaps", "Mandatory"),
        ("Of water.", "x" * MOST_BYTES, "at most"),
        ("Of water.", "<a>" * 1000, "deeply"),
        ("UTF-8", "EBCDIC-NONE", "no XML"),
    ],
)
def test_a_file_that_is_none_says_why(old: str, new: str, why: str) -> None:
    assert old in FILE
    with pytest.raises(Invalid, match=why) as refused:
        read(FILE.replace(old, new).encode())
    assert refused.value.field is Field.FILE


@given(st.binary(max_size=200))
def test_whatever_file_comes_is_invalid(data: bytes) -> None:
    with pytest.raises(Invalid):
        read(data)
    with pytest.raises(Invalid):
        read(b"<LWM2M><Object>" + data + b"</Object></LWM2M>")


@pytest.mark.parametrize(
    ("urn", "found"),
    [
        ("urn:oma:lwm2m:oma:5:1.1", "5:1.1"),
        ("urn:oma:lwm2m:oma:5:9.9", None),
        ("urn:oma:lwm2m:oma:5", "5:1.0"),
        ("urn:oma:lwm2m:5:1.0", "5:1.0"),
        ("URN:OMA:LwM2M:5", "5:1.0"),
        ("urn:oma:lwm2m:x:32769", "32769:1.0"),
        ("urn:oma:lwm2m:32769:2.0", "32769:2.0"),
        ("urn:oma:lwm2m:x:32769:2.0", "32769:2.0"),
        ("urn:oma:lwm2m:x:32769:2.0:3", None),
        ("urn:oma:lwm2m:x", None),
        ("urn:oma:lwm2m", None),
        ("urn:oma:other:5", None),
        ("urn:oma:lwm2m:99999", None),
        ("", None),
    ],
)
def test_a_definition_is_named_with_or_without_its_kind_and_version(urn: str, found: str | None) -> None:
    ports = MemoryPorts()
    for version in ("1.0", "2.0"):
        urn_ = f"urn:oma:lwm2m:x:32769:{version}"
        made = ObjectDefinition(32_769, version, urn_, "own", multiple=True, mandatory=False, owner="t")
        modelling.define(ports, "t", made, override=False)
    if found is None:
        with pytest.raises(DefinitionNotFound):
            modelling.named(ports, "t", urn)
        return
    named = modelling.named(ports, "t", urn)
    assert f"{named.id}:{named.version}" == found
    if named.id == 32_769:
        with pytest.raises(DefinitionNotFound):
            modelling.named(ports, "other", urn)
