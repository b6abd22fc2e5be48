"""An answer as Chalice and API Gateway take it."""

import json
from typing import Any

from chalice.app import CaseInsensitiveMapping, Request, Response

from chalicelib.web.site import Rendered

_CARRIED = 6_000_000
"""Bytes of a function's answer, in which a text is a string within JSON."""


class TextResponse(Response):
    """Text that is handed on as it is.

    API Gateway decodes base64 for clients whose first Accept names a binary type (API Gateway developer guide, "Return
    binary media from a Lambda proxy integration"); those that send none would get to see the base64.
    """

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:  # noqa: ARG002 - Chalice's signature
        made: dict[str, Any] = super().to_dict()
        return made


def respond(request: Request, made: Rendered) -> Response:
    # Where every type counts as binary, Chalice refuses to answer clients that send no Accept.
    request.headers = CaseInsensitiveMapping({**request.headers, "accept": "*/*"})
    # Quotes and letters outside ASCII grow within JSON; base64 always grows by a third, and carries the rest.
    fitting = TextResponse if isinstance(made.body, str) and len(json.dumps(made.body)) <= _CARRIED else Response
    return fitting(body=made.body, headers=dict(made.headers), status_code=made.status)
