"""Alarms: raised, counted, changed, cleared (reference, "Alarms")."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from heapq import merge
from typing import Any

from chalicelib.dialects.cumulocity import alarm_mapping, availability, fragments, reach
from chalicelib.dialects.cumulocity import alarms as shapes
from chalicelib.dialects.cumulocity.rest import asking, contents, links, lists, managed_objects, paging, processing
from chalicelib.dialects.cumulocity.rest.sources import BELOW, SOURCE, Sources
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.compare_and_set import tries
from chalicelib.fleet.data import alarms, open_alarms
from chalicelib.fleet.data.alarm_records import Alarm, AlarmStatus
from chalicelib.fleet.errors import AlarmNotFound, AlarmOpen, Contended, Invalid, TemporarilyUnavailable
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION, UPSERTED = "alarm", "alarmCollection", "alarmUpsertResponse"
PATH = ("alarm", "alarms")
READING, WRITING = frozenset({Role.DATA_R}), frozenset({Role.DATA_W})
WITHIN = 20_000
"""Milliseconds that a request changes or deletes many."""
_NOT_ALL = "there are more of them: send the request again for the others"


def view(request: Request, sources: Sources, alarm: Alarm) -> dict[str, Any]:
    return shapes.view(alarm, sources.view(alarm.source), links.to(request, *PATH, alarm.id))


def _raise(ports: Ports, request: Request) -> Answer:
    body, sources = contents.read(request), Sources(ports, request)
    shapes.ensure(body)
    source = sources.of_body(body)
    said = _said(ports, request, body, source)
    if said is None:
        itself = links.to(request, *PATH, "null")
        return contents.created(request, KIND, {**body, "self": itself, "source": sources.view(source.source)}, itself)
    mode = processing.mode(request)
    raise_ = alarms.raise_ if mode.stored else alarms.tell
    with processing.applied(request):
        raised = raise_(ports, request.tenant, said, alarms.stamp(ports))
    shown = processing.shown(mode, view(request, sources, raised.alarm))
    return contents.created(request, KIND, shown, shown.get("self"))


def _upsert(ports: Ports, request: Request) -> Answer:
    body, sources = contents.read(request), Sources(ports, request)
    shapes.ensure(body)
    source = sources.of_body(body)
    said = _said(ports, request, body, source)
    if said is None:
        itself = links.to(request, *PATH, "null")
        kept = {**body, "self": itself, "source": sources.view(source.source)}
        return contents.created(request, UPSERTED, {"alarm": kept, "previousState": None}, itself)
    if not (mode := processing.mode(request)).stored:
        told = alarms.tell(ports, request.tenant, said, alarms.stamp(ports))
        without_id = processing.shown(mode, view(request, sources, told.alarm))
        return contents.created(request, UPSERTED, {"alarm": without_id, "previousState": None}, None)
    counting = request.asked["incrementCount"]
    for _ in tries(ports):
        present = alarms.open_one(ports, request.tenant, said.source, said.type)
        if present is None:
            raised = alarms.raise_(ports, request.tenant, said, alarms.stamp(ports))
            shown = view(request, sources, raised.alarm)
            made = {"alarm": shown, "previousState": None}
            return contents.created(request, UPSERTED, made, shown["self"])
        if counting:
            active = replace(said, status=AlarmStatus.ACTIVE)
            alarms.raise_(ports, request.tenant, active, alarms.stamp(ports))
            counting = False
        try:
            before, after = alarms.update(ports, request.tenant, present.id, shapes.replaced(said), said.by)
        except (AlarmNotFound, AlarmOpen):
            # Deleted since it was read, or cleared and another one raised: what is open by now is meant.
            continue
        shown = {
            "alarm": view(request, sources, after),
            "previousState": view(request, sources, replace(before, count=present.count, time=present.time)),
        }
        return contents.changed(request, UPSERTED, shown)
    raise Contended(f"alarms {said.type[:64]} of {said.source} are written by too many at once")


def _get(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    return contents.found(request, KIND, view(request, sources, _found(ports, request, sources)))


def _change(ports: Ports, request: Request) -> Answer:
    processing.ensure_stored(request)
    body, sources = contents.read(request), Sources(ports, request)
    found = _found(ports, request, sources)
    change = shapes.changed(body, sources.number(found.source) or found.source)
    with processing.applied(request):
        _, after = alarms.update(ports, request.tenant, found.id, change, managed_objects.owner(request.by))
    return contents.changed(request, KIND, view(request, sources, after))


def _found(ports: Ports, request: Request, sources: Sources) -> Alarm:
    """What is raised of an object that is deleted is gone with it."""
    number, found = request.path["alarmId"], None
    with suppress(AlarmNotFound):
        found = alarms.get(ports, request.tenant, number)
    if found is None or not sources.there(found.source):
        raise AlarmNotFound(f"Finding alarm from database failed : No alarm for gid '{number[:64]}'!")
    sources.ensure(found.source)
    return found


def _list(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    found = partial(_meant, ports, request, sources)
    page = lists.page(ports, request, "alarms", found, lambda one: one.id, partial(view, request, sources), *PATH)
    return contents.found(request, COLLECTION, page)


def _count(ports: Ports, request: Request) -> Answer:
    counted = sum(1 for _ in _meant(ports, request, Sources(ports, request)))
    return contents.number(counted)


def _change_all(ports: Ports, request: Request) -> Answer:
    """Those that the query means get the status of the body."""
    processing.ensure_stored(request)
    body = contents.read(request)
    _ensure_asked(request)
    status = shapes.chosen(shapes.STATUSES, body.get("status"), "status")
    by, until = managed_objects.owner(request.by), ports.clock.now() + WITHIN
    for alarm in list(_meant(ports, request, Sources(ports, request))):
        if ports.clock.now() >= until:
            raise TemporarilyUnavailable(_NOT_ALL)
        # Somebody else may have deleted it meanwhile.
        with suppress(AlarmNotFound):
            alarms.update(ports, request.tenant, alarm.id, lambda found: replace(found, status=status), by)
    return Answer()


def _delete_all(ports: Ports, request: Request) -> Answer:
    _ensure_asked(request)
    until = ports.clock.now() + WITHIN
    for alarm in list(_meant(ports, request, Sources(ports, request))):
        if ports.clock.now() >= until:
            raise TemporarilyUnavailable(_NOT_ALL)
        with suppress(AlarmNotFound):
            alarms.delete(ports, request.tenant, alarm.id)
    return Answer()


def _ensure_asked(request: Request) -> None:
    asking.ensure_said(request, [parameter for parameter in _FILTERS if parameter not in BELOW], "alarms")


def _meant(ports: Ports, request: Request, sources: Sources, after: str | None = None) -> Iterator[Alarm]:
    """Those that the query means, newest first; those that come `after` that alarm."""
    asked = request.asked
    statuses, severities = _statuses(request), _chosen(shapes.SEVERITIES, asked["severity"], "severity")
    types = frozenset(asked["type"])
    ranges = [asking.window(request, name) for name in ("date", "created", "lastUpdated")]

    def meant(alarm: Alarm) -> bool:
        moments = (alarm.time, alarm.created, alarm.updated)
        return (
            alarm.status in statuses
            and (not severities or alarm.severity in severities)
            and (not types or alarm.type in types)
            and all(one.has(moment) for one, moment in zip(ranges, moments, strict=True))
            and sources.number(alarm.source) is not None
        )

    if asked["source"] or reach.bounded(request.by):
        names = sources.chosen(asked["source"]) if asked["source"] else sources.all()
        each = [_of_source(ports, request.tenant, source, after) for source in names]
    else:
        places = {status is not AlarmStatus.CLEARED for status in statuses}
        each = [alarms.of_tenant(ports, request.tenant, is_open=is_open, before=after) for is_open in places]
    return filter(meant, asking.looked(merge(*each, key=lambda alarm: int(alarm.id), reverse=True)))


def _of_source(ports: Ports, tenant: str, source: str, after: str | None) -> Iterator[Alarm]:
    """Newest first. The open ones as they are now: an agent that has just raised one looks for it."""
    every = open_alarms.of_source(ports, tenant, source)[::-1]
    open_ones = [alarm for alarm in every if after is None or int(alarm.id) < int(after)]
    known = {alarm.id for alarm in open_ones}
    others = (alarm for alarm in alarms.of_source(ports, tenant, source, after) if alarm.id not in known)
    return merge(open_ones, others, key=lambda alarm: int(alarm.id), reverse=True)


def _statuses(request: Request) -> frozenset[AlarmStatus]:
    resolved = request.asked["resolved"]
    if resolved is not None:
        return frozenset(status for status in AlarmStatus if (status is AlarmStatus.CLEARED) is resolved)
    return _chosen(shapes.STATUSES, request.asked["status"], "status") or frozenset(AlarmStatus)


def _chosen(choices: Any, said: list[str], name: str) -> frozenset[Any]:
    return frozenset(shapes.chosen(choices, one, name) for one in said)


def _said(ports: Ports, request: Request, body: dict[str, Any], source: ManagedObject) -> alarms.Report | None:
    """What is reported, as the tenant wants it; None where nobody is to hear of it.

    Nobody is alarmed while somebody works on it (reference, "Maintenance mode"). Errors: Invalid.
    """
    said = shapes.report(body, source.source, managed_objects.owner(request.by))
    processing.heard(ports, request, [source])
    return None if availability.maintained(source) else alarm_mapping.mapped(ports, request.tenant, said)


_FILTERS = (
    SOURCE,
    Parameter("type", Kind.LIST, default=[]),
    Parameter("status", Kind.LIST, default=[], explained=", ".join(shapes.STATUSES)),
    Parameter("severity", Kind.LIST, default=[], explained=", ".join(shapes.SEVERITIES)),
    Parameter("resolved", Kind.BOOLEAN, explained="true: those that are CLEARED, false: the others; beats status"),
    *asking.DATES,
    *asking.CREATED,
    *asking.UPDATED,
    *BELOW,
)
_ALL, _ONE = "/alarm/alarms", "/alarm/alarms/{alarmId}"
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING, "max_body": fragments.LARGEST}
ROUTES = (
    Route(
        "POST", _ALL, _raise, "Raise an alarm", roles=WRITING, devices=True, success=201, failures=(Invalid,), **_BODY
    ),
    Route(
        "GET",
        _ALL,
        _list,
        "Alarms, the newest first",
        roles=READING,
        devices=True,
        parameters=(*paging.PARAMETERS, *_FILTERS),
        failures=(Invalid,),
    ),
    Route(
        "PUT",
        _ALL,
        _change_all,
        "Give all the alarms that are asked for the status of the body",
        roles=WRITING,
        devices=True,
        parameters=_FILTERS,
        failures=(Invalid, AlarmOpen, TemporarilyUnavailable),
        **_BODY,
    ),
    Route(
        "DELETE",
        _ALL,
        _delete_all,
        "Delete all the alarms that are asked for",
        roles=WRITING,
        devices=True,
        success=204,
        parameters=_FILTERS,
        failures=(Invalid, TemporarilyUnavailable),
    ),
    Route(
        "GET",
        f"{_ALL}/count",
        _count,
        "How many alarms there are",
        roles=READING,
        devices=True,
        parameters=_FILTERS,
        failures=(Invalid,),
    ),
    Route(
        "POST",
        f"{_ALL}/upsert",
        _upsert,
        "Change the open alarm of a source and type, or raise one",
        roles=WRITING,
        devices=True,
        success=201,
        others=(200,),
        parameters=(Parameter("incrementCount", Kind.BOOLEAN, default=False),),
        failures=(Invalid, AlarmOpen),
        **_BODY,
    ),
    Route("GET", _ONE, _get, "An alarm", roles=READING, devices=True, failures=(AlarmNotFound,)),
    Route(
        "PUT",
        _ONE,
        _change,
        "Change status, severity, text or fragments of an alarm",
        roles=WRITING,
        devices=True,
        failures=(Invalid, AlarmNotFound, AlarmOpen),
        **_BODY,
    ),
)
