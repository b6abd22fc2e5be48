"""The audit log: what was refused, and what clients want to be in it (reference, "Audits")."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from chalicelib.dialects.cumulocity import fragments, times
from chalicelib.dialects.cumulocity.errors import AuditRecordNotFound
from chalicelib.dialects.cumulocity.rest import asking, contents, links, lists, managed_objects, paging
from chalicelib.dialects.cumulocity.rest.sources import SOURCE, Sources
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Invalid
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy import audit
from chalicelib.fleet.tenancy.records import AuditEntry, Cause
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "auditRecord", "auditRecordCollection"
PATH = ("audit", "auditRecords")
MANDATORY = ("activity", "source", "text", "time", "type")
_OWN = frozenset({*MANDATORY, "id", "self", "creationTime", "user", "severity"})
_LONGEST, _LONGEST_TEXT = 256, 10_000
_MOST = 16
"""Hexadecimal digits are read to that base."""
_LONGEST_NUMBER = 30
_SEVERITIES = {"error": "MAJOR"}
_INFORMATION = "INFORMATION"


def _view(request: Request, sources: Sources, entry: AuditEntry) -> dict[str, Any]:
    number = str(int(entry.id, _MOST))
    told = entry.content if entry.cause is Cause.REPORTED else {}
    return {
        **told.get("details", {}),
        "id": number,
        "self": links.to(request, *PATH, number),
        "creationTime": times.render(entry.at),
        "time": times.render(int(told.get("time", entry.at))),
        "type": _type(entry),
        "activity": told.get("activity", entry.cause.capitalize()),
        "text": entry.reason,
        "user": _user(entry),
        "severity": told.get("severity", _SEVERITIES.get(entry.level, _INFORMATION)),
        "source": _source(sources, entry),
    }


def _type(entry: AuditEntry) -> str:
    return str(entry.content.get("type", "SYSTEM")) if entry.cause is Cause.REPORTED else "SYSTEM"


def _user(entry: AuditEntry) -> str:
    return str(entry.source.get("user") or "homeport")


def _source(sources: Sources, entry: AuditEntry) -> dict[str, Any]:
    device = entry.source.get("device")
    if device is not None and sources.number(device) is not None:
        return sources.view(device)
    return {"id": entry.source.get("object") or device or entry.source.get("client") or "homeport"}


def _create(ports: Ports, request: Request) -> Answer:
    body = contents.read(request)
    fragments.ensure(body, *MANDATORY)
    source = body["source"]
    if not isinstance(source, dict) or not isinstance(source.get("id"), str | int) or isinstance(source["id"], bool):
        raise Invalid("source has an id", "source")
    told: Mapping[str, Any] = {
        "type": fragments.text(body, "type", _LONGEST),
        "activity": fragments.text(body, "activity", _LONGEST_TEXT),
        "time": times.parse(body["time"], "time"),
        "severity": fragments.text({"severity": _INFORMATION, **_given(body)}, "severity", _LONGEST),
        "details": fragments.of(_given(body), _OWN),
    }
    fragments.ensure_fits(told, fragments.LARGEST)
    entry = audit.report(
        ports,
        request.tenant,
        reason=fragments.text(body, "text", _LONGEST_TEXT),
        source={"object": str(source["id"])[:_LONGEST], "user": managed_objects.owner(request.by)},
        content=told,
    )
    shown = _view(request, Sources(ports, request), entry)
    return contents.created(request, KIND, shown, shown["self"])


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _get(ports: Ports, request: Request) -> Answer:
    number = request.path["auditId"]
    digits = number.isascii() and number.isdigit() and len(number) <= _LONGEST_NUMBER
    found = audit.get(ports, request.tenant, f"{int(number):024x}") if digits else None
    if found is None:
        raise AuditRecordNotFound(
            f"Finding audit record from database failed : No audit record for gid '{number[:64]}'!"
        )
    return contents.found(request, KIND, _view(request, Sources(ports, request), found))


def _list(ports: Ports, request: Request) -> Answer:
    sources = Sources(ports, request)
    found = partial(_meant, ports, request, sources)
    page = lists.page(ports, request, "auditRecords", found, _mark, partial(_view, request, sources), *PATH)
    return contents.found(request, COLLECTION, page)


def _mark(entry: AuditEntry) -> str:
    return f"{entry.at} {entry.id}"


def _meant(ports: Ports, request: Request, sources: Sources, after: str | None = None) -> Iterator[AuditEntry]:
    """Newest first; those that come `after` the entry of that mark."""
    asked, moments = request.asked, asking.window(request)
    at, _, last = (after or "").partition(" ")
    end = int(at) + 1 if after else moments.end

    def meant(entry: AuditEntry) -> bool:
        return (
            asked["type"] in ("", _type(entry))
            and asked["user"] in ("", _user(entry))
            and asked["source"] in ("", _source(sources, entry)["id"])
            # No entry is of an application.
            and not asked["application"]
        )

    entries = audit.read(ports, request.tenant, start=moments.start, end=end)
    others = (one for one in entries if not after or (one.at, one.id) < (int(at), last))
    return filter(meant, asking.looked(others))


_ALL = "/audit/auditRecords"
_READING, _WRITING = frozenset({Role.LOGS_R}), frozenset({Role.SETTINGS_W})
ROUTES = (
    Route(
        "GET",
        _ALL,
        _list,
        "Audit records, the newest first",
        roles=_READING,
        parameters=(
            *paging.PARAMETERS,
            SOURCE,
            *(Parameter(name, default="") for name in ("type", "user", "application")),
            *asking.DATES,
        ),
        failures=(Invalid,),
    ),
    Route(
        "POST",
        _ALL,
        _create,
        "Add an audit record",
        roles=_WRITING,
        success=201,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        max_body=fragments.LARGEST,
        failures=(Invalid,),
    ),
    Route("GET", f"{_ALL}/{{auditId}}", _get, "An audit record", roles=_READING, failures=(AuditRecordNotFound,)),
)
