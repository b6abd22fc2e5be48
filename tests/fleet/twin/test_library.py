"""What an operator adds to the public objects of a stage."""

from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.fleet.twin import library
from chalicelib.fleet.twin.definitions import Definitions
from chalicelib.fleet.twin.description_files import read
from chalicelib.fleet.twin.library import Outcome
from chalicelib.fleet.twin.public import public_objects
from infra.cli.models import imported
from tests.fakes import MemoryPorts
from tests.fleet.twin.test_twin_models import FILE


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


def test_an_added_object_is_seen_beside_the_shipped_ones(ports: MemoryPorts) -> None:
    pump = read(FILE.encode())
    assert library.published(ports) == list(public_objects())
    assert [library.publish(ports, pump) for _ in range(2)] == [Outcome.ADDED, Outcome.UNCHANGED]
    changed = replace(pump, name="Water Pump")
    assert library.publish(ports, changed) == Outcome.CHANGED
    seen = Definitions(library.published(ports))
    assert seen.of(20_000) == changed
    assert seen.of(3) is not None


def test_a_shipped_version_can_be_replaced(ports: MemoryPorts) -> None:
    (device,) = [each for each in public_objects() if (each.id, each.version) == (3, "1.0")]
    mine = replace(device, name="My Device")
    assert library.publish(ports, mine) == Outcome.CHANGED
    assert Definitions(library.published(ports)).of(3) == mine
    assert len(library.published(ports)) == len(public_objects())


def test_more_objects_than_a_page_are_seen(ports: MemoryPorts) -> None:
    pump = read(FILE.encode())
    for number in range(250):
        library.publish(ports, replace(pump, id=11_000 + number))
    assert len(library.published(ports)) == len(public_objects()) + 250


def test_every_shipped_definition_survives_being_kept() -> None:
    for definition in public_objects():
        assert library.definition_of(library.body_of(definition)) == definition


def test_a_folder_is_imported_file_by_file_and_again(ports: MemoryPorts, tmp_path: Path) -> None:
    (tmp_path / "20000.xml").write_text(FILE, encoding="utf-8")
    (tmp_path / "history").mkdir()
    (tmp_path / "history/20000-1_0.xml").write_text(FILE.replace("1.1", "1.0"), encoding="utf-8")
    (tmp_path / "DDF.xml").write_text("<DDFList/>", encoding="utf-8")
    (tmp_path / "huge.xml").write_bytes(b" " * 300_000)
    (tmp_path / "README.md").write_text("no definition", encoding="utf-8")
    first = [(path.name, outcome) for path, outcome, _ in imported(ports, tmp_path)]
    assert first == [
        ("20000.xml", "added"),
        ("DDF.xml", "skipped"),
        ("20000-1_0.xml", "added"),
        ("huge.xml", "skipped"),
    ]
    again = {outcome for _, outcome, _ in imported(ports, tmp_path)}
    assert again == {"unchanged", "skipped"}
    reasons = [reason for _, outcome, reason in imported(ports, tmp_path) if outcome == "skipped"]
    assert reasons == ["the file describes no LWM2M object", "an object definition has at most 262144 bytes"]
