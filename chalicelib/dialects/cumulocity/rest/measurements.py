"""Measurements: made one by one or many at once, listed and deleted (reference, "Measurements")."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import fragments, realtime
from chalicelib.dialects.cumulocity import measurements as shapes
from chalicelib.dialects.cumulocity.errors import MeasurementNotFound
from chalicelib.dialects.cumulocity.keeping import Said
from chalicelib.dialects.cumulocity.measurements import Measurement
from chalicelib.dialects.cumulocity.rest import asking, contents, creating, data, links, lists, paging
from chalicelib.dialects.cumulocity.rest.sources import SOURCE, Sources
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import Invalid, LimitReached, MessageNotFound, TemporarilyUnavailable
from chalicelib.fleet.ports import Ports
from chalicelib.web import media_types
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.refusals import NotAcceptable
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "measurement", "measurementCollection"
PATH = ("measurement", "measurements")
CSV = "text/csv"
_SHEETS = frozenset({"application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"})


def view(request: Request, sources: Sources, message: DataMessage, found: Measurement) -> dict[str, Any]:
    number = data.number(sources, message)
    source = sources.view(str(message.metadata["source"]))
    return shapes.view(found, number, source, links.to(request, *PATH, number))


def _made(ports: Ports, sources: Sources, body: Any, event: str, row: int) -> tuple[DataMessage, str]:
    if not isinstance(body, dict):
        raise Invalid("a measurement is a JSON object", "measurements")
    fragments.ensure(body, *shapes.MANDATORY)
    source, read = sources.of_body(body), shapes.read(body)
    value = {fragment: dict(numbers) for fragment, numbers in read.numbers.items()}
    said = Said(shapes.KIND, read.type, read.time, value, read.extra, row)
    return data.message(ports, source, said, event), source.source


def _view(request: Request, sources: Sources, message: DataMessage) -> Mapping[str, Any]:
    found = shapes.of(message)
    return view(request, sources, message, found) if found is not None else {}


_CREATED = creating.Kind(KIND, "measurements", PATH, _made, _view)


def _create(ports: Ports, request: Request) -> Answer:
    return creating.create(_CREATED, ports, request)


def _get(ports: Ports, request: Request) -> Answer:
    message = _found(ports, request)
    return contents.found(request, KIND, _view(request, Sources(ports, request), message))


def _delete(ports: Ports, request: Request) -> Answer:
    found = _found(ports, request)
    messages.remove(ports, request.tenant, found.stream, found.id)
    number = request.path["measurementId"]
    data.tell(ports, request, realtime.MEASUREMENTS, data.source_of(number), "DELETE", lambda _: number)
    return Answer()


def _found(ports: Ports, request: Request) -> DataMessage:
    number = request.path["measurementId"]
    try:
        found = data.get(ports, request.by, number)
    except MessageNotFound:
        found = None
    if found is None or shapes.of(found) is None:
        raise MeasurementNotFound(f"Finding measurement from database failed : No measurement for gid '{number[:64]}'!")
    return found


def _list(ports: Ports, request: Request) -> Answer:
    """As JSON, a page; as CSV all of it."""
    sources = Sources(ports, request)
    accepted = media_types.named(request.headers.get("accept", "").partition(",")[0])
    if accepted in _SHEETS:
        raise NotAcceptable(f"what there is here is JSON and {CSV}")
    if accepted == CSV:
        every = meant(ports, request, sources, asking.MOST_POINTS)
        shown = ((found, sources.view(str(message.metadata["source"]))) for message, found in every)
        return Answer(Raw(shapes.rows(shown, asking.MOST_POINTS).encode(), f"{CSV};charset=UTF-8"))
    found = partial(_after, ports, request, sources)
    page = lists.page(
        ports,
        request,
        "measurements",
        found,
        lambda one: data.mark(one[0]),
        lambda one: view(request, sources, *one),
        *PATH,
    )
    return contents.found(request, COLLECTION, page)


def _after(
    ports: Ports, request: Request, sources: Sources, after: str | None
) -> Iterator[tuple[DataMessage, Measurement]]:
    return meant(ports, request, sources, after=after)


def _delete_all(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    data.delete(ports, request, sources, shapes.KIND, partial(_picked, ports, request, sources))
    return Answer()


def _picked(ports: Ports, request: Request, sources: Sources) -> Iterator[DataMessage]:
    """Measurements by what a deletion asks for."""
    asked, moments, created = request.asked, asking.window(request), asking.window(request, "created")
    for message in asking.looked(data.walked(ports, request, sources, moments, ascending=False)):
        found = shapes.of(message) if message.kind == shapes.KIND else None
        if found is None or asked["type"] not in ("", found.type) or not created.has(message.created):
            continue
        if not asked["fragmentType"] or asked["fragmentType"] in found.numbers:
            yield message


def meant(
    ports: Ports, request: Request, sources: Sources, most: int = asking.MOST_LOOKED_AT, after: str | None = None
) -> Iterator[tuple[DataMessage, Measurement]]:
    """Those that the query means: the oldest of a range first, else the newest, or the other way round."""
    asked, moments = request.asked, asking.window(request)
    ascending = not moments.open and not asked["revert"]
    walked = data.walked(ports, request, sources, moments, ascending=ascending, after=after)
    for message in asking.looked(walked, most):
        found = shapes.of(message)
        if found is not None and asked["type"] in ("", found.type) and _has(found, asked):
            yield message, found


def _has(found: Measurement, asked: Mapping[str, Any]) -> bool:
    fragment, series = asked["valueFragmentType"], asked["valueFragmentSeries"]
    if fragment and fragment not in found.numbers and fragment not in found.rest:
        return False
    return not series or any(series == name and fragment in ("", of) for of, name, _ in found.series())


_ALL, _ONE = "/measurement/measurements", "/measurement/measurements/{measurementId}"
ROUTES = (
    Route(
        "POST",
        _ALL,
        _create,
        "Make a measurement, or many",
        roles=data.WRITING,
        devices=True,
        success=201,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        max_body=data.LARGEST,
        failures=(Invalid,),
    ),
    Route(
        "GET",
        _ALL,
        _list,
        "Measurements: the oldest of a range first, without one the newest",
        roles=data.READING,
        devices=True,
        parameters=(
            *paging.PARAMETERS,
            SOURCE,
            data.TYPE,
            Parameter("valueFragmentType", default=""),
            Parameter("valueFragmentSeries", default=""),
            *asking.DATES,
            Parameter("revert", Kind.BOOLEAN, default=False, explained="the newest of a range first"),
        ),
        failures=(Invalid,),
    ),
    Route(
        "DELETE",
        _ALL,
        _delete_all,
        "Delete measurements by source, type and time",
        roles=data.WRITING,
        devices=True,
        success=204,
        parameters=data.DELETED_BY,
        failures=(Invalid, LimitReached, TemporarilyUnavailable),
    ),
    Route("GET", _ONE, _get, "A measurement", roles=data.READING, devices=True, failures=(MeasurementNotFound,)),
    Route(
        "DELETE",
        _ONE,
        _delete,
        "Delete a measurement",
        roles=data.WRITING,
        devices=True,
        success=204,
        failures=(MeasurementNotFound,),
    ),
)
