"""Routes as data: what is served, who may ask for it, what it takes and what it answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import Any

from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import FleetError
from chalicelib.fleet.frozen import dataclass
from chalicelib.fleet.ports import Ports
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Answer, Request
from chalicelib.web.schemas import Schema

Handler = Callable[[Ports, Request], Answer]
KILOBYTE = 1024


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. A caller needs one of `roles` (none: any key will do), or no key at all where `public`.

    `failures` are the use case's own errors, `others` further statuses of success.

    `path` is the whole path of the original, one `{name}` a segment; a last `{name+}` takes all that follows. `schema`
    is what a JSON body must satisfy, None where the operation takes none. A body of one of the content types of
    `reads`, which may be like `text/*`, is not looked at: the handler has it in `raw`. A body has at most `max_body`.
    `offers` are the content types that the handler can answer with, best first; without any it is JSON whatever the
    client accepts. `deprecated` is said of what the vendor has replaced.
    A key that is for some queues only opens routes of `queues` alone, whose handlers look which one it is. A device
    with a secret of its own opens those for `devices` alone, whose handlers look what it may reach.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    roles: frozenset[Role] = frozenset()
    success: int = 200
    schema: Schema | None = None
    reads: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    failures: tuple[type[FleetError], ...] = ()
    others: tuple[int, ...] = ()
    max_body: int = 512 * KILOBYTE
    public: bool = False
    queues: bool = False
    devices: bool = False
    deprecated: bool = False


def function(handler: Handler) -> Handler:
    """What a handler is made of, where one serves several routes with an argument of each."""
    return handler.func if isinstance(handler, partial) else handler


@dataclass(frozen=True, slots=True)
class Api:
    """What is served below `prefixes`. `authenticate` raises fleet errors; `explain` gives any exception a shape.

    A path below a prefix that is longer belongs to the API which has that one.
    `security` is the scheme of its credentials, as OpenAPI writes it. `answers` makes the JSON Schemas of what handlers
    answer when they succeed, by handler: only a description of the API needs them. Where it is `collapsing`, several
    slashes count as one, as clients of some vendors write them; `method_header` is the header by which a POST may be
    meant as another method.
    """

    name: str
    prefixes: tuple[str, ...]
    routes: Sequence[Route]
    authenticate: Callable[[Ports, Request], Caller]
    explain: Callable[[Ports, Exception], Answer]
    security: Mapping[str, Any] = field(default_factory=dict)
    answers: Callable[[], Mapping[Handler, Schema]] = dict
    collapsing: bool = False
    method_header: str = ""
