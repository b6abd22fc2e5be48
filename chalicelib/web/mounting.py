"""A site onto Chalice, which is left nothing to decide.

API Gateway has at most 300 resources, so each root has two: itself, and whatever lies below. Chalice would turn an
exception of ours into its own 500, answer a content type that it does not know by itself, and refuse clients that send
no Accept. One route takes every method: seven of them, written out for each resource, would be a third of the template.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from chalicelib.fleet.ports import Ports
from chalicelib.web.application import ANY, BELOW, Application
from chalicelib.web.responses import respond
from chalicelib.web.router import split
from chalicelib.web.site import Site


def mount(app: Application, prefixes: Iterable[str], site: Callable[[], Site], ports: Callable[[], Ports]) -> None:
    """Serve below the roots of `prefixes`; neither `site` nor `ports` is called before a request comes."""
    made = cache(site)

    def view() -> Any:
        request: Any = app.current_request
        return respond(request, made().answer(ports(), request.to_original_event()))

    for root in dict.fromkeys(split(prefix)[0] for prefix in prefixes):
        for path in (f"/{root}", f"/{root}{BELOW}"):
            app.route(path, methods=[ANY], content_types=[])(view)
