"""Object definitions as the Open Mobile Alliance publishes them: its Device Description Framework, in XML.

Neither entities nor document types are read: nothing in such a file can grow or reach out.
"""

import re
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.fields import Field
from chalicelib.fleet.twin.definitions import FIRST_VERSION, ObjectDefinition, ResourceDefinition
from chalicelib.fleet.twin.paths import LAST
from chalicelib.fleet.twin.values import ResourceType

MOST_BYTES = 256 * 1024
_MOST_RESOURCES = 1000
_MOST_DEPTH = 16
_TYPES = {
    "string": ResourceType.STRING,
    "integer": ResourceType.INTEGER,
    "unsigned integer": ResourceType.UNSIGNED_INTEGER,
    "float": ResourceType.FLOAT,
    "boolean": ResourceType.BOOLEAN,
    "opaque": ResourceType.BASE64,
    "time": ResourceType.DATETIME,
    "objlnk": ResourceType.LINK,
    "corelnk": ResourceType.CORE_LINK,
}
_VERSION = re.compile(r"[0-9]{1,4}\.[0-9]{1,4}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,5}", re.ASCII)
_URN = re.compile(r"urn:oma:lwm2m:[a-z0-9-]{1,32}:[0-9]{1,5}(?::[0-9]{1,4}\.[0-9]{1,4})?", re.ASCII | re.IGNORECASE)


def read(data: bytes, *, owner: str | None = None) -> ObjectDefinition:
    """The first object of a file; raises Invalid, whose text says what is wrong."""
    if len(data) > MOST_BYTES:
        raise Invalid(f"an object definition has at most {MOST_BYTES} bytes", Field.FILE)
    root = _tree(data)
    found = root.find("Object") if root.tag == "LWM2M" else None
    if found is None:
        raise Invalid("the file describes no LWM2M object", Field.FILE)
    return _object(found, owner)


def _tree(data: bytes) -> Element:
    builder, parser, depth = TreeBuilder(), expat.ParserCreate(), 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _MOST_DEPTH:
            raise Invalid("the file is nested too deeply", Field.FILE)
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise Invalid("document types and entities are not read", Field.FILE)

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise Invalid(f"the file is no XML: {error}", Field.FILE) from error
    return builder.close()


def _object(element: Element, owner: str | None) -> ObjectDefinition:
    id_ = _id(_of(element, "ObjectID"))
    version = _of(element, "ObjectVersion") or FIRST_VERSION
    if not _VERSION.fullmatch(version):
        raise Invalid("ObjectVersion is no version such as 1.0", Field.FILE)
    urn = _of(element, "ObjectURN").lower()
    if not _URN.fullmatch(urn) or urn.split(":")[4] != str(id_):
        raise Invalid("ObjectURN is not urn:oma:lwm2m:{kind}:{ObjectID}, with or without a version", Field.FILE)
    name = _of(element, "Name")
    if not name:
        raise Invalid("the object has no Name", Field.FILE)
    items = element.findall("Resources/Item")
    if len(items) > _MOST_RESOURCES:
        raise Invalid(f"an object has at most {_MOST_RESOURCES} resources", Field.FILE)
    resources: dict[int, ResourceDefinition] = {}
    for resource in map(_resource, items):
        if resource.id in resources:
            raise Invalid(f"resource {resource.id} is there twice", Field.FILE)
        resources[resource.id] = resource
    return ObjectDefinition(
        id=id_,
        version=version,
        urn=canonical_urn(urn, version),
        name=name,
        multiple=_is(element, "MultipleInstances", "Multiple", "Single"),
        mandatory=_is(element, "Mandatory", "Mandatory", "Optional"),
        resources=resources,
        description=_of(element, "Description1"),
        owner=owner,
    )


def canonical_urn(urn: str, version: str) -> str:
    """As it is answered: with its version unless that is 1.0."""
    base = ":".join(urn.split(":")[:5])
    return base if version == FIRST_VERSION else f"{base}:{version}"


def _resource(item: Element) -> ResourceDefinition:
    id_ = _id(item.get("ID") or "")
    operations = _of(item, "Operations").upper()
    if operations not in ("", "R", "W", "RW", "E"):
        raise Invalid(f"resource {id_}: Operations is none of R, W, RW, E", Field.FILE)
    type_name = _of(item, "Type")
    type_ = _TYPES.get(type_name.lower())
    if type_ is None and (type_name or operations in ("R", "W", "RW")):
        raise Invalid(f"resource {id_}: Type is none that is known", Field.FILE)
    name = _of(item, "Name")
    if not name:
        raise Invalid(f"resource {id_} has no Name", Field.FILE)
    return ResourceDefinition(
        id=id_,
        name=name,
        operations=operations,
        type=type_,
        multiple=_is(item, "MultipleInstances", "Multiple", "Single"),
        mandatory=_is(item, "Mandatory", "Mandatory", "Optional"),
        description=_of(item, "Description"),
    )


def _of(element: Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _id(text: str) -> int:
    if not _NUMBER.fullmatch(text) or int(text) > LAST:
        raise Invalid(f"ids are whole numbers up to {LAST}", Field.FILE)
    return int(text)


def _is(element: Element, tag: str, yes: str, no: str) -> bool:
    text = _of(element, tag)
    if text.lower() not in (yes.lower(), no.lower()):
        raise Invalid(f"{tag} is neither {yes} nor {no}", Field.FILE)
    return text.lower() == yes.lower()
