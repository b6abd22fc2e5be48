"""What the vendor's old API calls things: assets, and pages of lists that are read no further than they reach."""

from dataclasses import replace
from typing import Any

from chalicelib.dialects.live_objects.rest.identifiers import ASSET, NAMESPACE
from chalicelib.dialects.live_objects.rest.shapes.notification import NOTIFY_TO, reached
from chalicelib.fleet import ids
from chalicelib.web import schemas
from chalicelib.web.parameters import Parameter
from chalicelib.web.request import Request

NOTIFIED = Parameter("notifyTo", bounds=(0, 255), explained="fifo/… to be told of every change of status")


def device_of(request: Request) -> str:
    """The id of the device that the path names by its two parts."""
    return urn(request.asked[NAMESPACE.name], request.asked[ASSET.name])


def urn(namespace: str, asset: str) -> str:
    return ids.device_id(namespace, asset)


def parts(device: str) -> tuple[str, str]:
    """Namespace and id within it; a device that came in through another dialect has no namespace."""
    return ids.device_name(device) or ("", device)


def of_device(request: Request, body: Any = None, **asked: Any) -> Request:
    """The same request as the new API would have it."""
    return replace(request, body=body, asked={**request.asked, "device_id": device_of(request), **asked})


def notified(request: Request) -> str | None:
    """Errors: Invalid, Forbidden."""
    destination: str | None = request.asked[NOTIFIED.name] or None
    schemas.check({"type": "object", "properties": {NOTIFIED.name: NOTIFY_TO}}, {NOTIFIED.name: destination})
    return reached(request.caller, destination)
