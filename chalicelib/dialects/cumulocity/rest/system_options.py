"""What holds for every tenant of the platform (reference, "System options")."""

from typing import Any

from chalicelib.dialects.cumulocity.rest import contents, files, links
from chalicelib.fleet.errors import NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION = "option", "optionCollection"
OPTIONS = {("files", "max.size"): str(files.LARGEST)}
_PATH = ("tenant", "system", "options")


def _view(request: Request, category: str, key: str) -> dict[str, Any]:
    itself = links.to(request, *_PATH, category, key)
    return {"category": category, "key": key, "value": OPTIONS[category, key], "self": itself}


def _list(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    shown = [_view(request, *name) for name in OPTIONS]
    return contents.found(request, COLLECTION, {"self": links.to(request, *_PATH), "options": shown})


def _get(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - the same for all
    category, key = request.path["category"], request.path["key"]
    if (category, key) not in OPTIONS:
        raise NotFound(f"there is no option {key[:64]} in the category {category[:64]}")
    return contents.found(request, KIND, _view(request, category, key))


_ALL = "/tenant/system/options"
ROUTES = (
    Route("GET", _ALL, _list, "Options of the platform"),
    Route("GET", f"{_ALL}/{{category}}/{{key}}", _get, "An option of the platform", failures=(NotFound,)),
)
