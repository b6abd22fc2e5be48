"""`/api/v1/deviceMgt/twin`: which objects devices may have (manual 7.8.4), and which values become messages (7.8.9)."""

from email.message import Message
from email.parser import BytesParser
from typing import Any

from chalicelib.dialects.live_objects.rest.devices import READ, WRITE
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.dialects.live_objects.rest.shapes import twin as shapes
from chalicelib.dialects.live_objects.rest.twins import ROOT_DEFINITION
from chalicelib.fleet.errors import (
    DefinitionDuplicate,
    DefinitionNotFound,
    Forbidden,
    Invalid,
    LimitReached,
    RuleNotFound,
)
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.twin import description_files, modelling, rules
from chalicelib.fleet.twin.definitions import CUSTOM_IDS, ObjectDefinition, ResourceDefinition
from chalicelib.fleet.twin.values import ResourceType
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_DEFINITION = Parameter("definition_id", place=Place.PATH, bounds=(1, 128), explained="urn:oma:lwm2m for all")
_INPUT = Parameter("inputFormat", default="lwm2m", choices=("lwm2m",))
_OVERRIDE = Parameter("override", Kind.BOOLEAN, default=False)
_RULE = Parameter("rule_id", place=Place.PATH, bounds=(1, 64))
_LARGEST = 256 * 1024
_MOST_FORMS = 8
"""Parts that are forms again, of which none is read: what they cost grows with the square of how many there are."""
_FORM, _FILE = "multipart/form-data", "file"
_OPERATIONS = {"R": "READ", "W": "WRITE", "E": "EXECUTE"}
_AS_TEXT = frozenset({ResourceType.LINK, ResourceType.CORE_LINK})


def definition(ports: Ports, request: Request) -> Answer:
    asked: str = request.asked["definition_id"]
    if asked.lower() == ROOT_DEFINITION:
        found = modelling.seen(ports, request.tenant).all()
        children = [_definition(each) for each in found]
        return Answer({"objectDefinitionId": ROOT_DEFINITION, "type": "OBJECT", "children": children})
    return Answer(_definition(modelling.named(ports, request.tenant, asked), whole=True))


def define(ports: Ports, request: Request) -> Answer:
    """Import an object definition, as the Open Mobile Alliance writes them in XML."""
    made = description_files.read(_file(request), owner=request.tenant)
    if made.id not in CUSTOM_IDS:
        raise Invalid(f"objects of a tenant's own are from {CUSTOM_IDS[0]} to {CUSTOM_IDS[-1]}", _FILE)
    modelling.define(ports, request.tenant, made, override=request.asked["override"])
    return Answer(_definition(made, whole=True))


def remove(ports: Ports, request: Request) -> Answer:
    modelling.remove(ports, request.tenant, request.asked["definition_id"])
    return Answer()


def add_rule(ports: Ports, request: Request) -> Answer:
    """Let values that devices report by themselves become messages; there is one rule a tenant."""
    body = request.body
    made = rules.create(ports, request.tenant, body["name"], body["type"], shapes.covered(body))
    return Answer(shapes.render_rule(made))


def list_rules(ports: Ports, request: Request) -> Answer:
    return Answer([shapes.render_rule(each) for each in rules.listing(ports, request.tenant)])


def read_rule(ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render_rule(rules.get(ports, request.tenant, request.asked["rule_id"])))


def update_rule(ports: Ports, request: Request) -> Answer:
    named, covered = request.body["name"], shapes.covered(request.body)
    changed = rules.update(ports, request.tenant, request.asked["rule_id"], named, covered)
    return Answer(shapes.render_rule(changed))


def delete_rule(ports: Ports, request: Request) -> Answer:
    rules.delete(ports, request.tenant, request.asked["rule_id"])
    return Answer()


def _file(request: Request) -> bytes:
    """The field `file` of a form, or the body itself where that is no form. Errors: Invalid, TooLarge."""
    kind = request.headers.get("content-type") or ""
    content = _field(kind, request.raw) if kind.split(";")[0].strip().lower() == _FORM else request.raw
    if len(content) > _LARGEST:
        raise Invalid(f"a file has at most {_LARGEST} bytes", _FILE)
    return content


