"""Configurations that are one object with a version."""

from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.fleet.configuration import document as rules
from chalicelib.fleet.configuration import document_fields, fetching, synchronizing
from chalicelib.fleet.configuration.document import LARGEST, Document, same
from chalicelib.fleet.configuration.records import ParameterType, SyncStatus, Value
from chalicelib.fleet.errors import DeviceNotFound, FleetError, IllegalTransition, ParameterNotFound, TooLarge
from chalicelib.fleet.presence.records import Capability
from tests.fleet.rig import DEVICE, EVERYTHING, TENANT, Rig

S, T = SyncStatus, ParameterType
OF = Capability.CONFIGURATION
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def want(rig: Rig, **content: Any) -> Document:
    rig.ports.clock.advance(ms=1)
    return fetching.want(rig.ports, TENANT, DEVICE, content)


def fetch(rig: Rig) -> Document:
    return fetching.fetch(rig.ports, TENANT, DEVICE)


def send_back(rig: Rig, version: int | None = None, **content: Any) -> Document:
    rig.ports.clock.advance(ms=1)
    return fetching.send_back(rig.ports, TENANT, DEVICE, content, version)


def apply(rig: Rig, version: int) -> Document:
    return fetching.apply(rig.ports, TENANT, DEVICE, version)


def told(rig: Rig) -> int:
    return rig.mailbox.version(OF)


def parameter(rig: Rig, name: str) -> tuple[Any, Any, SyncStatus]:
    found = synchronizing.get(rig.ports, TENANT, DEVICE).parameters[name]
    reported = found.reported and found.reported.value
    return reported, found.requested and found.requested.value, found.status


@pytest.mark.parametrize("text", ["[" * 1_999, "{" * 2_000, '{"a":' * 300, "7", "null", "NaN", "", "no JSON"])
def test_a_text_that_is_no_object_or_list_stays_the_text_that_it_is(text: str) -> None:
    document = Document(content={"object": {"a": 1}, "list": [], "text": "x"})
    given = {name: Value(T.STRING, text, 1) for name in ("object", "list", "text", "new")}
    assert document_fields.with_values(document, given) == dict.fromkeys(given, text)


def test_a_text_takes_an_objects_place_as_what_it_says() -> None:
    document = Document(content={"object": {"a": 1}, "text": "x"})
    given = {name: Value(T.STRING, '{"b": [2]}', 1) for name in ("object", "text")}
    assert document_fields.with_values(document, given) == {"object": {"b": [2]}, "text": '{"b": [2]}'}


def test_a_device_without_one_is_told_of_version_0(rig: Rig) -> None:
    assert (fetch(rig).version, fetch(rig).content, told(rig)) == (0, {}, 0)
    assert rig.ports.configurations.rows == {}


def test_what_its_owner_sets_waits_is_fetched_and_applied(rig: Rig) -> None:
    want(rig, level=3)
    assert (told(rig), parameter(rig, "level")) == (1, (None, 3, S.PENDING))
    assert (fetch(rig).content, parameter(rig, "level")[2]) == ({"level": 3}, S.SENT)
    assert apply(rig, 1).settled
    assert parameter(rig, "level") == (3, 3, S.OK)
    want(rig, level=4)
    assert (told(rig), parameter(rig, "level")) == (2, (3, 4, S.PENDING))
    want(rig, level=5)
    assert parameter(rig, "level") == (3, 5, S.PENDING)


def test_the_same_content_is_no_new_version(rig: Rig) -> None:
    want(rig, a=1, b={"c": [1, 2]})
    assert want(rig, b={"c": [1.0, 2]}, a=1).version == told(rig) == 1
    assert want(rig, b={"c": [True, 2]}, a=1).version == told(rig) == 2


def test_what_was_applied_before_says_nothing_of_what_came_since_and_what_never_was_is_refused(rig: Rig) -> None:
    want(rig, a=1)
    want(rig, a=2)
    assert not apply(rig, 1).settled
    with pytest.raises(IllegalTransition):
        apply(rig, 3)
    assert apply(rig, 2).settled
    assert apply(rig, 2).settled


