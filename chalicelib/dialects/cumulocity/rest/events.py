"""Events: made, listed, changed and deleted (reference, "Events")."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import device_events as shapes
from chalicelib.dialects.cumulocity import fragments, realtime, times
from chalicelib.dialects.cumulocity.errors import EventNotFound
from chalicelib.dialects.cumulocity.keeping import Said
from chalicelib.dialects.cumulocity.rest import asking, contents, creating, data, links, lists, paging, processing
from chalicelib.dialects.cumulocity.rest.sources import BELOW, SOURCE, Sources
from chalicelib.fleet.data import messages
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.errors import Invalid, LimitReached, MessageNotFound, TemporarilyUnavailable
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "event", "eventCollection"
PATH = ("event", "events")


def view(request: Request, sources: Sources, message: DataMessage) -> dict[str, Any]:
    number = data.number(sources, message)
    source = sources.view(str(message.metadata["source"]))
    return shapes.view(message, number, source, links.to(request, *PATH, number))


def _made(ports: Ports, sources: Sources, body: Any, event: str, row: int) -> tuple[DataMessage, str]:
    if not isinstance(body, dict):
        raise Invalid("an event is a JSON object", "events")
    fragments.ensure(body, *shapes.MANDATORY)
    source = sources.of_body(body)
    type_ = fragments.text(body, "type", shapes.LONGEST_TYPE)
    said = Said(shapes.KIND, type_, times.parse(body["time"], "time"), shapes.read(body), row=row)
    return data.message(ports, source, said, event), source.source


_CREATED = creating.Kind(KIND, "events", PATH, _made, view)


def _create(ports: Ports, request: Request) -> Answer:
    return creating.create(_CREATED, ports, request)


def _get(ports: Ports, request: Request) -> Answer:
    return contents.found(request, KIND, view(request, Sources(ports, request), found(ports, request)))


def _change(ports: Ports, request: Request) -> Answer:
    processing.ensure_stored(request)
    body, sources, present = contents.read(request), Sources(ports, request), found(ports, request)
    source = sources.number(str(present.metadata["source"])) or ""
    change = shapes.changed(body, source, ports.clock.now())
    after = messages.update(ports, request.tenant, present.stream, present.id, change)
    data.tell(ports, request, realtime.EVENTS, source, "UPDATE", lambda at: view(at, Sources(ports, at), after))
    return contents.changed(request, KIND, view(request, sources, after))


def _delete(ports: Ports, request: Request) -> Answer:
    present, number = found(ports, request), request.path["eventId"]
    messages.remove(ports, request.tenant, present.stream, present.id)
    data.tell(ports, request, realtime.EVENTS, data.source_of(number), "DELETE", lambda _: number)
    return Answer()


def found(ports: Ports, request: Request) -> DataMessage:
    """The event of the path. Errors: EventNotFound."""
    number = request.path["eventId"]
    try:
        message = data.get(ports, request.by, number)
    except MessageNotFound:
        message = None
    if message is None or shapes.of(message) is None:
        raise EventNotFound(f"Finding event from database failed : No event for gid '{number[:64]}'!")
    return message


def _list(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    meant = partial(_meant, ports, request, sources)
    page = lists.page(ports, request, "events", meant, data.mark, partial(view, request, sources), *PATH)
    return contents.found(request, COLLECTION, page)


def _delete_all(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    data.delete(ports, request, sources, shapes.KIND, partial(_meant, ports, request, sources), _elsewhere)
    return Answer()


def _elsewhere(message: DataMessage) -> bool:
    """Whether it is an event, and is kept as something else."""
    return message.kind != shapes.KIND and shapes.of(message) is not None


def _meant(ports: Ports, request: Request, sources: Sources, after: str | None = None) -> Iterator[DataMessage]:
    """Those that the query means, newest first; the oldest of a range where it is to be the other way round."""
    asked, moments = request.asked, asking.window(request)
    created, updated = asking.window(request, "created"), asking.window(request, "lastUpdated")

    def meant(message: DataMessage) -> bool:
        one = shapes.of(message)
        if one is None:
            return False
        fragment = one.said.get(asked["fragmentType"]) if asked["fragmentType"] else None
        return (
            asked["type"] in ("", one.type)
            and (not asked["fragmentType"] or fragment is not None)
            and asked.get("fragmentValue", "") in ("", fragment)
            and created.has(message.created)
            and updated.has(shapes.updated(message))
        )

    ascending = bool(asked.get("revert")) and not moments.open
    found = data.walked(ports, request, sources, moments, ascending=ascending, after=after)
    return filter(meant, asking.looked(found))


_ALL, _ONE = "/event/events", "/event/events/{eventId}"
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING, "max_body": data.LARGEST}
ROUTES = (
    Route(
        "POST",
        _ALL,
        _create,
        "Make an event",
        roles=data.WRITING,
        devices=True,
        success=201,
        failures=(Invalid,),
        **_BODY,
    ),
    Route(
        "GET",
        _ALL,
        _list,
        "Events, the newest first",
        roles=data.READING,
        devices=True,
        parameters=(
            *paging.PARAMETERS,
            SOURCE,
            data.TYPE,
            Parameter("fragmentType", default=""),
            Parameter("fragmentValue", default="", explained="a text, beside fragmentType"),
            *asking.DATES,
            *asking.CREATED,
            *asking.UPDATED,
            asking.REVERT,
            *BELOW,
        ),
        failures=(Invalid,),
    ),
    Route(
        "DELETE",
        _ALL,
        _delete_all,
        "Delete events by source, type and time",
        roles=data.WRITING,
        devices=True,
        success=204,
        parameters=data.DELETED_BY,
        failures=(Invalid, LimitReached, TemporarilyUnavailable),
    ),
    Route("GET", _ONE, _get, "An event", roles=data.READING, devices=True, failures=(EventNotFound,)),
    Route(
        "PUT",
        _ONE,
        _change,
        "Change text or fragments of an event",
        roles=data.WRITING,
        devices=True,
        failures=(Invalid, EventNotFound),
        **_BODY,
    ),
    Route(
        "DELETE",
        _ONE,
        _delete,
        "Delete an event",
        roles=data.WRITING,
        devices=True,
        success=204,
        failures=(EventNotFound,),
    ),
)
