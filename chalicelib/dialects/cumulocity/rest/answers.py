"""What operations answer when they succeed, as JSON Schema: for the OpenAPI document, imported when it is asked for."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import alarms, operations, rest
from chalicelib.dialects.cumulocity.rest.notifications import PATHS, SUFFIXES
from chalicelib.web.answers import ANY, FLAG, MOMENT, NUMBER, TEXT, WHOLE, among, by_name, listed, record
from chalicelib.web.routes import Handler, function
from chalicelib.web.schemas import Schema


def _collection(name: str, item: Schema) -> Schema:
    statistics = record(
        "currentPage pageSize", currentPage=WHOLE, pageSize=WHOLE, totalPages=WHOLE, totalElements=WHOLE
    )
    several = {name: listed(item)}
    return record(f"self statistics {name}", self=TEXT, next=TEXT, prev=TEXT, statistics=statistics, **several)


def _any(*kinds: Schema) -> Schema:
    return {"anyOf": list(kinds)}


_REFERENCES = record("self references", self=TEXT, references=listed(ANY))
_BESIDE = (
    "childDevices",
    "childAssets",
    "childAdditions",
    "deviceParents",
    "assetParents",
    "additionParents",
)
OBJECT = record(
    f"id self owner creationTime lastUpdated {' '.join(_BESIDE)}",
    id=TEXT,
    self=TEXT,
    owner=TEXT,
    name=TEXT,
    type=TEXT,
    creationTime=MOMENT,
    lastUpdated=MOMENT,
    c8y_ActiveAlarmsStatus=record(
        "critical major minor warning", critical=WHOLE, major=WHOLE, minor=WHOLE, warning=WHOLE
    ),
    **dict.fromkeys(_BESIDE, _REFERENCES),
)
_HEARTBEAT = record("id", id=TEXT)
_REFERENCE = record("self managedObject", self=TEXT, managedObject=OBJECT)
_EXTERNAL = record(
    "externalId type self managedObject",
    externalId=TEXT,
    type=TEXT,
    self=TEXT,
    managedObject=record("id self", id=TEXT, self=TEXT),
)
_EXTERNALS = record("self externalIds", self=TEXT, externalIds=listed(_EXTERNAL))
_SOURCE = record("id self", id=TEXT, self=TEXT, name=TEXT)
_MEASUREMENT = record("source type time", id=TEXT, self=TEXT, source=_SOURCE, type=TEXT, time=MOMENT)
_SERIES = record("values series truncated", values=by_name(ANY), series=listed(ANY), truncated=FLAG)
_EVENT = record(
    "source type time text creationTime lastUpdated",
    id=TEXT,
    self=TEXT,
    source=_SOURCE,
    type=TEXT,
    time=MOMENT,
    text=TEXT,
    creationTime=MOMENT,
    lastUpdated=MOMENT,
)
_ALARM = record(
    "source type time text severity status count creationTime lastUpdated",
    id=TEXT,
    self=TEXT,
    source=_SOURCE,
    type=TEXT,
    time=MOMENT,
    text=TEXT,
    severity=among(alarms.SEVERITIES),
    status=among(alarms.STATUSES),
    count=WHOLE,
    creationTime=MOMENT,
    lastUpdated=MOMENT,
    firstOccurrenceTime=MOMENT,
)
_OPERATION = record(
    "id self deviceId status creationTime",
    id=TEXT,
    self=TEXT,
    deviceId=TEXT,
    agentId=TEXT,
    status=among(operations.STATUSES),
    creationTime=MOMENT,
    failureReason=TEXT,
)
_BULK_OPERATION = record(
    "id self startDate creationRamp operationPrototype status generalStatus progress",
    id=TEXT,
    self=TEXT,
    groupId=TEXT,
    failedParentId=TEXT,
    startDate=MOMENT,
    creationRamp=NUMBER,
    operationPrototype=ANY,
    status=among(("ACTIVE", "IN_PROGRESS", "COMPLETED", "DELETED")),
    generalStatus=among(("SCHEDULED", "EXECUTING", "EXECUTING_WITH_ERRORS", "SUCCESSFUL", "FAILED", "CANCELED")),
    progress=record(
        "pending executing successful failed all",
        pending=WHOLE,
        executing=WHOLE,
        successful=WHOLE,
        failed=WHOLE,
        all=WHOLE,
    ),
)
_AUDIT = record(
    "id self source type time text activity creationTime",
    id=TEXT,
    self=TEXT,
    source=record("id", id=TEXT),
    type=TEXT,
    time=MOMENT,
    text=TEXT,
    activity=TEXT,
    creationTime=MOMENT,
)
_OPTION = record("category key value", category=TEXT, key=TEXT, value=TEXT, self=TEXT)
_REGISTRATION = record("id self status", id=TEXT, self=TEXT, status=TEXT, type=TEXT, groupId=TEXT, creationTime=MOMENT)
_CREDENTIALS = record("id tenantId username password", id=TEXT, tenantId=TEXT, username=TEXT, password=TEXT, self=TEXT)
_DEVICE_USER = record("userName enabled", userName=TEXT, enabled=FLAG, self=TEXT)
_USER = record("id self userName enabled", id=TEXT, self=TEXT, userName=TEXT, enabled=FLAG, email=TEXT)
_MYSELF = record("id self userName effectiveRoles", id=TEXT, self=TEXT, userName=TEXT, effectiveRoles=listed(ANY))
_AVAILABILITY = record(
    "deviceId interval dataStatus connectionStatus",
    deviceId=TEXT,
    externalId=TEXT,
    interval=WHOLE,
    lastMessage=MOMENT,
    dataStatus=among(("AVAILABLE", "UNAVAILABLE", "MAINTENANCE")),
    connectionStatus=among(("CONNECTED", "DISCONNECTED", "MAINTENANCE")),
)
_MESSAGES = listed(
    record("channel", id=ANY, channel=TEXT, successful=FLAG, clientId=TEXT, error=TEXT, subscription=TEXT, data=ANY)
)
_ROLE = record("id name self", id=TEXT, name=TEXT, self=TEXT)
_ROLE_REFERENCE = record("self role", self=TEXT, role=_ROLE)
_GROUP = record(
    "id name description self roles users",
    id=WHOLE,
    name=TEXT,
    description=TEXT,
    self=TEXT,
    roles=record("self references", self=TEXT, references=listed(_ROLE_REFERENCE)),
    users=_REFERENCES,
)
_MEMBER = record("self user", self=TEXT, user=record("id userName self", id=TEXT, userName=TEXT, self=TEXT))
_SYSTEM_OPTIONS = record("self options", self=TEXT, options=listed(_OPTION))
_TENANT = record(
    "self name domainName allowCreateTenants applications",
    self=TEXT,
    name=TEXT,
    domainName=TEXT,
    allowCreateTenants=FLAG,
    customProperties=by_name(ANY),
    applications=_REFERENCES,
)
_LOGIN = record("id self type userManagementSource", id=TEXT, self=TEXT, type=TEXT, userManagementSource=TEXT)
_LOGINS = record("self loginOptions", self=TEXT, loginOptions=listed(_LOGIN))
_KEPT_BY_NOBODY = record("self source type time text severity", self=TEXT, source=_SOURCE, time=MOMENT)
_UPSERTED = record(
    "alarm previousState",
    alarm=_any(_ALARM, _KEPT_BY_NOBODY),
    previousState=_any(_ALARM, {"type": "null"}),
)
_FILE = record("self source name type length", self=TEXT, source=TEXT, name=TEXT, type=TEXT, length=WHOLE)
_DONE_ROW = record("bulkNewDeviceStatus deviceId", bulkNewDeviceStatus=TEXT, deviceId=TEXT)
_FAILED_ROW = record(
    "bulkNewDeviceStatus deviceId failureReason line",
    bulkNewDeviceStatus=TEXT,
    deviceId=TEXT,
    failureReason=TEXT,
    line=TEXT,
)
_REGISTERED = record(
    "numberOfAll numberOfCreated numberOfFailed numberOfSuccessful credentialUpdatedList failedCreationList",
    numberOfAll=WHOLE,
    numberOfCreated=WHOLE,
    numberOfFailed=WHOLE,
    numberOfSuccessful=WHOLE,
    credentialUpdatedList=listed(_DONE_ROW),
    failedCreationList=listed(_FAILED_ROW),
)
_ACCEPTED = record("self newDeviceRequests", self=TEXT, newDeviceRequests=listed(_REGISTRATION))
_OBJECTS, _ONE = "/inventory/managedObjects", "/inventory/managedObjects/{id}"
_IDENTITIES = "/identity/globalIds/{id}/externalIds"
_MEASURED, _EVENTS, _ALARMS = "/measurement/measurements", "/event/events", "/alarm/alarms"
_ORDERED_IN_BULK = "/devicecontrol/bulkoperations"
_ORDERED, _NEW = "/devicecontrol/operations", "/devicecontrol/newDeviceRequests"
_GROUPS = "/user/{tenantId}/groups"
_MANY_OBJECTS = _collection("managedObjects", OBJECT)
_SEVERAL = record("self managedObjects", self=TEXT, managedObjects=listed(OBJECT))
_KINDS = ("childDevices", "childAssets", "childAdditions")
_REFERRED = _any(_REFERENCE, OBJECT, _REFERENCES)
_BY_ROUTE: Mapping[str, Schema] = {
    f"GET {_OBJECTS}": _MANY_OBJECTS,
    f"POST {_OBJECTS}": _any(OBJECT, _SEVERAL),
    f"GET {_ONE}": OBJECT,
    f"PUT {_ONE}": _any(OBJECT, _HEARTBEAT),
    f"PUT {_OBJECTS}": _MANY_OBJECTS,
    f"GET {_OBJECTS}/count": WHOLE,
    f"GET {_ONE}/availability": _AVAILABILITY,
    **{f"POST {path}{below}": _MESSAGES for several in PATHS.values() for path in several for below in SUFFIXES},
    **{f"GET {_ONE}/{kind}": _collection("references", _REFERENCE) for kind in _KINDS},
    **{f"POST {_ONE}/{kind}": _REFERRED for kind in _KINDS},
    **{f"GET {_ONE}/{kind}/{{childId}}": _REFERENCE for kind in _KINDS},
    f"GET {_ONE}/user": _DEVICE_USER,
    f"PUT {_ONE}/user": _DEVICE_USER,
    "GET /inventory/binaries": _MANY_OBJECTS,
    "POST /inventory/binaries": OBJECT,
    "PUT /inventory/binaries/{id}": OBJECT,
    f"GET {_IDENTITIES}": _EXTERNALS,
    "POST /identity/search": _EXTERNALS,
    f"POST {_IDENTITIES}": _EXTERNAL,
    "GET /identity/externalIds/{type}/{externalId}": _EXTERNAL,
    f"GET {_MEASURED}": _collection("measurements", _MEASUREMENT),
    f"POST {_MEASURED}": _any(_MEASUREMENT, record("measurements", measurements=listed(_MEASUREMENT))),
    f"GET {_MEASURED}/{{measurementId}}": _MEASUREMENT,
    f"GET {_MEASURED}/series": record(
        "values series truncated", values=by_name(ANY), series=listed(ANY), truncated=FLAG
    ),
    f"GET {_EVENTS}": _collection("events", _EVENT),
    f"POST {_EVENTS}": _any(_EVENT, record("self events", self=TEXT, events=listed(_EVENT))),
    f"GET {_EVENTS}/{{eventId}}": _EVENT,
    f"PUT {_EVENTS}/{{eventId}}": _EVENT,
    f"POST {_EVENTS}/{{eventId}}/binaries": _FILE,
    f"POST {_ALARMS}/upsert": _UPSERTED,
    f"GET {_ALARMS}": _collection("alarms", _ALARM),
    f"POST {_ALARMS}": _ALARM,
    f"GET {_ALARMS}/count": WHOLE,
    f"GET {_ALARMS}/{{alarmId}}": _ALARM,
    f"PUT {_ALARMS}/{{alarmId}}": _ALARM,
    f"GET {_ORDERED}": _collection("operations", _OPERATION),
    f"POST {_ORDERED}": _OPERATION,
    f"GET {_ORDERED}/{{operationId}}": _OPERATION,
    f"PUT {_ORDERED}/{{operationId}}": _OPERATION,
    f"GET {_ORDERED_IN_BULK}": _collection("bulkOperations", _BULK_OPERATION),
    f"POST {_ORDERED_IN_BULK}": _BULK_OPERATION,
    f"GET {_ORDERED_IN_BULK}/{{bulkId}}": _BULK_OPERATION,
    f"PUT {_ORDERED_IN_BULK}/{{bulkId}}": _BULK_OPERATION,
    f"GET {_NEW}": _collection("newDeviceRequests", _REGISTRATION),
    f"POST {_NEW}": _REGISTRATION,
    f"GET {_NEW}/{{requestId}}": _REGISTRATION,
    f"PUT {_NEW}/{{requestId}}": _REGISTRATION,
    f"POST {_NEW}/acceptAll": _ACCEPTED,
    f"GET {_NEW}/limit": record("self limit waiting", self=TEXT, limit=WHOLE, waiting=WHOLE),
    "POST /devicecontrol/bulkNewDeviceRequests": _REGISTERED,
    "POST /devicecontrol/deviceCredentials": _CREDENTIALS,
    "GET /audit/auditRecords": _collection("auditRecords", _AUDIT),
    "POST /audit/auditRecords": _AUDIT,
    "GET /audit/auditRecords/{auditId}": _AUDIT,
    "GET /tenant/options": _collection("options", _OPTION),
    "POST /tenant/options": _OPTION,
    "GET /tenant/options/{category}": by_name(TEXT),
    "PUT /tenant/options/{category}": by_name(TEXT),
    "GET /tenant/options/{category}/{key}": _OPTION,
    "PUT /tenant/options/{category}/{key}": _OPTION,
    "GET /tenant/system/options": _SYSTEM_OPTIONS,
    "GET /tenant/system/options/{category}/{key}": _OPTION,
    "GET /tenant/currentTenant": _TENANT,
    "GET /tenant/loginOptions": _LOGINS,
    "POST /tenant/oauth/token": record("access_token", access_token=TEXT),
    "GET /platform": record("self", self=TEXT),
    "GET /inventory": record("self", self=TEXT),
    "GET /user/{tenantId}/users": _collection("users", _USER),
    "GET /user/{tenantId}/users/{userId}": _USER,
    "POST /user/{tenantId}/users": _USER,
    "PUT /user/{tenantId}/users/{userId}": _USER,
    "GET /user/currentUser": _MYSELF,
    "PUT /user/currentUser": _USER,
    "GET /user/roles": _collection("roles", _ROLE),
    "GET /user/roles/{name}": _ROLE,
    f"GET {_GROUPS}": _collection("groups", _GROUP),
    f"GET {_GROUPS}/{{groupId}}": _GROUP,
    f"GET {_GROUPS}/{{groupId}}/roles": _collection("references", _ROLE_REFERENCE),
    f"GET {_GROUPS}/{{groupId}}/users": _collection("references", _MEMBER),
    f"POST {_GROUPS}/{{groupId}}/users": _MEMBER,
    "GET /user/{tenantId}/users/{userId}/groups": _collection(
        "references", record("self group", self=TEXT, group=_GROUP)
    ),
    "GET /user/{tenantId}/users/{userId}/roles": _collection("references", _ROLE_REFERENCE),
    "POST /user/{tenantId}/users/{userId}/roles": _ROLE_REFERENCE,
}
ANSWERS: Mapping[Handler | Any, Schema] = {
    function(route.handler): _BY_ROUTE[f"{route.method} {route.path}"]
    for route in rest.routes()
    if f"{route.method} {route.path}" in _BY_ROUTE
}
"""By handler."""