def test_an_agent_that_sends_back_what_it_was_given_does_so_once(rig: Rig) -> None:
    """It compares the version that it is told with the one that it has, and sends back whatever it fetches."""
    known, rounds = 0, 0
    want(rig, a=1, b="x")
    for _ in range(10):
        if told(rig) != known:
            rounds += 1
            fetched = fetch(rig)
            known = send_back(rig, fetched.version, **fetched.content).version
    assert (known, rounds, parameter(rig, "a")[2]) == (1, 1, S.OK)


def test_a_device_that_says_something_else_has_its_way_and_is_told_so_at_once(rig: Rig) -> None:
    want(rig, a=1)
    assert send_back(rig, 1, a=2).version == told(rig) == 2
    assert parameter(rig, "a") == (2, 2, S.OK)
    assert (send_back(rig, 1, a=2).version, told(rig)) == (2, 2)


def test_what_its_owner_has_set_since_is_not_written_over(rig: Rig) -> None:
    want(rig, a=1)
    want(rig, a=2)
    with pytest.raises(IllegalTransition):
        send_back(rig, 1, a=3)
    assert send_back(rig, a=3).version == 3


def test_a_device_may_be_the_first_to_say_something_and_nothing_is_nothing(rig: Rig) -> None:
    assert send_back(rig).version == told(rig) == 0
    assert send_back(rig, a=1).version == told(rig) == 1
    assert send_back(rig).version == told(rig) == 2


def test_versions_go_on_from_what_the_device_knows(rig: Rig) -> None:
    fetching.begin(rig.ports, TENANT, DEVICE, 7)
    fetching.begin(rig.ports, TENANT, DEVICE, 3)
    assert (told(rig), fetching.get(rig.ports, TENANT, DEVICE).version) == (7, 7)
    assert want(rig, a=1).version == told(rig) == 8


def test_whoever_dies_between_the_two_writes_is_made_up_for_by_the_same_step(rig: Rig) -> None:
    replace = rig.ports.mailboxes.replace
    rig.ports.mailboxes.replace = lambda *_: 1 / 0  # type: ignore[method-assign, assignment]
    with pytest.raises(ZeroDivisionError):
        want(rig, a=1)
    rig.ports.mailboxes.replace = replace  # type: ignore[method-assign]
    assert told(rig) == 0
    assert want(rig, a=1).version == told(rig) == 1


def test_two_owners_at_once_make_two_versions(rig: Rig) -> None:
    write = rig.ports.configurations.replace

    def meanwhile(old: Any, new: Any) -> bool:
        rig.ports.configurations.replace = write  # type: ignore[method-assign]
        want(rig, a=1)
        return write(old, new)

    rig.ports.configurations.replace = meanwhile  # type: ignore[method-assign]
    assert want(rig, b=2).version == told(rig) == 2
    assert fetching.get(rig.ports, TENANT, DEVICE).content == {"b": 2}


def test_parameters_are_fields_and_keep_their_kind(rig: Rig) -> None:
    fetching.begin(rig.ports, TENANT, DEVICE)
    want(rig, on=True, many=[1], deep={"x": 1}, text="t", big=1 << 40, low=-5, high=1 << 31, half=0.5, no=None)
    shown = synchronizing.get(rig.ports, TENANT, DEVICE).parameters
    assert {name: (p.requested.type, p.requested.value) for name, p in shown.items() if p.requested} == {
        "on": (T.STRING, "true"),
        "many": (T.STRING, "[1]"),
        "deep": (T.STRING, '{"x": 1}'),
        "text": (T.STRING, "t"),
        "big": (T.FLOAT, 1 << 40),
        "low": (T.INT32, -5),
        "high": (T.UINT32, 1 << 31),
        "half": (T.FLOAT, 0.5),
        "no": (T.STRING, "null"),
    }
    texts = {"on": "false", "many": "[2]", "deep": "no object", "text": "[3]", "new": "true"}
    values = {name: Value(T.STRING, text, 1) for name, text in texts.items()}
    synchronizing.request(rig.ports, TENANT, DEVICE, {**values, "low": Value(T.INT32, 6, 1)}, None)
    content = fetching.get(rig.ports, TENANT, DEVICE).content
    assert {name: content[name] for name in (*texts, "low", "half")} == {
        "on": False,
        "many": [2],
        "deep": "no object",
        "text": "[3]",
        "new": "true",
        "low": 6,
        "half": 0.5,
    }
    assert told(rig) == 2


