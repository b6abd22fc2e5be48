"""What a caller may do to a key: each bound of its own, at its very edge, and which kinds of callers have none."""

from dataclasses import replace
from typing import Any

import pytest

from chalicelib.fleet.access import callers, rights
from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.records import ApiKey
from chalicelib.fleet.access.roles import ALL_ROLES, Role
from chalicelib.fleet.errors import Forbidden
from tests.fakes import START, MemoryPorts

TENANT, SOME = "acme", frozenset({Role.DEVICE_R, Role.DEVICE_W})
END = START + 1_000


def key(name: str, **about: Any) -> ApiKey:
    return replace(ApiKey(TENANT, name, SOME, START), **about)


def allows(by: Caller, **other: Any) -> bool:
    try:
        rights.ensure_within(by, key("other", **other))
    except Forbidden:
        return False
    return True


def bound(**about: Any) -> Caller:
    return callers.of_key(key("own", **about))


QUEUES = frozenset({"a", "b"})
ASKING = {"client_certificate_required": True}


@pytest.mark.parametrize(
    ("own", "other", "allowed"),
    [
        ({}, {"roles": SOME}, True),
        ({}, {"roles": frozenset({Role.DEVICE_R})}, True),
        ({}, {"roles": SOME | {Role.DATA_R}}, False),
        ({}, {"roles": frozenset({Role.DATA_R})}, False),
        ({}, {"valid_to": None}, True),
        ({"valid_to": END}, {"valid_to": None}, False),
        ({"valid_to": END}, {"valid_to": END + 1}, False),
        ({"valid_to": END}, {"valid_to": END}, True),
        ({"valid_to": END}, {"valid_to": END - 1}, True),
        ({}, {"queues": QUEUES}, True),
        ({"queues": QUEUES}, {}, False),
        ({"queues": QUEUES}, {"queues": QUEUES}, True),
        ({"queues": QUEUES}, {"queues": frozenset({"b"})}, True),
        ({"queues": QUEUES}, {"queues": frozenset({"b", "c"})}, False),
        ({}, {"ca_certificates": ("x",), **ASKING}, True),
        ({"ca_certificates": ("x",)}, {"ca_certificates": ("z",)}, True),
        ({"ca_certificates": ("x", "y"), **ASKING}, {"ca_certificates": ("x",)}, False),
        ({"ca_certificates": ("x", "y"), **ASKING}, {"ca_certificates": ("x",), **ASKING}, True),
        ({"ca_certificates": ("x", "y"), **ASKING}, {"ca_certificates": ("x", "y"), **ASKING}, True),
        ({"ca_certificates": ("x", "y"), **ASKING}, {"ca_certificates": ("x", "z"), **ASKING}, False),
    ],
)
def test_nobody_hands_out_more_than_they_have(own: dict[str, Any], other: dict[str, Any], *, allowed: bool) -> None:
    assert allows(bound(**own), **other) is allowed


def test_what_has_no_end_of_its_own_sets_none() -> None:
    """A session ends long before the rights of its user do."""
    session = callers.of_key(key("own", user="ann", session=True, valid_to=END))
    for by in (session, callers.of_user(TENANT, "ann", SOME), callers.of_operator(TENANT)):
        assert allows(by, valid_to=None)
        assert allows(by, valid_to=END + 1)


@pytest.mark.parametrize(
    "limit",
    [{"queues": QUEUES}, {"valid_to": END}, {"ca_certificates": ("x",), **ASKING}],
    ids=min,
)
def test_a_key_with_a_limit_makes_no_users(limit: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        rights.ensure_unbound(bound(**limit))


def test_who_has_no_limit_makes_users() -> None:
    session = callers.of_key(key("own", user="ann", session=True, valid_to=END))
    for by in (bound(), bound(valid_from=START), bound(ca_certificates=("x",)), session, callers.of_operator(TENANT)):
        rights.ensure_unbound(by)


class TestUnder:
    """A family of four generations, a master above them and a key beside."""

    @pytest.fixture
    def family(self, ports: MemoryPorts) -> dict[str, ApiKey]:
        above = {"master": None, "one": "master", "two": "one", "three": "two", "beside": "master"}
        made = {name: key(name, parent=parent, master=parent is None) for name, parent in above.items()}
        for each in made.values():
            ports.keys.put(each)
        return made

    @staticmethod
    def reached(ports: MemoryPorts, by: Caller, family: dict[str, ApiKey]) -> set[str]:
        """Those that `by` may touch."""
        found = set()
        for name, other in family.items():
            try:
                rights.ensure_under(ports, by, other)
            except Forbidden:
                continue
            found.add(name)
        return found

    @pytest.mark.parametrize(
        ("own", "below"),
        [
            ("master", {"master", "one", "two", "three", "beside"}),
            ("one", {"one", "two", "three"}),
            ("two", {"two", "three"}),
            ("three", {"three"}),
            ("beside", {"beside"}),
        ],
    )
    def test_a_key_reaches_itself_and_all_below(
        self, ports: MemoryPorts, family: dict[str, ApiKey], own: str, below: set[str]
    ) -> None:
        assert self.reached(ports, callers.of_key(family[own]), family) == below

    def test_people_reach_all_but_the_master(self, ports: MemoryPorts, family: dict[str, ApiKey]) -> None:
        every = set(family)
        assert self.reached(ports, callers.of_user(TENANT, "ann", ALL_ROLES), family) == every - {"master"}
        assert self.reached(ports, callers.of_operator(TENANT), family) == every

    def test_devices_reach_none(self, ports: MemoryPorts, family: dict[str, ApiKey]) -> None:
        assert self.reached(ports, callers.of_device(TENANT, "urn:lab:1", SOME, "d"), family) == set()

    def test_a_gap_in_the_family_lets_nobody_through(self, ports: MemoryPorts, family: dict[str, ApiKey]) -> None:
        ports.keys.delete(TENANT, "two")
        assert self.reached(ports, callers.of_key(family["one"]), family) == {"one", "two"}
