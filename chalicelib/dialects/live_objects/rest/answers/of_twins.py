"""What operations on twins answer."""

from chalicelib.dialects.live_objects.rest.shapes.twin import FORMATS
from chalicelib.fleet.twin.records import (
    BootstrapStatus,
    FailureCode,
    ObservationStatus,
    OperationStatus,
    OperationType,
    WriteMode,
)
from chalicelib.web.answers import ANY, MOMENT, TEXT, TEXTS, WHOLE, among, by_name, listed, record

_VALUE = record("reportedValue timestamp", reportedValue=TEXT, timestamp=MOMENT)
_VALUE_AT = record("reportedValue timestamp path", reportedValue=TEXT, timestamp=MOMENT, path=TEXT)
_ATTRIBUTE = record("pathSegment path", pathSegment=TEXT, path=TEXT, content=_VALUE, contents=listed(_VALUE_AT))
INSTANCE = record("objectDefinitionId path", objectDefinitionId=TEXT, path=TEXT, attributes=listed(_ATTRIBUTE))
OBJECT = record("objectDefinitionId path", objectDefinitionId=TEXT, path=TEXT, instances=listed(INSTANCE))
OBJECTS = record("objectDefinitionId path children", objectDefinitionId=TEXT, path=TEXT, children=listed(OBJECT))
_METADATA = record("name", name=TEXT, value=TEXT)
_ASSIGNMENT = record("path", path=TEXT, value=TEXT, metadata=listed(_METADATA))
_FORMATS = record("", request=among(FORMATS), response=among(FORMATS))
OPERATION = record(
    "id type status created updated",
    id=TEXT,
    type=among(OperationType),
    paths=TEXTS,
    values=listed(_ASSIGNMENT),
    writeMode=among(WriteMode),
    contextToken=TEXT,
    status=among(OperationStatus),
    options=record("", lwm2m=record("", contentFormat=_FORMATS)),
    policy=record("attempts", attempts=WHOLE),
    error=record(
        "code", code=among(FailureCode), details=TEXT, deviceCode=record("value reason", value=WHOLE, reason=TEXT)
    ),
    created=MOMENT,
    updated=MOMENT,
)
OBSERVATION = record(
    "id paths status created", id=TEXT, paths=TEXTS, status=among(ObservationStatus), name=TEXT, created=MOMENT
)
RULE = record("id name type paths created", id=TEXT, name=TEXT, type=TEXT, paths=TEXTS, created=MOMENT)
_OPERATIONS = listed(among(("READ", "WRITE", "EXECUTE")))
_DEFINED = {
    "pathSegment": TEXT,
    "name": TEXT,
    "description": TEXT,
    "minOccurs": WHOLE,
    "maxOccurs": WHOLE,
    "type": TEXT,
    "operations": _OPERATIONS,
}
_DEFINITION = record(
    "objectDefinitionId type",
    objectDefinitionId=TEXT,
    **_DEFINED,
    attributes=listed(record("pathSegment name minOccurs maxOccurs operations", **_DEFINED)),
    parent=TEXT,
    owner=TEXT,
)
DEFINITION = record(
    "objectDefinitionId type",
    objectDefinitionId=TEXT,
    **_DEFINED,
    attributes=listed(record("pathSegment name minOccurs maxOccurs operations", **_DEFINED)),
    parent=TEXT,
    owner=TEXT,
    children=listed(_DEFINITION),
)

_PSK_INFO = record("", identity=TEXT, secret=TEXT)
BOOTSTRAP_CONFIG = record(
    "id name runServers created updated",
    id=TEXT,
    name=TEXT,
    description=TEXT,
    runServers=listed(by_name(ANY)),
    created=MOMENT,
    updated=MOMENT,
)
BOOTSTRAP_ENTRY = record(
    "endpointName security definition activity created updated",
    endpointName=TEXT,
    security=record("mode pskInfo", mode=TEXT, pskInfo=record("identity", identity=TEXT)),
    definition=record(
        "",
        bootstrapConfigId=TEXT,
        runServers=listed(record("id", id=TEXT, security=record("pskInfo", pskInfo=_PSK_INFO))),
    ),
    activity=record(
        "status bootstrapRequestCount bootstrapFinishCount",
        status=among(BootstrapStatus),
        endpointBootstrapConfig=record(
            "runServers",
            runServers=listed(record("security server", security=by_name(ANY), server=by_name(ANY))),
        ),
        bootstrapRequestCount=WHOLE,
        lastBootstrapRequestDate=MOMENT,
        bootstrapFinishCount=WHOLE,
        lastBootstrapFinishDate=MOMENT,
    ),
    created=MOMENT,
    updated=MOMENT,
)
