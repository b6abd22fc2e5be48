"""What a device gets of what users of other dialects order, in the words that it knows."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.dialects.one_fleet import MEMBERS, VERB, CumulocityMember, Fleet, LiveObjectsMember, XyteMember
from tests.fakes import MemoryPorts

pytestmark = pytest.mark.row("J2")
OTHERS = sorted(MEMBERS.keys() - {"cumulocity"})
ASKED = {"n": 1}
COMMAND = {"homeport_Command": {"req": VERB, "arg": ASKED}}
SHELL = {"c8y_Command": {"text": f"{VERB} n=1"}}
SUPPORTED: Mapping[str, tuple[Any, Mapping[str, Any]]] = {
    "nothing said": (None, COMMAND),
    "nothing": ([], COMMAND),
    "no list": ({VERB: {}}, COMMAND),
    "no texts": ([1, {VERB: 1}], COMMAND),
    "something else": (["c8y_Restart"], COMMAND),
    "a shell": (["c8y_Restart", "c8y_Command"], SHELL),
    "just that": (["c8y_Command", VERB], {VERB: ASKED}),
}


@pytest.fixture
def fleet() -> Fleet:
    return Fleet.made(MemoryPorts(), "acme")


def operations_of(member: CumulocityMember, urn: str) -> list[dict[str, Any]]:
    reply = member.api.get("/devicecontrol/operations", deviceId=urn.rpartition(":")[2])
    found: list[dict[str, Any]] = reply.body["operations"]
    return found


def fragments(operation: Mapping[str, Any]) -> dict[str, Any]:
    names = ("c8y_Command", "homeport_Command", VERB, "description")
    return {name: operation[name] for name in names if name in operation}


@pytest.mark.parametrize("supported", SUPPORTED)
@pytest.mark.parametrize("users", OTHERS)
def test_a_command_is_what_the_device_says_it_supports(fleet: Fleet, users: str, supported: str) -> None:
    said, expected = SUPPORTED[supported]
    owner, others = CumulocityMember(fleet), MEMBERS[users](fleet)
    urn = owner.join("one")
    if said is not None:
        owner.changed(urn, c8y_SupportedOperations=said)
    others.order(urn)
    (shown,) = operations_of(owner, urn)
    assert fragments(shown) == {"description": VERB, **expected}


def test_what_was_ordered_stays_though_the_device_then_supports_something_else(fleet: Fleet) -> None:
    owner, others = CumulocityMember(fleet), MEMBERS["live_objects"](fleet)
    urn = owner.join("one")
    order = others.order(urn)
    owner.changed(urn, c8y_SupportedOperations=[VERB])
    assert fragments(operations_of(owner, urn)[0]) == {"description": VERB, **COMMAND}
    owner.obey(urn, well=True)
    assert others.stands(urn, order) == "done"


def test_an_operation_of_its_own_users_is_as_they_say(fleet: Fleet) -> None:
    owner = CumulocityMember(fleet)
    urn = owner.join("one")
    owner.changed(urn, c8y_SupportedOperations=["c8y_Command"])
    owner.order(urn)
    assert fragments(operations_of(owner, urn)[0]) == {VERB: ASKED}


def test_who_orders_sees_what_they_ordered(fleet: Fleet) -> None:
    owner, others = CumulocityMember(fleet), MEMBERS["live_objects"](fleet)
    urn = owner.join("one")
    owner.changed(urn, c8y_SupportedOperations=["c8y_Command"])
    others.order(urn)
    (command,) = fleet.ports.commands.of_device(fleet.tenant.id, urn, start=None, end=None, descending=False)
    assert command.request == {"req": VERB, "arg": ASKED}


RENAMED: list[tuple[Mapping[str, Any], str, Mapping[str, Any]]] = [
    ({"c8y_Restart": {}}, "reboot", {}),
    ({"c8y_Restart": {"delay": 3}}, "reboot", {"delay": 3}),
    (
        {"c8y_Firmware": {"name": "fw", "version": "2", "url": "https://x/y"}},
        "update_firmware",
        {"version": "2", "url": "https://x/y"},
    ),
    ({"c8y_Firmware": {"name": "fw", "url": "u", "isPatch": True}}, "update_firmware", {"url": "u"}),
    ({"c8y_LogfileRequest": {"logFile": "f", "maximumLines": 9}}, "dump", {"logFile": "f", "maximumLines": 9}),
    ({"description": "say", "c8y_Message": {"text": "hi"}}, "c8y_Message", {"text": "hi"}),
    ({"level": 7}, "level", {"value": 7}),
    ({"levels": [1, 2]}, "levels", {"value": [1, 2]}),
]


@pytest.mark.parametrize(("operation", "name", "parameters"), RENAMED)
def test_operations_are_commands_by_the_name_that_a_device_of_xyte_knows(
    fleet: Fleet, operation: Mapping[str, Any], name: str, parameters: Mapping[str, Any]
) -> None:
    owner, others = XyteMember(fleet), CumulocityMember(fleet)
    urn = owner.join("one")
    others.operation(urn, operation)
    shown = owner.head(urn)
    assert (shown["name"], shown["parameters"]) == (name, parameters)


def test_a_firmware_update_of_its_own_users_keeps_what_they_say(fleet: Fleet) -> None:
    owner = XyteMember(fleet)
    urn = owner.join("one")
    owner.told(urn, "update_firmware", {"url": "u", "slot": 2})
    assert owner.head(urn)["parameters"] == {"url": "u", "slot": 2}


WORDS: list[tuple[Any, str]] = [
    ({}, "go"),
    ({"a": "plain", "b": True, "c": 1.5}, "go a=plain b=true c=1.5"),
    ({"a": "two words", "b": "", "c": 'q"q', "d": None}, 'go a="two words" b="" c="q\\"q" d=null'),
    ({"a": {"b": [1]}}, 'go a={"b":[1]}'),
]


@pytest.mark.parametrize(("arg", "text"), WORDS)
def test_a_shell_gets_one_line(fleet: Fleet, arg: Any, text: str) -> None:
    owner = CumulocityMember(fleet)
    urn = owner.join("one")
    owner.changed(urn, c8y_SupportedOperations=["c8y_Command"])
    LiveObjectsMember(fleet).ask(urn, "go", arg)
    assert operations_of(owner, urn)[0]["c8y_Command"] == {"text": text}


@pytest.mark.parametrize("name", ["id", "status", "description", "deviceId"])
def test_a_command_called_like_what_every_operation_has_is_no_fragment(fleet: Fleet, name: str) -> None:
    owner = CumulocityMember(fleet)
    urn = owner.join("one")
    owner.changed(urn, c8y_SupportedOperations=[name])
    LiveObjectsMember(fleet).ask(urn, name, {"a": 1})
    assert operations_of(owner, urn)[0]["homeport_Command"] == {"req": name, "arg": {"a": 1}}
