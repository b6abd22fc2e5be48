"""Data messages, decoders, FIFOs and action policies."""

from chalicelib.fleet.data.records import DecoderKind
from chalicelib.web.answers import (
    ANY,
    FLAG,
    MOMENT,
    TEXT,
    TEXTS,
    WHOLE,
    among,
    by_name,
    listed,
    record,
)

MESSAGE = record(
    "id streamId timestamp metadata created",
    id=TEXT,
    streamId=TEXT,
    timestamp=MOMENT,
    location=by_name(ANY),
    model=TEXT,
    value=ANY,
    tags=TEXTS,
    extra=by_name(ANY),
    metadata=by_name(ANY),
    created=MOMENT,
)
DECODER = record(
    "id encoding enabled type mathEvalEnabled tags updated",
    id=TEXT,
    encoding=TEXT,
    enabled=FLAG,
    type=among(DecoderKind),
    model=TEXT,
    template=TEXT,
    mathEvalEnabled=FLAG,
    tags=TEXTS,
    updated=MOMENT,
    format=TEXT,
    columns=listed(record("name jsonType", name=TEXT, jsonType=TEXT)),
    options=by_name(ANY),
)
TRIAL = record(
    "descriptionValid",
    descriptionValid=FLAG,
    parsingOk=FLAG,
    templatingOK=FLAG,
    decodingResult=ANY,
    decodingFailureReason=TEXT,
)
FIFO = record(
    "name messages messageBytes messageUnacknowledged messageUnacknowledgedBytes consumers maxLengthBytes",
    name=TEXT,
    messages=WHOLE,
    messageBytes=WHOLE,
    messageUnacknowledged=WHOLE,
    messageUnacknowledgedBytes=WHOLE,
    consumers=WHOLE,
    maxLengthBytes=WHOLE,
    messageTtl=WHOLE,
)
LINKED = record(
    "name linkedActions",
    name=TEXT,
    linkedActions=listed(
        record(
            "actionPolicy actionId",
            actionPolicy=record("id name triggerTypes", id=TEXT, name=TEXT, triggerTypes=TEXTS),
            actionId=TEXT,
        )
    ),
    status=record("messages consumers", messages=WHOLE, consumers=WHOLE),
)
_FIFO_PUBLISH = record("id type fifoName noRetention", id=TEXT, type=TEXT, fifoName=TEXT, noRetention=FLAG)
_HTTP_PUSH = record(
    "id type webhookUrl retryOnFailure",
    id=TEXT,
    type=TEXT,
    webhookUrl=TEXT,
    headers=by_name(TEXTS),
    jsonPath=TEXT,
    content=TEXT,
    retryOnFailure=FLAG,
    signingSecret=TEXT,
)
POLICY = record(
    "id name enabled updated triggers actions",
    id=TEXT,
    name=TEXT,
    enabled=FLAG,
    updated=MOMENT,
    triggers=by_name(record("version filter", version=WHOLE, filter=by_name(ANY))),
    actions=record("", fifoPublish=listed(_FIFO_PUBLISH), httpPush=listed(_HTTP_PUSH)),
)
ATTEMPT = record(
    "success",
    success=FLAG,
    urlBlacklisted=FLAG,
    httpResponseStatusCode=WHOLE,
    httpResponseBody=TEXT,
    errorMessage=TEXT,
)
DIAGNOSTIC = record(
    "id tenantId actionPolicyId actionId actionType suspended updated",
    id=TEXT,
    tenantId=TEXT,
    actionPolicyId=TEXT,
    actionId=TEXT,
    actionType=TEXT,
    suspended=FLAG,
    lastSuspension=record("", reason=TEXT, time=MOMENT),
    lastResumption=record("", time=MOMENT),
    updated=MOMENT,
)
