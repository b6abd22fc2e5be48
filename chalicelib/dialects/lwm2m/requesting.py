"""Operations and observations as requests to a device (LwM2M Core 1.1, 6.3 and 6.4; manual 7.3 and 7.8.6)."""

from collections.abc import Sequence

from chalicelib.dialects.lwm2m import payloads
from chalicelib.dialects.lwm2m.content_formats import ContentFormat
from chalicelib.dialects.lwm2m.entries import CannotCarry, Item
from chalicelib.dialects.lwm2m.modelled import Model
from chalicelib.dialects.lwm2m.wire import Asked
from chalicelib.fleet.twin import paths, values
from chalicelib.fleet.twin.paths import ROOT
from chalicelib.fleet.twin.records import (
    ANSWER_S,
    Assignment,
    Operation,
    OperationType,
    WriteMode,
)
from chalicelib.fleet.twin.values import UnfitError

_INSTANCE, _RESOURCE = 2, 3


def operation(model: Model, asked: Operation) -> Asked:
    """Raises CannotCarry where the device, its version or a format cannot be asked that."""
    match asked.type:
        case OperationType.READ:
            return _read(model, asked)
        case OperationType.WRITE:
            return _write(model, asked)
        case OperationType.EXECUTE:
            return Asked("POST", model.target(paths.parse(asked.paths[0])), answer=ANSWER_S)
        case OperationType.WRITE_METADATA:
            return _metadata(model, asked)
        case OperationType.CREATE:
            return _create(model, asked)
        case OperationType.DELETE:
            return Asked("DELETE", model.target(paths.parse(asked.paths[0])), answer=ANSWER_S)


def observation(model: Model, observed: Sequence[str], token: str, *, end: bool = False) -> Asked:
    """Raises CannotCarry."""
    wanted = [paths.parse(path) for path in observed]
    observe = 1 if end else 0
    if len(wanted) == 1:
        return Asked("GET", model.target(wanted[0]), observe=observe, token=token)
    accept = (
        payloads.format_to_accept(model.twin.version, model.twin.formats, composite=True) or ContentFormat.SENML_JSON
    )
    payload = payloads.encode_paths(accept, wanted)
    return Asked("FETCH", model.target(ROOT), payload, accept, accept, observe=observe, token=token)


def _read(model: Model, asked: Operation) -> Asked:
    wanted = [paths.parse(path) for path in asked.paths]
    accept = _named(asked.response_format)
    if len(wanted) == 1 and wanted[0] != ROOT:
        return Asked("GET", model.target(wanted[0]), accept=accept, answer=ANSWER_S)
    own = payloads.format_to_accept(model.twin.version, model.twin.formats, composite=True)
    sent = _chosen(asked.request_format, own or ContentFormat.SENML_JSON)
    payload = payloads.encode_paths(sent, wanted)
    return Asked("FETCH", model.target(ROOT), payload, sent, own if accept is None else accept, answer=ANSWER_S)


def _write(model: Model, asked: Operation) -> Asked:
    base = paths.parse(asked.paths[0])
    items = [_item(model, each) for each in asked.values]
    method = "PUT"
    if base == ROOT:
        method = "iPATCH"
    elif len(base) == _INSTANCE and asked.mode is not WriteMode.REPLACE:
        method = "POST"
    elif len(base) == _RESOURCE and asked.mode is not WriteMode.REPLACE and [i.path for i in items] != [base]:
        # An update of some of a resource's instances is one of the object instance that holds them.
        method, base = "POST", base[:_INSTANCE]
    elif len(base) == _RESOURCE and [i.path for i in items] == [base] and model.is_multiple(base):
        raise CannotCarry(f"{paths.write(base)} has instances: say which ones have what value")
    own = payloads.format_to_write(model.twin.version, base, items, model.twin.formats, composite=base == ROOT)
    format_ = _chosen(asked.request_format, own)
    payload = payloads.encode(format_, base, items)
    return Asked(method.upper(), model.target(base), payload, format_, answer=ANSWER_S)


def _create(model: Model, asked: Operation) -> Asked:
    """With the id of the new instance where the path has one; else the device chooses it."""
    base = paths.parse(asked.paths[0])
    items = [_item(model, each) for each in asked.values]
    object_ = base[:1]
    if not items and len(base) == 1:
        return Asked("POST", model.target(object_), answer=ANSWER_S)
    own = payloads.format_to_write(model.twin.version, object_, items, model.twin.formats)
    format_ = _chosen(asked.request_format, own)
    encoded_at = object_ if len(base) == _INSTANCE or format_ is not ContentFormat.TLV else items[0].path[:_INSTANCE]
    return Asked("POST", model.target(object_), payloads.encode(format_, encoded_at, items), format_, answer=ANSWER_S)


def _metadata(model: Model, asked: Operation) -> Asked:
    (only,) = asked.values
    query = tuple(each.name if each.value is None else f"{each.name}={each.value}" for each in only.metadata)
    return Asked("PUT", model.target(paths.parse(only.path)), query=query, answer=ANSWER_S)


def _item(model: Model, assignment: Assignment) -> Item:
    path = paths.parse(assignment.path)
    type_ = model.type_of(path)
    if type_ is None:
        raise CannotCarry(f"{assignment.path} is not defined, or has no value that could be written")
    try:
        return Item(path, type_, values.parse(type_, assignment.value or ""))
    except UnfitError as error:
        raise CannotCarry(f"{assignment.path}: {error}") from error


def _chosen(format_: str | None, otherwise: ContentFormat) -> ContentFormat:
    named = _named(format_)
    return otherwise if named is None else named


def _named(format_: str | None) -> ContentFormat | None:
    return None if format_ is None else ContentFormat[format_]
