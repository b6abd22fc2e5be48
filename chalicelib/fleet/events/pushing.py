"""Posting events to webhooks: signed, tried again where the tenant wants it, never to where it could do harm."""

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.events import suspension
from chalicelib.fleet.events.records import TIMEOUT, HttpPush, Push, PushFailed, PushResult, TargetRefused
from chalicelib.fleet.fields import Field
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import Cause

PORTS = frozenset({80, 443, 8080, 8443, 9243})
SIGNATURE = "X-Hub-Signature-256"
"""`sha256=` and the HMAC of the body in hexadecimal, as WebSub names it (W3C recommendation, chapter 8)."""
TIMED_SIGNATURE = "X-Homeport-Signature"
"""`t=` and the second of the attempt, `v1=` and the HMAC of that number, a full stop and the body."""
WINDOW = 300
"""Seconds that a receiver should take a timed signature for."""
MAX_URL = 2048
_PATH = re.compile(r"\$(\.[\w-]+|\[\d{1,4}\]|\['[^'\]]+'\])*")
_STEP = re.compile(r"\.([\w-]+)|\[(\d{1,4})\]|\['([^'\]]+)'\]")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}", re.ASCII)
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", SIGNATURE.lower(), TIMED_SIGNATURE.lower()}
)


def push(ports: Ports, job: Push) -> None:
    """Post an event. PushFailed where it is to be tried again; what is not is told to the audit log and dropped."""
    policy = next((p for p in ports.policies.known(job.tenant) if p.id == job.policy), None)
    action = next((a for a in policy.pushes if a.id == job.action), None) if policy else None
    if policy is None or action is None:
        # Taken away by the tenant since.
        return
    if policy.state(action.id).is_suspended:
        _record(ports, job, action, "the action is suspended")
        return
    try:
        body = content(action, job.body)
    except Invalid as error:
        # The event's fault, not the webhook's.
        _record(ports, job, action, str(error))
        return
    reason, again = _posted(ports, action, body)
    if reason is None:
        suspension.worked(ports, policy, action.id)
        return
    _record(ports, job, action, reason)
    if suspension.failed(ports, policy, action.id, reason):
        _record(ports, job, action, f"the action is suspended: {reason}")
    elif again:
        raise PushFailed(reason)


def _posted(ports: Ports, action: HttpPush, body: bytes) -> tuple[str | None, bool]:
    """What went wrong, if anything, and whether it is to be tried again."""
    try:
        result = post(ports, action, body)
    except TargetRefused as error:
        return str(error), False
    except PushFailed as error:
        return str(error), action.retry
    return (None, False) if result.accepted else (f"the webhook answered {result.status}", action.retry)


def post(ports: Ports, action: HttpPush, body: bytes, timeout: int = TIMEOUT) -> PushResult:
    """Errors: TargetRefused, PushFailed."""
    headers = {name: ", ".join(values) for name, values in action.headers.items()}
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    if action.secret:
        headers[SIGNATURE] = signature(action.secret, body)
        headers[TIMED_SIGNATURE] = timed_signature(action.secret, body, ports.clock.now() // 1000)
    return ports.webhooks.post(action.url, headers, body, timeout)


def signature(secret: str, body: bytes) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def timed_signature(secret: str, body: bytes, at: int) -> str:
    """As receivers check it who want no old request again; `at` in seconds."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def content(action: HttpPush, body: bytes) -> bytes:
    """The body of the request: the event, a part of it, or what the template makes of it. Errors: Invalid."""
    if not action.path and not action.template:
        return body
    part = select(json.loads(body), action.path) if action.path else json.loads(body)
    if not action.template:
        return json.dumps(part, ensure_ascii=False, separators=(",", ":")).encode()
    from chalicelib.fleet.data.decoding import Budget
    from chalicelib.fleet.data.decoding.rendering import fill

    return fill(action.template, part if isinstance(part, dict) else {"value": part}, Budget()).encode()


def select(event: Any, path: str) -> Any:
    """The part of an event that a JSON path names. Errors: Invalid (it has no such part)."""
    part = event
    for name, index, quoted in _STEP.findall(path):
        try:
            part = part[int(index)] if index else part[name or quoted]
        except (LookupError, TypeError):
            raise Invalid(f"the event has no {path}", Field.JSON_PATH) from None
    return part


def checked_url(url: str) -> str:
    """The URL, if a webhook may have it. Errors: Invalid."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Invalid("the address of a webhook is a URL", Field.URL) from None
    printable = url.isascii() and url.isprintable() and " " not in url
    if len(url) > MAX_URL or not printable or parts.scheme not in ("http", "https") or not parts.hostname:
        raise Invalid("the address of a webhook is a URL with http or https and a host", Field.URL)
    if parts.username or parts.password:
        raise Invalid("the address of a webhook has no user and no password: use a header", Field.URL)
    if port == 0:
        raise Invalid("the address of a webhook has a port from 1 to 65535", Field.URL)
    return url


def checked_path(path: str) -> str:
    """Errors: Invalid."""
    if not _PATH.fullmatch(path):
        raise Invalid("a path into an event is like $.value.list[0]", Field.JSON_PATH)
    return path


def checked_headers(headers: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Errors: Invalid."""
    for name, values in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS:
            raise Invalid(f"{name[:64]!r} is not a header that a webhook can be given", Field.HEADERS)
        if any(not v.isascii() or not v.isprintable() or len(v) > MAX_URL for v in values):
            raise Invalid(f"the header {name} has a value that is not printable ASCII", Field.HEADERS)
    return headers


def checked_template(template: str) -> str:
    """Errors: Invalid, with the position of what is wrong."""
    from chalicelib.fleet.data.decoding.template import parse

    parse(template)
    return template


def _record(ports: Ports, job: Push, action: HttpPush, reason: str) -> None:
    audit.refuse(
        ports,
        job.tenant,
        at=ports.clock.now(),
        event=job.event,
        reason=reason,
        source={"policy": job.policy},
        content={"url": action.url, "action": job.action, "retried": action.retry},
        cause=Cause.WEBHOOK,
        way=None,
    )
