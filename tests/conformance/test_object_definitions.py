"""The table of public objects against what others ship of the same standard."""

import json
import subprocess
from pathlib import Path

import pytest

from chalicelib.fleet.twin.definitions import ObjectDefinition
from chalicelib.fleet.twin.description_files import read
from chalicelib.fleet.twin.public import public_objects
from chalicelib.fleet.twin.values import ResourceType
from tests.conformance.environments import node_environment, python_environment

pytestmark = [pytest.mark.conformance, pytest.mark.row("F3")]

FIRST = {each.id: each for each in public_objects() if each.version == "1.0"}
TYPES = {
    ResourceType.STRING: "string",
    ResourceType.INTEGER: "integer",
    ResourceType.UNSIGNED_INTEGER: "integer",
    ResourceType.FLOAT: "float",
    ResourceType.BOOLEAN: "boolean",
    ResourceType.BASE64: "opaque",
    ResourceType.DATETIME: "time",
    ResourceType.LINK: "objlnk",
}
REGISTRY_DIFFERS = {(3310, 5826)}
"""The registry of the Open Mobile Alliance lets a load's critical level be written."""


def facts(definition: ObjectDefinition) -> object:
    resources = sorted(definition.resources.values(), key=lambda each: each.id)
    return (
        definition.id,
        definition.multiple,
        definition.mandatory,
        [(each.id, each.operations, each.type, each.multiple) for each in resources],
    )


def test_the_objects_of_lwm2m_1_0_are_those_of_another_package() -> None:
    """It carries the files of the Open Mobile Alliance for 0 to 3 and 5 to 7."""
    python = python_environment("emqxlwm2m", "emqxlwm2m==0.6.0")
    where = "import importlib.util; print(importlib.util.find_spec('emqxlwm2m').submodule_search_locations[0])"
    done = subprocess.run([str(python), "-c", where], capture_output=True, text=True, timeout=60, check=True)
    files = sorted((Path(done.stdout.strip()) / "oma").glob("*.xml"))
    theirs = [read(file.read_bytes()) for file in files]
    assert sorted(each.id for each in theirs) == [0, 1, 2, 3, 5, 6, 7]
    for each in theirs:
        assert facts(each) == facts(FIRST[each.id])


def test_the_ipso_objects_are_those_of_another_package() -> None:
    """Where both know a resource of a sensor or actuator, they agree on its type and what may be done with it."""
    folder = node_environment("lwm2m-id", "lwm2m-id@1.6.4")
    defs = json.loads((folder / "node_modules/lwm2m-id/defs/defs.json").read_text(encoding="utf-8"))
    compared = 0
    for name, id_ in defs["oid"].items():
        if id_ not in FIRST or id_ < 3200:
            continue
        ours = FIRST[id_]
        for resource, theirs in defs["specificResrcChar"].get(name, {}).items():
            number = defs["specificRid"].get(name, {}).get(resource, defs["uniqueRid"].get(resource))
            if number not in ours.resources:
                continue
            mine = ours.resources[number]
            compared += 1
            if (id_, number) not in REGISTRY_DIFFERS:
                assert theirs["access"] == mine.operations, (name, resource)
            if mine.type is not None:  # what is executed has none
                assert theirs["type"] == TYPES[mine.type], (name, resource)
    assert compared > 100
