"""Groups, devices, interfaces, and what devices are told and have."""

from chalicelib.fleet.commands.records import AckMode, DeliveryStatus, Status
from chalicelib.fleet.configuration.records import ParameterType, SyncStatus
from chalicelib.fleet.resources.updates import Origin, UpdateStatus
from chalicelib.web.answers import (
    ANY,
    FLAG,
    MOMENT,
    NUMBER,
    TEXT,
    TEXTS,
    WHOLE,
    among,
    by_name,
    listed,
    record,
)
from chalicelib.web.schemas import Schema

GROUP = record(
    "id path created updated",
    id=TEXT,
    pathNode=TEXT,
    path=TEXT,
    parentId=TEXT,
    description=TEXT,
    created=MOMENT,
    updated=MOMENT,
)
_ABILITY = record("available", available=FLAG, version=WHOLE)
INTERFACE = record(
    "connector nodeId enabled status definition capabilities created updated",
    connector=TEXT,
    nodeId=TEXT,
    deviceId=TEXT,
    enabled=FLAG,
    status=among(("REGISTERED", "ONLINE", "SLEEPING", "OFFLINE", "DEACTIVATED")),
    definition=by_name(ANY),
    lastContact=MOMENT,
    capabilities=by_name(_ABILITY),
    activity=record(
        "",
        apiKeyId=TEXT,
        mqttVersion=ANY,
        mqttUsername=TEXT,
        mqttTimeout=WHOLE,
        remoteAddress=TEXT,
        lastSessionStartTime=MOMENT,
        lastSessionEndTime=MOMENT,
        security=record("", secured=FLAG, protocol=TEXT, cipher=TEXT, clientCertAuthentication=ANY, sniHostname=TEXT),
        lwm2mVersion=TEXT,
        remotePort=WHOLE,
        queueMode=FLAG,
        bindings=listed(TEXT),
        lastRegistrationDate=MOMENT,
        registrationLifetime=WHOLE,
        lastUpdateDate=MOMENT,
        lastBootstrapProvisioningDate=MOMENT,
    ),
    locations=listed(
        record(
            "timestamp lat lon", timestamp=MOMENT, lat=NUMBER, lon=NUMBER, alt=NUMBER, accuracy=NUMBER, provider=TEXT
        )
    ),
    firmwares=by_name(TEXT),
    resources=by_name(TEXT),
    created=MOMENT,
    updated=MOMENT,
)
_VALUE = record("type value timestamp", type=among(ParameterType), value=ANY, timestamp=MOMENT)
_VERSION_AT = record("version timestamp", version=TEXT, timestamp=MOMENT)
DEVICE_RESOURCE = record("", reported=_VERSION_AT, requested=_VERSION_AT, metadata=by_name(ANY))
DEVICE = record(
    "id",
    id=TEXT,
    name=TEXT,
    description=TEXT,
    defaultDataStreamId=TEXT,
    tags=TEXTS,
    properties=by_name(TEXT),
    group=record("id path", id=TEXT, path=TEXT),
    interfaces=listed(INTERFACE),
    activityState=TEXT,
    created=MOMENT,
    updated=MOMENT,
    staticLocation=record("lat lon", lat=NUMBER, lon=NUMBER, alt=NUMBER),
    config=by_name(_VALUE),
    resources=by_name(TEXT),
    firmwares=by_name(TEXT),
)
COUNTS = record(
    "by total complete countedAt counts",
    by=TEXT,
    total=WHOLE,
    complete=FLAG,
    countedAt=MOMENT,
    counts=listed(record("value count", value=TEXT, count=WHOLE, id=TEXT)),
)
COMMAND = record(
    "id targetDeviceId request status policy history created updated",
    id=TEXT,
    targetDeviceId=TEXT,
    request=record("connector value", connector=TEXT, value=ANY),
    response=record("value", value=ANY),
    status=among(Status),
    deliveryStatus=among(DeliveryStatus),
    errorCode=TEXT,
    policy=record(
        "expirationInSeconds ackMode attempts",
        expirationInSeconds=WHOLE,
        ackMode=among(AckMode),
        ackTimeoutInSeconds=WHOLE,
        attempts=WHOLE,
    ),
    history=listed(
        record(
            "timestamp status",
            timestamp=MOMENT,
            status=among(Status),
            deliveryStatus=among(DeliveryStatus),
            errorCode=TEXT,
            nodeId=TEXT,
            note=TEXT,
        )
    ),
    notifyTo=TEXT,
    created=MOMENT,
    updated=MOMENT,
)
PARAMETER = record("syncStatus", reported=_VALUE, requested=_VALUE, syncStatus=among(SyncStatus))
CONFIGURATION = record("parameters", parameters=by_name(PARAMETER), notifyTo=TEXT)
RESOURCE = record(
    "tenantId resourceId connector creationTs updateTs",
    tenantId=TEXT,
    resourceId=TEXT,
    label=TEXT,
    description=TEXT,
    connector=TEXT,
    metadata=by_name(ANY),
    versionAliases=by_name(TEXT),
    creationTs=WHOLE,
    updateTs=WHOLE,
)
VERSION = record(
    "tenantId resourceId resourceVersionId checksum size ready creationTs updateTs",
    tenantId=TEXT,
    resourceId=TEXT,
    resourceVersionId=TEXT,
    description=TEXT,
    checksum=TEXT,
    size=WHOLE,
    ready=FLAG,
    compatibleVersions=TEXTS,
    creationTs=WHOLE,
    updateTs=WHOLE,
)
UPLOAD: Schema = {**VERSION, "properties": {**VERSION["properties"], "uploadUrl": TEXT, "uploadExpires": ANY}}
UPDATE = record(
    "id resourceId created updated requestedVersion connector status progress",
    id=TEXT,
    resourceId=TEXT,
    created=MOMENT,
    updated=MOMENT,
    initialVersion=TEXT,
    requestedVersion=TEXT,
    connector=TEXT,
    status=among(UpdateStatus),
    errorOrigin=among(Origin),
    errorCode=TEXT,
    deviceErrorCode=TEXT,
    errorDetails=TEXT,
    progress=NUMBER,
    metadata=by_name(ANY),
    notifyTo=TEXT,
)
