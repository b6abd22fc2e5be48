"""What becomes of configurations and incidents by whatever comes in whatever order, held to the vendor's tables.

Those of commands and licences stand beside what else is said of them.
"""

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.data import alarms
from tests.dialects.xyte.claimed import Owned, owning

PATH = "/core/v1/organization/devices"
HALF_A_MINUTE = 31
"""Seconds after which requests of a device are counted anew."""


@dataclass
class Configuration:
    """The table by itself: what is to be answered to each step, and how it stands then."""

    content: dict[str, Any] = field(default_factory=dict)
    version: int = 0
    applied: int = 0
    kept: dict[str, Any] = field(default_factory=dict)
    """What the device has fetched last."""

    def want(self, content: dict[str, Any]) -> int:
        if not self.version or content != self.content:
            self.content, self.version = content, self.version + 1
        return 200

    def fetch(self) -> int:
        self.kept = {"config": dict(self.content), "version": self.version}
        return 200

    def put(self, version: int) -> int:
        if version > self.version:
            return 422
        self.applied = max(self.applied, version) if version == self.version else self.applied
        return 200

    def post(self, content: dict[str, Any], version: int | None) -> int:
        if self.version and content == self.content:
            self.applied = self.version
            return 200
        if version is not None and version < self.version:
            return 422
        if self.version or content:
            self.content, self.version, self.applied = content, self.version + 1, self.version + 1
        return 200


STEPS = ("want a", "want b", "fetch", "put it", "put next", "put one before", "post back", "post c", "post c of before")


def step(owned: Owned, table: Configuration, name: str) -> tuple[int, int]:
    """What is answered, and what is to be answered."""
    device, path = owned.device, f"{PATH}/{owned.device.id}"
    match name.split(" ", 1):
        case ["want", letter]:
            content = {"word": letter}
            return owned.organization.call("PATCH", path, {"configuration": content}).status, table.want(content)
        case ["fetch"]:
            reply, expected = device.call("GET", "/config"), table.fetch()
            assert (reply.body["config"], reply.body["version"]) == (table.content, table.version)
            return reply.status, expected
        case ["put", which]:
            version = max(0, table.version + {"it": 0, "next": 1, "one before": -1}[which])
            # Ten an hour.
            owned.ports.clock.advance(seconds=3_600)
            return device.call("PUT", "", {"config_version": version}).status, table.put(version)
        case ["post", "back"]:
            body = {**table.kept} or {"config": {}}
            return device.call("POST", "/config", body).status, table.post(body["config"], body.get("version"))
        case ["post", which]:
            named = {"version": table.version - 1} if which != "c" and table.version else {}
            body = {"config": {"word": "c"}, **named}
            return device.call("POST", "/config", body).status, table.post({"word": "c"}, named.get("version"))
    raise ValueError(name)


def configured(steps: tuple[str, ...]) -> None:
    owned, table = owning(), Configuration()
    for name in steps:
        answered, expected = step(owned, table, name)
        assert answered == expected, steps
        found = fetching.get(owned.ports, owned.tenant, owned.urn)
        assert (found.content, found.version) == (table.content, table.version), steps
        assert found.settled is (table.applied >= table.version), steps
    # Whatever came: an agent that posts back what it has fetched ends with what is there, and asks no more.
    last = owned.device.call("GET", "/config").body
    assert owned.device.call("POST", "/config", last).body["version"] == table.version, steps
    told = owned.device.call("POST", "/telemetry", {"status": "online"}).body["config_version"]
    assert told == table.version, steps


@pytest.mark.row("I5")
def test_a_configuration_is_what_the_table_says() -> None:
    for steps in list(product(STEPS, repeat=3))[::6]:
        configured(steps)


@pytest.mark.soak
def test_a_configuration_is_what_the_table_says_after_four_steps() -> None:
    for steps in product(STEPS, repeat=4):
        configured(steps)


EVENTS = ("open a", "open b", "close a", "close all", "clear a", "suspend", "go on")


def happened(steps: tuple[str, ...]) -> None:
    owned = owning()
    opened, ids, suspended = set[str](), dict[str, str](), False
    for name in steps:
        owned.ports.clock.advance(seconds=HALF_A_MINUTE)
        match name.split(" "):
            case ["open", issue]:
                reply = owned.device.call("POST", "/incidents", {"title": issue, "issue": issue})
                if suspended:
                    assert (reply.status, reply.body) == (200, {}), steps
                    continue
                assert reply.status == (200 if issue in opened else 201), steps
                assert (reply.body["id"] == ids.get(issue)) is (issue in opened), steps
                opened, ids = opened | {issue}, {**ids, issue: reply.body["id"]}
            case ["close", "all"]:
                assert owned.device.call("DELETE", "/incidents").status == 200, steps
                opened = set()
            case ["close", issue]:
                status = owned.device.call("DELETE", f"/incidents/{ids.get(issue, '1')}").status
                assert status == (200 if issue in ids else 404), steps
                opened -= {issue}
            case ["clear", issue]:
                alarms.clear(owned.ports, owned.tenant, owned.urn, issue, alarms.stamp(owned.ports))
                opened -= {issue}
            case _:
                suspended = name == "suspend"
                body = {"incidents.suspend_creation": suspended}
                assert owned.device.call("PUT", "/cloud_settings", body).status == 200, steps
        listed = owned.device.call("GET", "/incidents").body
        assert {one["issue"] for one in listed if one["status"] == "active"} == opened, steps
        assert {one["id"] for one in listed} >= set(ids.values()), steps


@pytest.mark.row("I5")
def test_incidents_are_what_the_table_says() -> None:
    for steps in list(product(EVENTS, repeat=3))[::4]:
        happened(steps)


@pytest.mark.soak
def test_incidents_are_what_the_table_says_after_four_events() -> None:
    for steps in product(EVENTS, repeat=4):
        happened(steps)
