"""What is served over HTTP: the REST APIs of the dialects that this stage speaks, and what belongs to none of them."""

import os
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part

if TYPE_CHECKING:
    from chalicelib.web.routes import Api
    from chalicelib.web.site import Site


def prefixes() -> list[str]:
    """Of everything; to know them, nothing that is served is imported."""
    spoken = (registry.described(name).prefixes for name in registry.enabled())
    return [*(prefix for several in spoken for prefix in several), *_PLAIN]


_PLAIN = ("/dl", "/openapi.json", "/docs", "/console")


@cache
def site() -> "Site":
    from chalicelib.web import cors, plain
    from chalicelib.web.router import Router
    from chalicelib.web.site import Site

    router = Router([*apis(), *_others()], otherwise=plain.api("nothing", ()))
    return Site(router, cors.origins(os.environ.get(cors.SETTING, "")))


def apis() -> "list[Api]":
    """Those of the dialects."""
    return [api for name in registry.having(Part.REST, registry.enabled()) for api in registry.rest(name).APIS]


def _others() -> "list[Api]":
    """Those of no dialect: `web.plain.api` makes one, of routes that anybody may ask."""
    from chalicelib.console import serving
    from chalicelib.web import describing, downloading

    return [downloading.API, describing.api(apis()), serving.api(apis())]
