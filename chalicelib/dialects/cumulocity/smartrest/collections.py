"""Collections of templates that devices, or people, define themselves (guide "SmartREST 2.0").

One is a managed object: what was published on `s/ut/{xid}` and what was made over REST are the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.dialects.cumulocity import objects as shapes
from chalicelib.dialects.cumulocity.smartrest import paths, values
from chalicelib.dialects.cumulocity.smartrest.faults import NOT_MADE, Fault
from chalicelib.dialects.cumulocity.smartrest.rows import Row
from chalicelib.fleet.errors import ExternalIdDuplicate, ExternalIdNotFound
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports

TYPE, IDENTITY = "c8y_SmartRest2Template", "c8y_SmartRest2DeviceIdentifier"
FRAGMENT = "com_cumulocity_model_smartrest_csv_CsvSmartRestTemplate"
XID = re.compile(r"[^/#+]{1,60}")
MOST = 200
"""Templates of a collection."""
_REQUEST, _RESPONSE = "10", "11"
MANDATORY: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("MEASUREMENT", "POST"): ("type", "time"),
    ("EVENT", "POST"): ("type", "text", "time"),
    ("ALARM", "POST"): ("type", "text", "status", "severity", "time"),
    ("ALARM", "PUT"): ("type",),
    ("INVENTORY", "GET"): ("byId", "externalIdType"),
    ("INVENTORY", "PUT"): ("byId", "externalIdType"),
    ("INVENTORY", "POST"): ("externalIdType",),
    ("OPERATION", "PUT"): ("fragment",),
}
"""What templates of each API and method have before their own values."""


@dataclass(frozen=True, slots=True)
class Value:
    """A value of a request's own; an empty one is sent with it, unless it is a flag."""

    path: str
    type: str
    value: str

    @property
    def sent(self) -> bool:
        return not self.value and self.type.upper() != values.FLAG


@dataclass(frozen=True, slots=True)
class Request:
    id: str
    method: str
    api: str
    responds: bool
    by_id: bool
    external_type: str
    mandatory: tuple[str, ...]
    """What it has for what is mandatory besides; what is empty is sent with it."""
    custom: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Response:
    id: str
    base: str
    condition: str
    patterns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    xid: str
    requests: Mapping[str, Request]
    responses: tuple[Response, ...]


def find(ports: Ports, tenant: str, xid: str) -> tuple[ManagedObject, Collection] | None:
    try:
        found = objects.named(ports, tenant, IDENTITY, xid)
    except ExternalIdNotFound:
        return None
    return found, of_object(found, xid)


def make(ports: Ports, tenant: str, owner: str, xid: str, rows: Sequence[Row], said: tuple[int, str]) -> ManagedObject:
    """Of rows of 10 and 11; what the message that `said` so has made already, where it comes once more.

    Errors: Fault (one of the rows is wrong, or there is such a collection already).
    """
    made = _of_rows(xid, rows)
    wanted = objects.Draft(
        name=xid,
        type=TYPE,
        owner=owner,
        fragments={TYPE: {}, FRAGMENT: document(made), "__externalId": xid},
        named=[(IDENTITY, xid)],
        indexed=shapes.INDEXED,
        said=said,
    )
    try:
        return objects.create(ports, tenant, wanted)
    except ExternalIdDuplicate:
        raise Fault(NOT_MADE, "a collection with this id exists already") from None


def document(collection: Collection) -> dict[str, Any]:
    """As it stands in the object."""
    return {
        "requestTemplates": [
            {
                "msgId": one.id,
                "method": one.method,
                "api": one.api,
                "response": one.responds,
                "byId": one.by_id,
                "externalIdType": one.external_type,
                "mandatoryValues": list(one.mandatory),
                "customValues": [{"path": v.path, "type": v.type, "value": v.value} for v in one.custom],
            }
            for one in collection.requests.values()
        ],
        "responseTemplates": [
            {"msgId": one.id, "base": one.base, "condition": one.condition, "pattern": list(one.patterns)}
            for one in collection.responses
        ],
    }


