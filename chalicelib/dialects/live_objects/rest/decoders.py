"""`/api/v0/decoders` (OpenAPI of the decoding service). There are no public decoders, and none in JavaScript."""

from functools import partial

from chalicelib.dialects.live_objects.rest.shapes import decoders as shapes
from chalicelib.dialects.live_objects.rest.shapes import present
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.data import decoders
from chalicelib.fleet.data.records import DecoderKind, DecoderRecord
from chalicelib.fleet.errors import DecoderDuplicate, DecoderNotFound, Invalid, LimitReached
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Kind, Parameter, Place
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import KILOBYTE, Route

_TAGS = Parameter("tags", Kind.LIST, explained="only decoders with all of these tags")
_DECODER = Parameter("decoder_id", place=Place.PATH, bounds=(1, 64))
_TRIAL = 640 * KILOBYTE
"""Bytes: the longest payload in hexadecimal digits, its description and its template."""


def everything(ports: Ports, request: Request) -> Answer:
    return _listed(request, decoders.listing(ports, request.tenant))


def public(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - every handler is called alike
    return Answer([])


def no_javascript(ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - every handler is called alike
    raise Invalid(shapes.NO_JAVASCRIPT, "type")


def listing(kind: DecoderKind, ports: Ports, request: Request) -> Answer:
    return _listed(request, decoders.listing(ports, request.tenant, kind))


def create(kind: DecoderKind, ports: Ports, request: Request) -> Answer:
    now = ports.clock.now()
    record = shapes.created(request.body, kind, request.tenant, ports.new_id(now), now)
    return Answer(shapes.render(decoders.create(ports, record)))


def read(kind: DecoderKind, ports: Ports, request: Request) -> Answer:
    return Answer(shapes.render(decoders.get(ports, request.tenant, kind, request.asked["decoder_id"])))


def update(kind: DecoderKind, ports: Ports, request: Request) -> Answer:
    change = partial(shapes.changed, body=request.body)
    changed = decoders.update(ports, request.tenant, kind, request.asked["decoder_id"], change)
    return Answer(shapes.render(changed))


def enable(kind: DecoderKind, ports: Ports, request: Request) -> Answer:
    change = partial(shapes.switched, enabled=request.body)
    decoders.update(ports, request.tenant, kind, request.asked["decoder_id"], change)
    return Answer()


def delete(kind: DecoderKind, ports: Ports, request: Request) -> Answer:
    decoders.delete(ports, request.tenant, kind, request.asked["decoder_id"])
    return Answer()


def test(kind: DecoderKind, ports: Ports, request: Request) -> Answer:  # noqa: ARG001 - every handler is called alike
    trial = decoders.try_out(*shapes.on_trial(request.body, kind, request.tenant))
    return Answer(
        present(
            {
                "descriptionValid": trial.description_valid,
                "parsingOk": trial.parsing_ok,
                "templatingOK": trial.templating_ok,
                "decodingResult": trial.result,
                "decodingFailureReason": trial.failure,
            }
        )
    )


def _listed(request: Request, found: list[DecoderRecord]) -> Answer:
    wanted = set(request.asked["tags"] or ())
    return Answer([shapes.render(record) for record in found if wanted <= set(record.tags)])


_ROOT = "/api/v0/decoders"
_READ, _WRITE = frozenset({Role.DATA_PROCESSING_R}), frozenset({Role.DATA_PROCESSING_W})


def _of(kind: DecoderKind) -> tuple[Route, ...]:
    path = f"{_ROOT}/{kind.value}"
    one = f"{path}/{{decoder_id}}"
    name = f"{kind.value} decoder"
    schema, missing = shapes.NEW[kind], (DecoderNotFound,)
    return (
        Route("GET", path, partial(listing, kind), f"List the {name}s", _READ, parameters=(_TAGS,)),
        Route(
            "POST",
            path,
            partial(create, kind),
            f"Create a {name}",
            _WRITE,
            201,
            schema=schema,
            failures=(DecoderDuplicate, LimitReached),
        ),
        Route(
            "POST",
            f"{path}/test",
            partial(test, kind),
            f"Try out a {name} on a payload",
            _READ,
            schema=shapes.TRIAL[kind],
            max_body=_TRIAL,
        ),
        Route("GET", one, partial(read, kind), f"Get a {name}", _READ, parameters=(_DECODER,), failures=missing),
        Route(
            "PUT",
            one,
            partial(update, kind),
            f"Update a {name}",
            _WRITE,
            schema=schema,
            parameters=(_DECODER,),
            failures=(*missing, DecoderDuplicate),
        ),
        Route(
            "DELETE",
            one,
            partial(delete, kind),
            f"Delete a {name}",
            _WRITE,
            204,
            parameters=(_DECODER,),
            failures=missing,
        ),
        Route(
            "PUT",
            f"{one}/enabled",
            partial(enable, kind),
            f"Enable or disable a {name}",
            _WRITE,
            204,
            schema=shapes.ENABLED,
            parameters=(_DECODER,),
            failures=missing,
        ),
    )


ROUTES = (
    Route("GET", _ROOT, everything, "List all decoders", _READ, parameters=(_TAGS,)),
    Route("GET", f"{_ROOT}/public", public, "List the public decoders", _READ, parameters=(_TAGS,)),
    Route("POST", f"{_ROOT}/javascript", no_javascript, "Refuse a decoder in JavaScript", _WRITE),
    *_of(DecoderKind.BINARY),
    *_of(DecoderKind.CSV),
)
