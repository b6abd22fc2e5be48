"""Making messages over REST: one, or all of a collection or none (reference, "Measurements" and "Events")."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from chalicelib.dialects.cumulocity.rest import contents, data, links, processing
from chalicelib.dialects.cumulocity.rest.sources import Sources
from chalicelib.fleet.data.records import DataMessage
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request


class Kind(NamedTuple):
    """What distinguishes measurements from events.

    `made` reads an element with the request's id and the element's place, and answers the message and who sent it;
    `view` is the message as the vendor shows it.
    """

    one: str
    several: str
    path: tuple[str, ...]
    made: Callable[[Ports, Sources, Any, str, int], tuple[DataMessage, str]]
    view: Callable[[Request, Sources, DataMessage], Mapping[str, Any]]


def create(kind: Kind, ports: Ports, request: Request) -> Answer:
    """Errors: Invalid; nothing is kept then."""
    body, sources = contents.read(request), Sources(ports, request)
    several = data.several(body, kind.several)
    event = ports.new_id(ports.clock.now())
    elements = [body] if several is None else several
    made = [kind.made(ports, sources, element, event, row) for row, element in enumerate(elements)]
    mode = processing.mode(request)
    with processing.applied(request):
        data.store(ports, made, mode)
    processing.heard(ports, request, sources.named())
    shown = [processing.shown(mode, kind.view(request, sources, message)) for message, _ in made]
    if several is None:
        return contents.created(request, kind.one, shown[0], shown[0].get("self"))
    itself = links.to(request, *kind.path)
    return contents.created(request, f"{kind.one}Collection", {"self": itself, kind.several: shown}, itself)
