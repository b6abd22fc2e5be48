"""Bulk operations: made, listed, changed before they begin, and called off (reference, "Bulk operations")."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import bulk_operations as bulk
from chalicelib.dialects.cumulocity import dynamic_groups, fragments, times
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.dialects.cumulocity.rest import contents, links, lists, paging
from chalicelib.fleet import ids
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.commands import campaigns
from chalicelib.fleet.commands.campaigns import Campaign
from chalicelib.fleet.errors import CampaignNotFound, IllegalTransition, Invalid, LimitReached, ObjectNotFound
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "bulkOperation", "bulkOperationCollection"
PATH = ("devicecontrol", "bulkoperations")
SHORTEST, LONGEST = 0.1, 86_400
"""Seconds of a ramp."""
AT_ONCE = 3_000
"""Milliseconds of the request in which it begins what is due."""
_OWN = ("startDate", "creationRamp", bulk.PROTOTYPE)


def view(ports: Ports, request: Request, campaign: Campaign) -> dict[str, Any]:
    counted = bulk.counts(ports, request.tenant, campaign)
    status, general = bulk.status(campaign, counted)
    return {
        **campaign.order,
        "id": campaign.id,
        "self": links.to(request, *PATH, campaign.id),
        "startDate": times.render(campaign.starts),
        "creationRamp": campaign.ramp / 1_000,
        "status": status,
        "generalStatus": general,
        "progress": dict(counted),
    }


def _create(ports: Ports, request: Request) -> Answer:
    body = contents.read(request)
    order = _meant(ports, request, body)
    starts, ramp = _moment(body), _ramp(body)
    if bulk.PROGRAM.campaigns.count(ports, request.tenant) >= campaigns.MOST:
        raise LimitReached(f"there are {campaigns.MOST} bulk operations already")
    made = campaigns.create(ports, bulk.PROGRAM, request.tenant, starts, ramp, order)
    campaigns.work(ports, bulk.PROGRAM, request.tenant, made.id, ports.clock.now() + AT_ONCE)
    shown = view(ports, request, campaigns.get(ports, bulk.PROGRAM, request.tenant, made.id))
    return contents.created(request, KIND, shown, shown["self"])


def _get(ports: Ports, request: Request) -> Answer:
    return contents.found(request, KIND, view(ports, request, _found(ports, request)))


def _change(ports: Ports, request: Request) -> Answer:
    body, found = contents.read(request), _found(ports, request)
    named = {name: body[name] for name in (bulk.GROUP, bulk.PARENT) if body.get(name) is not None}
    order = {**found.order}
    if named:
        order = _meant(ports, request, {bulk.PROTOTYPE: found.order[bulk.PROTOTYPE], **_given(body), **named})
    elif body.get(bulk.PROTOTYPE) is not None:
        order[bulk.PROTOTYPE] = _prototype(body)
    changes: dict[str, Any] = {"order": order}
    if body.get("startDate") is not None:
        changes["starts"] = _moment(body)
    if body.get("creationRamp") is not None:
        changes["ramp"] = _ramp(body)
    after = campaigns.change(ports, bulk.PROGRAM, found, request.tenant, **changes)
    return contents.changed(request, KIND, view(ports, request, after))


def _delete(ports: Ports, request: Request) -> Answer:
    found = _found(ports, request)
    campaigns.cancel(ports, bulk.PROGRAM, found, request.tenant)
    # What is left of them the sweep withdraws.
    campaigns.work(ports, bulk.PROGRAM, request.tenant, found.id, ports.clock.now() + AT_ONCE)
    return Answer()


def _list(ports: Ports, request: Request) -> Answer:
    def walk(after: str | None) -> Iterator[Campaign]:
        kept, last = bulk.PROGRAM.campaigns, ids.sortable(after) if after is not None else None
        while found := kept.after(ports, request.tenant, last, lists_at_once):
            yield from found
            last = ids.sortable(found[-1].id)

    lists_at_once = min(paging.wanted(request).size, 100)
    shown = partial(view, ports, request)
    page = lists.page(ports, request, "bulkOperations", walk, lambda one: one.id, shown, *PATH)
    return contents.found(request, COLLECTION, page)


def _found(ports: Ports, request: Request) -> Campaign:
    number = request.path["bulkId"]
    try:
        return campaigns.get(ports, bulk.PROGRAM, request.tenant, number)
    except CampaignNotFound:
        raise CampaignNotFound(
            "Finding bulk operation from database failed : Cannot find document with ID "
            f"ID [type=com_cumulocity_model_idtype_GId, value={number[:64]}]!"
        ) from None


def _meant(ports: Ports, request: Request, body: Mapping[str, Any]) -> dict[str, Any]:
    """For whom, and what. Errors: Missing, Invalid."""
    group, parent = body.get(bulk.GROUP), body.get(bulk.PARENT)
    if group is None and parent is None:
        raise Missing(bulk.GROUP)
    if group is not None and parent is not None:
        raise Invalid(f"{bulk.GROUP} and {bulk.PARENT} exclude each other", bulk.PARENT)
    if group is not None:
        try:
            found = objects.get(ports, request.tenant, str(group))
        except ObjectNotFound:
            raise Invalid(f"there is no group {str(group)[:64]}", bulk.GROUP) from None
        dynamic_groups.ensure_readable(found)
        return {bulk.GROUP: str(group), bulk.PROTOTYPE: _prototype(body)}
    try:
        before = campaigns.get(ports, bulk.PROGRAM, request.tenant, str(parent))
    except CampaignNotFound:
        raise Invalid(f"there is no bulk operation {str(parent)[:64]}", bulk.PARENT) from None
    again = body.get(bulk.PROTOTYPE) is None
    prototype = before.order[bulk.PROTOTYPE] if again else _prototype(body)
    return {bulk.PARENT: before.id, bulk.PROTOTYPE: prototype}


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in _OWN if body.get(name) is not None}


def _prototype(body: Mapping[str, Any]) -> dict[str, Any]:
    fragments.ensure(body, bulk.PROTOTYPE)
    said = body[bulk.PROTOTYPE]
    if not isinstance(said, dict):
        raise Invalid(f"{bulk.PROTOTYPE} is a JSON object", bulk.PROTOTYPE)
    return bulk.prototype(said)


def _moment(body: Mapping[str, Any]) -> int:
    fragments.ensure(body, "startDate")
    return times.parse(body["startDate"], "startDate")


def _ramp(body: Mapping[str, Any]) -> int:
    fragments.ensure(body, "creationRamp")
    said = body["creationRamp"]
    if isinstance(said, bool) or not isinstance(said, int | float) or not SHORTEST <= said <= LONGEST:
        raise Invalid(f"creationRamp is a number of seconds from {SHORTEST} to {LONGEST}", "creationRamp")
    return int(said * 1_000)


_ALL, _ONE = "/devicecontrol/bulkoperations", "/devicecontrol/bulkoperations/{bulkId}"
_READING, _WRITING = frozenset({Role.CAMPAIGN_R}), frozenset({Role.CAMPAIGN_W})
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING, "max_body": fragments.LARGEST}
ROUTES = (
    Route(
        "POST",
        _ALL,
        _create,
        "Have each device of a group do something",
        roles=_WRITING,
        success=201,
        failures=(Invalid, LimitReached),
        **_BODY,
    ),
    Route("GET", _ALL, _list, "Bulk operations", roles=_READING, parameters=paging.PARAMETERS, failures=(Invalid,)),
    Route("GET", _ONE, _get, "A bulk operation", roles=_READING, failures=(CampaignNotFound,)),
    Route(
        "PUT",
        _ONE,
        _change,
        "Change a bulk operation that has not begun",
        roles=_WRITING,
        failures=(Invalid, CampaignNotFound, IllegalTransition),
        **_BODY,
    ),
    Route(
        "DELETE",
        _ONE,
        _delete,
        "Call a bulk operation off",
        roles=_WRITING,
        success=204,
        failures=(CampaignNotFound,),
    ),
)
