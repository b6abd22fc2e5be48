"""The user that a device comes in as, beside its object (reference, "Managed objects", "user")."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity import device_users
from chalicelib.dialects.cumulocity.device_users import DeviceUser
from chalicelib.dialects.cumulocity.rest import contents, links, managed_objects
from chalicelib.fleet.errors import Invalid, ObjectNotFound, UserNotFound
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.inventory.managed_objects import ManagedObject
from chalicelib.fleet.ports import Ports
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND = "managedObjectUser"


def _view(request: Request, found: DeviceUser) -> Mapping[str, Any]:
    itself = links.to(request, *managed_objects.PATH, request.path["id"], "user")
    return {"self": itself, "userName": found.name, "enabled": found.enabled}


def _get(ports: Ports, request: Request) -> Answer:
    return contents.found(request, KIND, _view(request, _user(ports, request)))


def _change(ports: Ports, request: Request) -> Answer:
    body, found = contents.read(request), _user(ports, request)
    enabled = body.get("enabled")
    if not isinstance(enabled, bool):
        raise Invalid("enabled is true or false", "enabled")
    if body.get("userName", found.name) != found.name:
        raise Invalid("the name of a device's user is not changed", "userName")
    after = device_users.change(ports, request.tenant, found.name, enabled=enabled)
    return contents.changed(request, KIND, _view(request, after))


def _user(ports: Ports, request: Request) -> DeviceUser:
    """Errors: ObjectNotFound, UserNotFound (the object is of no device that registered)."""
    return device_users.get(ports, request.tenant, _owner(objects.get(ports, request.tenant, request.path["id"])))


def _owner(found: ManagedObject) -> str:
    return found.owner or ""


_ONE = "/inventory/managedObjects/{id}/user"
ROUTES = (
    Route(
        "GET",
        _ONE,
        _get,
        "The user of a device",
        roles=managed_objects.READING,
        failures=(ObjectNotFound, UserNotFound),
    ),
    Route(
        "PUT",
        _ONE,
        _change,
        "Disable or enable the user of a device",
        roles=managed_objects.WRITING,
        schema=contents.OBJECT,
        reads=contents.ANYTHING,
        failures=(Invalid, ObjectNotFound, UserNotFound),
    ),
)
