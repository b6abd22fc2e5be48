"""Options of the tenant (reference, "Options")."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import options
from chalicelib.dialects.cumulocity.errors import Missing
from chalicelib.dialects.cumulocity.options import Option
from chalicelib.dialects.cumulocity.rest import contents, links, paging
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Invalid, LimitReached, NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "option", "optionCollection"
MASK = "<<Encrypted>>"
_PATH = ("tenant", "options")
_READING, _WRITING = frozenset({Role.SETTINGS_R}), frozenset({Role.SETTINGS_W})


def _view(request: Request, option: Option) -> dict[str, Any]:
    return {
        "category": option.category,
        "key": option.key,
        "value": _value(option),
        "self": links.to(request, *_PATH, option.category, option.key),
    }


def _value(option: Option) -> str:
    return MASK if option.secret else option.value


def _list(ports: Ports, request: Request) -> Answer:
    asked = paging.wanted(request)
    found = list(options.every(ports, request.tenant))
    shown = [_view(request, one) for one in found[asked.skipped : asked.skipped + asked.size]]
    return contents.found(request, COLLECTION, paging.body(request, "options", shown, asked, len(found), *_PATH))


def _create(ports: Ports, request: Request) -> Answer:
    """Answered with 200, as the vendor does, also where it makes one."""
    body = contents.read(request)
    missing = [name for name in ("category", "key", "value") if body.get(name) is None]
    if missing:
        raise Missing(*missing)
    option = options.put(ports, request.tenant, Option(*(_text(body, name) for name in ("category", "key", "value"))))
    return contents.changed(request, KIND, _view(request, option))


def _category(ports: Ports, request: Request) -> Answer:
    found = options.every(ports, request.tenant, request.path["category"])
    return contents.found(request, KIND, {one.key: _value(one) for one in found})


def _update_category(ports: Ports, request: Request) -> Answer:
    """All that the body names; the others stay."""
    body, category = contents.read(request), request.path["category"]
    options.put_all(ports, request.tenant, category, {key: _text(body, key) for key in body})
    found = options.every(ports, request.tenant, category)
    return contents.changed(request, KIND, {one.key: _value(one) for one in found})


def _get(ports: Ports, request: Request) -> Answer:
    found = options.get(ports, request.tenant, request.path["category"], request.path["key"])
    return contents.found(request, KIND, _view(request, found))


def _update(ports: Ports, request: Request) -> Answer:
    body = contents.read(request)
    present = options.get(ports, request.tenant, request.path["category"], request.path["key"])
    if body.get("value") is None:
        raise Missing("value")
    option = options.put(ports, request.tenant, Option(present.category, present.key, _text(body, "value")))
    return contents.changed(request, KIND, _view(request, option))


def _delete(ports: Ports, request: Request) -> Answer:
    options.delete(ports, request.tenant, request.path["category"], request.path["key"])
    return Answer()


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body[name]
    if not isinstance(value, str):
        raise Invalid(f"{name[:64]} is a text", name)
    return value


_ALL, _OF_CATEGORY, _ONE = "/tenant/options", "/tenant/options/{category}", "/tenant/options/{category}/{key}"
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING}
ROUTES = (
    Route(
        "GET", _ALL, _list, "Options of the tenant", roles=_READING, parameters=paging.PARAMETERS, failures=(Invalid,)
    ),
    Route("POST", _ALL, _create, "Make or change an option", roles=_WRITING, failures=(Invalid, LimitReached), **_BODY),
    Route("GET", _OF_CATEGORY, _category, "Options of a category, as values by key", roles=_READING),
    Route(
        "PUT",
        _OF_CATEGORY,
        _update_category,
        "Make or change options of a category",
        roles=_WRITING,
        failures=(Invalid, LimitReached),
        **_BODY,
    ),
    Route("GET", _ONE, _get, "An option", roles=_READING, failures=(NotFound,)),
    Route("PUT", _ONE, _update, "Change an option", roles=_WRITING, failures=(Invalid, NotFound), **_BODY),
    Route("DELETE", _ONE, _delete, "Delete an option", roles=_WRITING, success=204, failures=(NotFound,)),
)
