"""The root of the API and of each of its parts: where clients that follow links begin."""

from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity.rest import contents, links
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

_COLLECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "inventory": {"managedObjects": ("managedObjects", "references")},
    "measurement": {"measurements": ("measurements", "measurements")},
    "event": {"events": ("events", "events")},
    "alarm": {"alarms": ("alarms", "alarms")},
    "devicecontrol": {"operations": ("operations", "operations")},
    "audit": {"auditRecords": ("auditRecords", "auditRecords")},
}
"""By root: what its resource calls a collection, the collection's path, and what the collection calls its elements."""
_FILTERS: dict[str, dict[str, str]] = {
    "inventory": {
        "managedObjectsForType": "managedObjects?type={type}",
        "managedObjectsForFragmentType": "managedObjects?fragmentType={fragmentType}",
        "managedObjectsForListOfIds": "managedObjects?ids={ids}",
    },
    "measurement": {
        "measurementsForSource": "measurements?source={source}",
        "measurementsForType": "measurements?type={type}",
        "measurementsForValueFragmentType": "measurements?valueFragmentType={valueFragmentType}",
        "measurementsForDate": "measurements?dateFrom={dateFrom}&dateTo={dateTo}",
        "measurementsForSourceAndType": "measurements?source={source}&type={type}",
        "measurementsForSourceAndDate": "measurements?source={source}&dateFrom={dateFrom}&dateTo={dateTo}",
        "measurementsForDateAndFragmentType": (
            "measurements?dateFrom={dateFrom}&dateTo={dateTo}&valueFragmentType={valueFragmentType}"
        ),
        "measurementsForSourceAndValueFragmentTypeAndValueFragmentSeries": (
            "measurements?source={source}&valueFragmentType={valueFragmentType}"
            "&valueFragmentSeries={valueFragmentSeries}"
        ),
    },
    "event": {
        "eventsForSource": "events?source={source}",
        "eventsForType": "events?type={type}",
        "eventsForSourceAndType": "events?source={source}&type={type}",
        "eventsForTime": "events?dateFrom={dateFrom}&dateTo={dateTo}",
        "eventsForFragmentType": "events?fragmentType={fragmentType}",
        "eventsForSourceAndTime": "events?source={source}&dateFrom={dateFrom}&dateTo={dateTo}",
    },
    "alarm": {
        "alarmsForSource": "alarms?source={source}",
        "alarmsForStatus": "alarms?status={status}",
        "alarmsForSourceAndStatus": "alarms?source={source}&status={status}",
        "alarmsForTime": "alarms?dateFrom={dateFrom}&dateTo={dateTo}",
        "alarmsForSourceAndTime": "alarms?source={source}&dateFrom={dateFrom}&dateTo={dateTo}",
        "alarmsForStatusAndTime": "alarms?status={status}&dateFrom={dateFrom}&dateTo={dateTo}",
        "alarmsForSourceAndStatusAndTime": (
            "alarms?source={source}&status={status}&dateFrom={dateFrom}&dateTo={dateTo}"
        ),
    },
    "devicecontrol": {
        "operationsByAgentId": "operations?agentId={agentId}",
        "operationsByStatus": "operations?status={status}",
        "operationsByDeviceId": "operations?deviceId={deviceId}",
        "operationsByAgentIdAndStatus": "operations?agentId={agentId}&status={status}",
        "operationsByDeviceIdAndStatus": "operations?deviceId={deviceId}&status={status}",
    },
    "audit": {
        "auditRecordsForType": "auditRecords?type={type}",
        "auditRecordsForUser": "auditRecords?user={user}",
        "auditRecordsForApplication": "auditRecords?application={application}",
        "auditRecordsForTypeAndApplication": "auditRecords?type={type}&application={application}",
        "auditRecordsForUserAndType": "auditRecords?user={user}&type={type}",
        "auditRecordsForUserAndApplication": "auditRecords?user={user}&application={application}",
        "auditRecordsForTypeAndUserAndApplication": "auditRecords?type={type}&user={user}&application={application}",
    },
}
_IDENTITY = {
    "externalId": "externalIds/{type}/{externalId}",
    "externalIdsOfGlobalId": "globalIds/{globalId}/externalIds",
}
_OTHERS = {"tenant": "options", "user": "currentUser"}
_NAMES = {"devicecontrol": "deviceControl"}


def _root(root: str, ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    return contents.found(request, f"{root}Api", _described(request, root))


def _platform(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    parts = {_NAMES.get(root, root): _described(request, root) for root in (*_COLLECTIONS, "identity")}
    for root, collection in _OTHERS.items():
        parts[root] = {"self": links.to(request, root), collection: {"self": links.to(request, root, collection)}}
    return contents.found(request, "platformApi", {"self": links.to(request, "platform"), **parts})


def _described(request: Request, root: str) -> dict[str, Any]:
    itself = links.to(request, root)
    if root == "identity":
        return {"self": itself, **{name: f"{itself}/{path}" for name, path in _IDENTITY.items()}}
    collections = {
        name: {"self": f"{itself}/{path}", elements: []} for name, (path, elements) in _COLLECTIONS[root].items()
    }
    return {"self": itself, **collections, **{name: f"{itself}/{path}" for name, path in _FILTERS[root].items()}}


ROUTES = (
    Route("GET", "/platform", _platform, "What there is, with templates of its addresses", devices=True),
    *(
        Route("GET", f"/{root}", partial(_root, root), f"What there is below /{root}", devices=True)
        for root in (*_COLLECTIONS, "identity")
    ),
)