def _field(kind: str, raw: bytes) -> bytes:
    if len(raw) > 2 * _LARGEST:
        raise Invalid(f"a file has at most {_LARGEST} bytes", _FILE)
    if raw.lower().count(b"multipart/") > _MOST_FORMS:
        raise Invalid("there are forms in the form", _FILE)
    try:
        content = _found(BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw))
    except (RecursionError, LookupError, TypeError, ValueError) as error:
        # The parser is made for mail: it reads forms in forms, and stumbles over parameters in pieces.
        raise Invalid("the form cannot be read", _FILE) from error
    if content is not None:
        return content
    raise Invalid("the form has no field file", _FILE)


def _found(form: Message) -> bytes | None:
    parts: Any = form.get_payload() if form.is_multipart() else ()
    for part in parts:
        if part.get_param("name", header="content-disposition") == _FILE:
            content = part.get_payload(decode=True)
            return content if isinstance(content, bytes) else b""
    return None


def _definition(definition: ObjectDefinition, *, whole: bool = False) -> dict[str, Any]:
    """The attributes are left out of a list: nobody reads those of all objects."""
    attributes = [_attribute(each) for _, each in sorted(definition.resources.items())]
    return present(
        {
            "objectDefinitionId": definition.urn,
            "pathSegment": str(definition.id),
            "name": definition.name,
            "description": definition.description or None,
            **_occurs(mandatory=definition.mandatory, multiple=definition.multiple),
            "type": "OBJECT_MAP",
            "operations": [_OPERATIONS[each] for each in definition.operations],
            "attributes": attributes if whole else None,
            "parent": ROOT_DEFINITION,
            "owner": definition.owner,
        }
    )


def _attribute(resource: ResourceDefinition) -> dict[str, Any]:
    type_ = ResourceType.STRING if resource.type in _AS_TEXT else resource.type
    return present(
        {
            "pathSegment": str(resource.id),
            "name": resource.name,
            "description": resource.description or None,
            **_occurs(mandatory=resource.mandatory, multiple=resource.multiple),
            "type": type_,
            "operations": [_OPERATIONS[each] for each in resource.operations],
        }
    )


def _occurs(*, mandatory: bool, multiple: bool) -> dict[str, int]:
    return {"minOccurs": int(mandatory), "maxOccurs": 0 if multiple else 1}


_DEFINITIONS = "/api/v1/deviceMgt/twin/model/object-definitions"
_ONE = f"{_DEFINITIONS}/{{definition_id}}"
_RULES = "/api/v1/deviceMgt/twin/data/rules"
_ONE_RULE = f"{_RULES}/{{rule_id}}"

ROUTES = (
    Route(
        "GET",
        _ONE,
        definition,
        "Get an object definition, or all",
        READ,
        parameters=(_DEFINITION,),
        failures=(DefinitionNotFound,),
    ),
    Route(
        "POST",
        _DEFINITIONS,
        define,
        "Import an object definition",
        WRITE,
        201,
        parameters=(_INPUT, _OVERRIDE),
        failures=(DefinitionDuplicate, LimitReached),
    ),
    Route(
        "DELETE",
        _ONE,
        remove,
        "Remove an object definition of one's own",
        WRITE,
        204,
        parameters=(_DEFINITION,),
        failures=(DefinitionNotFound, Forbidden),
    ),
    Route(
        "POST",
        _RULES,
        add_rule,
        "Add a data rule",
        WRITE,
        201,
        schema=shapes.RULE,
        failures=(LimitReached,),
    ),
    Route("GET", _RULES, list_rules, "List the data rules", READ),
    Route("GET", _ONE_RULE, read_rule, "Get a data rule", READ, parameters=(_RULE,), failures=(RuleNotFound,)),
    Route(
        "PUT",
        _ONE_RULE,
        update_rule,
        "Change a data rule",
        WRITE,
        schema=shapes.RULE,
        parameters=(_RULE,),
        failures=(RuleNotFound,),
    ),
    Route(
        "DELETE",
        _ONE_RULE,
        delete_rule,
        "Delete a data rule",
        WRITE,
        204,
        parameters=(_RULE,),
        failures=(RuleNotFound,),
    ),
)
