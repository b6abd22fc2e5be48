"""Registering devices, and credentials for them (reference, "New device requests" and "Device credentials")."""

from http import HTTPStatus
from typing import Any

from chalicelib.dialects.cumulocity import bootstrap, fragments, registration, security_tokens, times, waiting
from chalicelib.dialects.cumulocity.errors import RequestNotFound
from chalicelib.dialects.cumulocity.registration import NewDevice, Status
from chalicelib.dialects.cumulocity.rest import access, contents, links, managed_objects, paging
from chalicelib.fleet.access import attempts
from chalicelib.fleet.errors import Invalid, LimitReached, ObjectNotFound, Unauthenticated
from chalicelib.fleet.inventory import objects
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Limit, Use
from chalicelib.web import basic
from chalicelib.web.request import Answer, Request
from chalicelib.web.routes import Route

KIND, COLLECTION, CREDENTIALS = "newDeviceRequest", "newDeviceRequestCollection", "deviceCredentials"
PATH = ("devicecontrol", "newDeviceRequests")
A_SECOND, OF_ONE_PLACE = 1, 20
"""Looks a second at one id, and for one address."""
PAUSE = 1_000
"""Milliseconds: clients ask without a pause for as long as the answer is 404, and give up at anything else."""
_SAID = ("groupId", "type")
_LONGEST_SAID = 256


def _view(request: Request, found: NewDevice) -> dict[str, Any]:
    # That it was given its credentials is nothing that the vendor has a word for.
    status = Status.ACCEPTED if found.status is Status.DELIVERED else found.status
    return {
        **found.said,
        "id": found.id,
        "self": links.to(request, *PATH, found.id),
        "status": status.value,
        "owner": found.owner,
        "tenantId": request.tenant,
        "creationTime": times.render(found.created),
    }


def _create(ports: Ports, request: Request) -> Answer:
    body = contents.read(request)
    fragments.ensure(body, "id")
    device = fragments.text(body, "id", registration.LONGEST)
    said = {name: fragments.text(body, name, _LONGEST_SAID) for name in _SAID if body.get(name) is not None}
    if "groupId" in said:
        try:
            objects.get(ports, request.tenant, said["groupId"])
        except ObjectNotFound:
            raise Invalid(f"there is no group {said['groupId'][:64]}", "groupId") from None
    found = registration.create(ports, request.tenant, device, managed_objects.owner(request.by), said)
    shown = _view(request, found)
    return contents.created(request, KIND, shown, shown["self"])


def _list(ports: Ports, request: Request) -> Answer:
    asked = paging.wanted(request)
    every = registration.every(ports, request.tenant)
    shown = [_view(request, one) for one in every[asked.skipped : asked.skipped + asked.size]]
    body = paging.body(request, "newDeviceRequests", shown, asked, len(every), *PATH)
    return contents.found(request, COLLECTION, body)


def _get(ports: Ports, request: Request) -> Answer:
    found = registration.find(ports, request.tenant, request.path["requestId"])
    return contents.found(request, KIND, _view(request, found))


def _change(ports: Ports, request: Request) -> Answer:
    """Accept it: there is nothing else to be said of one."""
    body = contents.read(request)
    if body.get("status") != Status.ACCEPTED.value:
        raise Invalid(f"status is {Status.ACCEPTED.value}", "status")
    found = registration.accept(ports, request.tenant, request.path["requestId"], _token(body))
    return contents.changed(request, KIND, _view(request, found))


def _accept_all(ports: Ports, request: Request) -> Answer:
    """Those whose devices have asked; of one that has shown a token somebody has to say it."""
    waiting = [one for one in registration.every(ports, request.tenant) if one.status is Status.PENDING]
    accepted = []
    for one in waiting:
        try:
            accepted.append(registration.accept(ports, request.tenant, one.id, None))
        except (RequestNotFound, Invalid):
            continue
    itself = links.to(request, *PATH, "acceptAll")
    body = {"self": itself, "newDeviceRequests": [_view(request, one) for one in accepted]}
    return contents.found(request, COLLECTION, body)


def _limit(ports: Ports, request: Request) -> Answer:
    waiting = len(registration.every(ports, request.tenant))
    body = {"self": links.to(request, *PATH, "limit"), "limit": registration.MOST, "waiting": waiting}
    return contents.found(request, "newDeviceRequestLimit", body)


def _delete(ports: Ports, request: Request) -> Answer:
    registration.delete(ports, request.tenant, request.path["requestId"])
    return Answer()


def _credentials(ports: Ports, request: Request) -> Answer:
    """For who comes with the user of the stage for that; 404 for as long as nobody has accepted the device."""
    bootstrap.ensure(ports, *basic.credentials(request, "devices come in with the bootstrap user"))
    body = contents.read(request)
    fragments.ensure(body, "id")
    device, token = fragments.text(body, "id", registration.LONGEST), _token(body)
    if _too_often(ports, request, device):
        ports.pause(PAUSE)
        raise RequestNotFound(f"There is no newDeviceRequest for device id {device[:64]}.")
    given = registration.poll(ports, device, token, tenant=access.of_host(request))
    itself = links.to(request, "devicecontrol", "deviceCredentials", device)
    shown = {
        "id": device,
        "self": itself,
        "tenantId": given.tenant,
        "username": given.user,
        "password": given.password,
    }
    return Answer(contents.found(request, CREDENTIALS, shown).body, HTTPStatus.CREATED, {"Location": itself})


def _too_often(ports: Ports, request: Request, device: str) -> bool:
    place = attempts.network(request.address)
    limits = [
        Limit(Use.REQUESTS, A_SECOND, 1, f"credentials {waiting.key_of(device)}"),
        Limit(Use.REQUESTS, OF_ONE_PLACE, 1, f"credentials for {place}"),
    ]
    return ports.windows.spend("!", limits, ports.clock.now()) is not None


def _token(body: dict[str, Any]) -> str | None:
    found = body.get("securityToken")
    return None if found in (None, "") else fragments.text(body, "securityToken", security_tokens.LONGEST)


_ALL, _ONE = "/devicecontrol/newDeviceRequests", "/devicecontrol/newDeviceRequests/{requestId}"
_BODY: dict[str, Any] = {"schema": contents.OBJECT, "reads": contents.ANYTHING, "max_body": 20_000}
_READING, _WRITING = managed_objects.READING, managed_objects.WRITING
ROUTES = (
    Route(
        "POST",
        _ALL,
        _create,
        "Let a device register",
        roles=_WRITING,
        success=201,
        failures=(Invalid, LimitReached),
        **_BODY,
    ),
    Route("GET", _ALL, _list, "Devices that register", roles=_READING, parameters=paging.PARAMETERS),
    Route("POST", f"{_ALL}/acceptAll", _accept_all, "Accept all devices that have asked", roles=_WRITING),
    Route("GET", f"{_ALL}/limit", _limit, "How many devices may register at the same time", roles=_READING),
    Route("GET", _ONE, _get, "A device that registers", roles=_READING, failures=(RequestNotFound,)),
    Route("PUT", _ONE, _change, "Accept a device", roles=_WRITING, failures=(Invalid, RequestNotFound), **_BODY),
    Route(
        "DELETE",
        _ONE,
        _delete,
        "Let a device register no more",
        roles=_WRITING,
        success=204,
        failures=(RequestNotFound,),
    ),
    Route(
        "POST",
        "/devicecontrol/deviceCredentials",
        _credentials,
        "What a device comes in with from now on, once it was accepted",
        success=201,
        public=True,
        failures=(Unauthenticated, Invalid, RequestNotFound),
        **_BODY,
    ),
)
