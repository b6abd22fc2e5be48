"""Files in requests and answers: as a form or as they are, whole or in parts (reference, "Binaries").

Firmware writes forms whose description is no JSON: then the file says itself what it is.
"""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.dialects.cumulocity.rest import contents
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import AttachmentNotFound, FleetError, Invalid, TooLarge
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.resources import attachments
from chalicelib.fleet.resources.attachments import Content
from chalicelib.fleet.resources.records import CARRIED, Attachment
from chalicelib.web import forms, ranges
from chalicelib.web.request import Answer, Raw, Request
from chalicelib.web.routes import Handler, Route

LARGEST = CARRIED
"""Bytes of a body, which API Gateway hands to Lambda in Base64."""
BODY: dict[str, Any] = {"reads": contents.ANYTHING, "max_body": LARGEST}
OCTETS = "application/octet-stream"
_LONGEST_NAME = 256
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]{1,100}/[\w!#$&^.+-]{1,100}(\s*;\s*[\w.+-]{1,50}=[\w.+-]{1,50}){0,3}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def read(request: Request, otherwise: str = "") -> tuple[Content, Mapping[str, Any]]:
    """The file of a body, and what a form says of it; a file without a name is called `otherwise`.

    Errors: Invalid, Missing (a form without a file).
    """
    kind = request.headers.get("content-type")
    if not forms.is_form(kind):
        name = forms.filename(request.headers.get("content-disposition"))
        return Content(_name(name) or otherwise, _type(kind), request.raw), {}
    parts = forms.read(kind, request.raw)
    file = parts.get("file")
    if file is None:
        raise Missing("file")
    told = _told(parts["object"].content) if "object" in parts else {}
    name = _name(told.get("name")) or _name(file.filename) or otherwise
    type_ = _type(file.content_type)
    return Content(name, _type(told.get("type")) if type_ == OCTETS else type_, file.content), told


def answer(ports: Ports, request: Request, find: Callable[[], Attachment | None]) -> Answer:
    """The bytes that are asked for. Errors: AttachmentNotFound, and what `find` raises."""
    found, span, body = attachments.read(ports, find, lambda size: ranges.span(request.headers.get("range"), size))
    if span is None:
        return Answer(None, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, {"Content-Range": f"bytes */{found.size}"})
    headers = {
        "Content-Disposition": _disposition(found.name),
        "Accept-Ranges": "bytes",
        # Somebody's own page is not to run as one of ours.
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "X-Content-Type-Options": "nosniff",
    }
    if len(body) == found.size:
        return Answer(Raw(body, found.type), HTTPStatus.OK, headers)
    headers["Content-Range"] = f"bytes {span[0]}-{span[1]}/{found.size}"
    return Answer(Raw(body, found.type), HTTPStatus.PARTIAL_CONTENT, headers)


def _told(content: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(said: Any) -> str:
    return _CONTROL.sub("", said)[:_LONGEST_NAME].strip() if isinstance(said, str) else ""


def _type(said: Any) -> str:
    return said.strip() if isinstance(said, str) and _MEDIA_TYPE.fullmatch(said.strip()) else OCTETS


def _disposition(name: str) -> str:
    """Old clients know `filename` alone, and take what stands there as it is (RFC 6266)."""
    plain = name.encode("ascii", "replace").decode().replace("\\", "_").replace('"', "_")
    encoded = f"; filename*=UTF-8''{quote(name, safe='')}" if plain != name else ""
    return f'attachment; filename="{plain}"{encoded}'


def routes(
    path: str,
    read: tuple[str, Handler],
    replace: tuple[str, Handler],
    delete: tuple[str, Handler],
    *,
    roles: tuple[frozenset[Role], frozenset[Role]],
    absent: type[FleetError],
) -> tuple[Route, ...]:
    """What is done with the file at `path`: each with its summary. `absent` is what there may be none of."""
    (got, get), (put, replaced), (deleted, away) = read, replace, delete
    reading, writing = roles
    none = (absent, AttachmentNotFound)
    part = f"{got}, or the part of it that Range asks for"
    may_be: dict[str, Any] = {"success": 201, "failures": (Invalid, TooLarge, *none), **BODY}
    return (
        Route("GET", path, get, part, roles=reading, devices=True, others=(206, 416), failures=none),
        Route("PUT", path, replaced, put, roles=writing, devices=True, **may_be),
        Route("DELETE", path, away, deleted, roles=writing, devices=True, success=204, failures=none),
    )
