"""The request in an event of API Gateway's Lambda proxy integration."""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.fleet.errors import Invalid
from chalicelib.web import json_text
from chalicelib.web.request import Headers, Query, Request

_GATEWAYS_OWN = re.compile(r"[a-z0-9]+(?:-vpce-[a-z0-9]+)?\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?")
"""The name that API Gateway gives an API, in whatever partition: its paths begin with the stage's name."""
_REPLACEMENT = "\ufffd"


def request_of(event: Mapping[str, Any], path: Mapping[str, str] | None = None) -> Request:
    """`path` are the parameters in the event's path. Errors: Invalid."""
    headers, context = event.get("headers") or {}, event.get("requestContext") or {}
    return Request(
        method=event["httpMethod"],
        path=path or {},
        query=Query(event.get("multiValueQueryStringParameters")),
        headers=Headers(headers),
        raw=_raw(event),
        trace=context.get("requestId"),
        address=str((context.get("identity") or {}).get("sourceIp") or ""),
        base=_base(context),
    )


def _base(context: Mapping[str, Any]) -> str:
    """At a host name of one's own, whose mapping has no path, nothing."""
    domain, stage = context.get("domainName"), context.get("stage")
    return f"/{stage}" if domain and stage and _GATEWAYS_OWN.fullmatch(str(domain)) else ""


def _raw(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if not event.get("isBase64Encoded"):
        # API Gateway decoded it by itself and leaves this where bytes were no UTF-8.
        if _REPLACEMENT in body:
            raise Invalid(f"the body is not UTF-8: wrong character at {body.index(_REPLACEMENT)}", json_text.BODY)
        return str(body).encode(errors="replace")
    try:
        return base64.b64decode(body)
    except binascii.Error:
        raise Invalid("the body cannot be read", json_text.BODY) from None