def test_a_field_alone_is_not_canceled(rig: Rig) -> None:
    want(rig, a=1)
    with pytest.raises(IllegalTransition):
        synchronizing.cancel(rig.ports, TENANT, DEVICE, "a")
    with pytest.raises(ParameterNotFound):
        synchronizing.cancel(rig.ports, TENANT, DEVICE, "b")


def test_a_device_that_is_there_is_woken_and_one_that_has_it_is_left_alone(rig: Rig) -> None:
    rig.connect(capabilities=EVERYTHING)
    want(rig, a=1)
    assert list(rig.ports.background.deliveries) == [(TENANT, DEVICE)]
    assert OF in rig.mailbox.todo
    apply(rig, 1)
    assert OF not in rig.mailbox.todo


STEPS: tuple[Callable[[Rig], object], ...] = (
    lambda rig: want(rig, a=1),
    lambda rig: want(rig, a=2),
    fetch,
    lambda rig: apply(rig, 1),
    lambda rig: apply(rig, 2),
    lambda rig: send_back(rig, a=1),
    lambda rig: send_back(rig, 1, a=2),
    lambda rig: send_back(rig, 0, a=3),
)


def test_after_any_three_steps_the_mailbox_tells_the_version_that_there_is() -> None:
    for steps in product(STEPS, repeat=3):
        rig, before = Rig(), 0
        for step in steps:
            content = fetching.get(rig.ports, TENANT, DEVICE).content
            with suppress(IllegalTransition):
                step(rig)
            after = fetching.get(rig.ports, TENANT, DEVICE)
            assert told(rig) == after.version >= before
            assert (after.version > before) == (not same(content, after.content))
            before = after.version


def test_what_is_too_large_is_refused(rig: Rig) -> None:
    with pytest.raises(TooLarge):
        want(rig, a="x" * LARGEST)
    with pytest.raises(TooLarge):
        send_back(rig, a="\ud800" * LARGEST)
    assert told(rig) == 0


@pytest.mark.parametrize(
    "step",
    [
        lambda ports: fetching.get(ports, TENANT, "nobody"),
        lambda ports: fetching.fetch(ports, TENANT, "nobody"),
        lambda ports: fetching.want(ports, TENANT, "nobody", {"a": 1}),
        lambda ports: fetching.begin(ports, TENANT, "nobody"),
    ],
)
def test_nobody_has_none(rig: Rig, step: Callable[..., object]) -> None:
    with pytest.raises(DeviceNotFound):
        step(rig.ports)


def test_a_device_that_goes_between_the_writes_is_not_found(rig: Rig) -> None:
    write = rig.ports.configurations.replace

    def meanwhile(old: Any, new: Any) -> bool:
        rig.ports.mailboxes.rows.clear()
        return write(old, new)

    rig.ports.configurations.replace = meanwhile  # type: ignore[method-assign]
    with pytest.raises(FleetError):
        want(rig, a=1)


@given(JSON, JSON)
def test_same_is_what_it_is_for_itself_alone(one: Any, other: Any) -> None:
    assert same(one, one)
    assert same(one, other) == same(other, one)
    if same(one, other):
        assert rules.sent_back(Document({"a": one}, 1), {"a": other}, None, 0).version == 1
