"""Models as documents, for their maker. The vendor has them in its portal only."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.xyte import ORGANIZATION, modelling
from chalicelib.dialects.xyte.models import VERSIONS, Claiming, Model, Proof
from chalicelib.dialects.xyte.rest.paging import PAGES, after, next_page
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Conflict, NotFound
from chalicelib.fleet.ports import Ports
from chalicelib.web import answers
from chalicelib.web.answers import FLAG, TEXT, WHOLE, listed, record
from chalicelib.web.parameters import Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Handler, Route
from chalicelib.web.schemas import Schema

PATH = ORGANIZATION + "/v1/models"
ONE = PATH + "/{model_id}"
LONGEST_SILENCE = 86_400
_FIELDS = {
    "name": "name",
    "model_id": "model_id",
    "auth": "proof",
    "api_version": "version",
    "offline_threshold": "offline_after",
    "commands": "commands",
    "claim": "claiming",
}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 128}
_PROPERTIES: Mapping[str, Schema] = {
    "name": _NAME,
    "model_id": _NAME,
    "auth": {"enum": [str(one) for one in Proof]},
    "api_version": {"enum": list(VERSIONS)},
    "offline_threshold": {"type": "integer", "minimum": 0, "maximum": LONGEST_SILENCE},
    "commands": {"type": "boolean"},
    "claim": {"enum": [str(one) for one in Claiming]},
}
_NEW: Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {**_PROPERTIES, "hardware_key": {"type": "string", "minLength": 8, "maxLength": 64}},
    "additionalProperties": False,
}
_CHANGED: Schema = {"type": "object", "properties": _PROPERTIES, "additionalProperties": False}


def create(ports: Ports, request: Request) -> Answer:
    """A model; its `hardware_key` may be one that firmware has already."""
    sent = request.body
    key = sent.get("hardware_key") or modelling.new_key(ports)
    bare = Model(request.tenant, key, sent["name"], sent.get("model_id", key))
    return Answer(shown(modelling.create(ports, _with(bare, sent))))


def page(ports: Ports, request: Request) -> Answer:
    found = modelling.page(ports, request.tenant, after(request.asked["page"]), request.asked["per_page"])
    return Answer({"items": [shown(model) for model in found.items], "next_page": next_page(found.cursor)})


def get(ports: Ports, request: Request) -> Answer:
    return Answer(shown(modelling.find(ports, request.tenant, request.path["model_id"])))


def update(ports: Ports, request: Request) -> Answer:
    """What is sent; the rest stays. Known everywhere after a minute."""
    changed = modelling.update(
        ports, request.tenant, request.path["model_id"], lambda model: _with(model, request.body)
    )
    return Answer(shown(changed))


def delete(ports: Ports, request: Request) -> Answer:
    """No device registers with it any more; those that have go on."""
    modelling.close(ports, request.tenant, request.path["model_id"])
    return Answer({"success": True})


def shown(model: Model) -> dict[str, Any]:
    values = {name: getattr(model, attribute) for name, attribute in _FIELDS.items()}
    return {"id": model.hardware_key, "hardware_key": model.hardware_key, **values}


def _with(model: Model, sent: Mapping[str, Any]) -> Model:
    made: dict[str, Callable[[Any], Any]] = {"auth": Proof, "claim": Claiming}
    values: dict[str, Any] = {
        _FIELDS[name]: made.get(name, lambda same: same)(value) for name, value in sent.items() if name in _FIELDS
    }
    return replace(model, **values)


_ID = Parameter("model_id", place=Place.PATH, explained="The hardware key of the model.")
_MAY, _MAY_CHANGE = frozenset({Role.DEVICE_R, Role.DEVICE_W}), frozenset({Role.DEVICE_W})
ROUTES = (
    Route("POST", PATH, create, "Create a model", _MAY_CHANGE, 201, _NEW, failures=(Conflict,)),
    Route("GET", PATH, page, "List models", _MAY, parameters=PAGES),
    Route("GET", ONE, get, "Get a model", _MAY, parameters=(_ID,), failures=(NotFound,)),
    Route("PUT", ONE, update, "Change a model", _MAY_CHANGE, schema=_CHANGED, parameters=(_ID,), failures=(NotFound,)),
    Route("DELETE", ONE, delete, "Delete a model", _MAY_CHANGE, parameters=(_ID,), failures=(NotFound,)),
)
MODEL = record(
    "id hardware_key name model_id auth api_version offline_threshold commands claim",
    id=TEXT,
    hardware_key=TEXT,
    name=TEXT,
    model_id=TEXT,
    auth=answers.among(Proof),
    api_version=answers.among(VERSIONS),
    offline_threshold=WHOLE,
    commands=FLAG,
    claim=answers.among(Claiming),
)
SUCCESS = record("success", success={"const": True})
ANSWERS: dict[Handler, Schema] = {
    create: MODEL,
    get: MODEL,
    update: MODEL,
    page: record("items next_page", items=listed(MODEL), next_page={"type": ["string", "null"]}),
    delete: SUCCESS,
}
