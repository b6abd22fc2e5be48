"""The public objects that every tenant sees: facts of the standard, in a table beside this file.

An object is a line `id version kind single|multiple optional|mandatory name`, its resources follow indented:
`id operations type single|multiple optional|mandatory name`, with `-` for none.
"""

from functools import cache
from pathlib import Path

from chalicelib.fleet.twin.definitions import ObjectDefinition, ResourceDefinition
from chalicelib.fleet.twin.values import ResourceType

_TABLE = Path(__file__).with_name("public_objects.txt")
_COLUMNS = 5


@cache
def public_objects() -> tuple[ObjectDefinition, ...]:
    found: list[tuple[list[str], dict[int, ResourceDefinition]]] = []
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith(" "):
            resource = _resource(line.split(maxsplit=_COLUMNS))
            found[-1][1][resource.id] = resource
        elif line and not line.startswith("#"):
            found.append((line.split(maxsplit=_COLUMNS), {}))
    return tuple(_object(columns, resources) for columns, resources in found)


def _object(columns: list[str], resources: dict[int, ResourceDefinition]) -> ObjectDefinition:
    id_, version, kind, multiple, mandatory, name = columns
    urn = f"urn:oma:lwm2m:{kind}:{id_}" + ("" if version == "1.0" else f":{version}")
    return ObjectDefinition(int(id_), version, urn, name, multiple == "multiple", mandatory == "mandatory", resources)


def _resource(columns: list[str]) -> ResourceDefinition:
    id_, operations, type_, multiple, mandatory, name = columns
    return ResourceDefinition(
        int(id_),
        name,
        operations.strip("-"),
        None if type_ == "-" else ResourceType(type_),
        multiple=multiple == "multiple",
        mandatory=mandatory == "mandatory",
    )