def of_object(found: ManagedObject, xid: str) -> Collection:
    """What somebody may have written otherwise is left out as far as it is none."""
    held = found.fragments.get(FRAGMENT)
    said = held if isinstance(held, dict) else {}
    requests = {one.id: one for one in map(_request_of, _dicts(said.get("requestTemplates"))) if one is not None}
    responses = tuple(map(_response_of, _dicts(said.get("responseTemplates"))))
    return Collection(xid, requests, responses)


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    yield from (one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _request_of(said: Mapping[str, Any]) -> Request | None:
    api, method = _text(said.get("api")).upper(), _text(said.get("method")).upper()
    if (api, method) not in MANDATORY:
        return None
    listed = said.get("mandatoryValues")
    custom = [
        Value(_text(one.get("path")), _text(one.get("type")) or values.STRING, _text(one.get("value")))
        for one in _dicts(said.get("customValues"))
    ]
    responds = said.get("response")
    return Request(
        _text(said.get("msgId")),
        method,
        api,
        bool(responds) if responds is not None else method == "GET",
        bool(said.get("byId")),
        _text(said.get("externalIdType")),
        tuple(map(_text, listed)) if isinstance(listed, list) else (),
        tuple(custom),
    )


def _response_of(said: Mapping[str, Any]) -> Response:
    listed = said.get("pattern")
    patterns = tuple(map(_text, listed)) if isinstance(listed, list) else ()
    return Response(_text(said.get("msgId")), _text(said.get("base")), _text(said.get("condition")), patterns)


def _of_rows(xid: str, rows: Sequence[Row]) -> Collection:
    if len(rows) > MOST:
        raise Fault(NOT_MADE, f"a collection has at most {MOST} templates")
    requests: dict[str, Request] = {}
    responses: list[Response] = []
    for row in rows:
        if row.broken or len(row.values) < _SHORTEST:
            raise Fault(NOT_MADE, f"row {row.number + 1} is no template")
        if row.id == _REQUEST:
            made = _request(row.values)
            if made.id in requests:
                raise Fault(NOT_MADE, f"there are two requests {made.id[:64]}")
            requests[made.id] = made
        elif row.id == _RESPONSE:
            responses.append(_response(row.values))
        else:
            raise Fault(NOT_MADE, f"a template begins with 10 or 11, not {row.id[:64]}")
    if len({one.id for one in responses}) != len(responses) or {one.id for one in responses} & requests.keys():
        raise Fault(NOT_MADE, "the ids of a collection's templates differ")
    return Collection(xid, requests, tuple(responses))


_SHORTEST, _WIDTH = 3, 3


def _request(given: Sequence[str]) -> Request:
    _, identifier, method, api, responds, *rest = [*given, *([""] * (5 - len(given)))]
    names = MANDATORY.get((api.upper(), method.upper()))
    if not identifier or names is None:
        raise Fault(NOT_MADE, f"{identifier[:64]}: there is no {method[:64]} of {api[:64]}")
    if responds.lower() not in ("", "true", "false"):
        raise Fault(NOT_MADE, f"{identifier[:64]}: whether it responds is true or false")
    fixed = dict(zip(names, [*rest[: len(names)], *([""] * len(names))], strict=False))
    custom = list(rest[len(names) :])
    while len(custom) % _WIDTH and not custom[-1]:
        custom.pop()
    custom += [""] * (-len(custom) % _WIDTH)
    by_id = fixed.pop("byId", "false").lower()
    if by_id not in ("", "true", "false"):
        raise Fault(NOT_MADE, f"{identifier[:64]}: byId is true or false")
    external = fixed.pop("externalIdType", "")
    each = [Value(*custom[at : at + _WIDTH]) for at in range(0, len(custom), _WIDTH)]
    return Request(
        identifier,
        method.upper(),
        api.upper(),
        responds.lower() == "true" if responds else method.upper() == "GET",
        by_id == "true",
        external,
        tuple(fixed.values()),
        tuple(_checked(identifier, one) for one in each if one.path),
    )


def _checked(identifier: str, value: Value) -> Value:
    """Errors: Fault."""
    type_ = value.type.upper() or values.STRING
    if type_ not in values.TYPES:
        raise Fault(NOT_MADE, f"{identifier[:64]}: there is no type {value.type[:64]}")
    try:
        values.put({}, value.path, 1)
        if value.value:
            values.read(type_, value.value)
    except Fault as fault:
        raise Fault(NOT_MADE, f"{identifier[:64]}: {fault}") from fault
    return Value(value.path, type_, value.value)


def _response(given: Sequence[str]) -> Response:
    _, identifier, base, *rest = given
    condition, *patterns = rest or [""]
    for path in (base, condition, *patterns):
        if path and not paths.is_path(path):
            raise Fault(NOT_MADE, f"{identifier[:64]}: {path[:256]} is no path of names, ['names'], [numbers] and [*]")
    if not identifier:
        raise Fault(NOT_MADE, "a template has an id")
    return Response(identifier, base, condition, tuple(patterns))
