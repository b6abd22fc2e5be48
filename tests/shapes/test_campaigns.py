"""A campaign and its members keep what a newer release knows of them."""

from dataclasses import replace

from chalicelib.fleet.commands import campaigns
from chalicelib.fleet.commands.campaigns import Campaign, Program
from chalicelib.fleet.ports import Ports
from tests.fakes import MemoryPorts

TENANT = "t1"


def _members(_ports: Ports, _tenant: str, _campaign: Campaign) -> list[str]:
    return ["1", "2"]


def _make(*_: object) -> None:
    return None


def test_a_campaign_and_its_members_keep_what_a_newer_release_knows_of_them() -> None:
    ports, program = MemoryPorts(), Program("d.campaigns", _members, _make)
    made = campaigns.create(ports, program, TENANT, ports.clock.now(), 600_000, {"x": 1})
    for _ in range(3):
        for key, known in list(ports.records.rows.items()):
            ports.records.rows[key] = replace(known, body={**known.body, "mood": "fine"})
        campaigns.work(ports, program, TENANT, made.id, ports.clock.now() + 1_000)
        ports.clock.advance(seconds=600)
    assert campaigns.get(ports, program, TENANT, made.id).made == 2
    assert [known.body["mood"] for known in ports.records.rows.values()] == ["fine"] * 3
