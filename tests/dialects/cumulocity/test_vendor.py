"""Everything that is served against the facts of the vendor's description: statuses, query parameters, answers.

`vendor_operations.json` holds them; `vendor_table.py` has made it. What differs stands here, with the reason.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chalicelib.dialects.cumulocity.errors import code_of
from chalicelib.dialects.cumulocity.rest import routes
from chalicelib.dialects.cumulocity.rest.notifications import PATHS, SUFFIXES
from chalicelib.web.routes import Route
from tests.dialects.cumulocity.client import Client
from tests.dialects.cumulocity.forms import HEADERS, form
from tests.dialects.cumulocity.furnished import furnish
from tests.dialects.cumulocity.vendor_table import place

pytestmark = pytest.mark.row("G1")

VENDOR: dict[str, Any] = json.loads(Path(__file__).with_name("vendor_operations.json").read_text(encoding="utf-8"))
OURS_ALONE = {
    # Clients use them, the description has not heard of them.
    "GET /inventory/managedObjects/count",
    "POST /devicecontrol/newDeviceRequests/acceptAll",
    "GET /devicecontrol/newDeviceRequests/limit",
    "GET /user/{}/users/{}/roles",
    "PUT /user/{}/users/{}/password",
    # The names that older clients know the two endpoints by, and what they write behind each.
    *(
        f"POST {path}"
        for path in (path + below for several in PATHS.values() for path in several for below in SUFFIXES)
        if path != "/notification/realtime"
    ),
}
STATUSES: dict[str, set[int]] = {
    # Whoever comes in may see where everything is, and who it is.
    **{
        f"GET {path}": {403}
        for path in (
            *("/inventory", "/measurement", "/event", "/alarm", "/devicecontrol", "/audit", "/identity"),
            *("/tenant/currentTenant", "/tenant/system/options/{}/{}", "/user/currentUser"),
        )
    },
    "GET /tenant/loginOptions": {400, 403},
    # What is wrong with a body is 422 here, wherever the description does not say so.
    "POST /inventory/binaries": {400},
    "POST /identity/search": {400},
    # Objects are deleted with whatever they have.
    "DELETE /inventory/managedObjects/{}": {409},
    # Many are changed before it is answered, or the request is to be sent again (503).
    "PUT /alarm/alarms": {202},
    # Clients take 201 alone, and only who registers devices comes that far.
    "POST /devicecontrol/deviceCredentials": {200, 403},
    "POST /user/logout": {403},
    # Who may listen to what is told in the messages.
    "POST /notification/realtime": {403},
    # Whoever may have no token is nobody that is known.
    "POST /tenant/oauth/token": {403},
    # Who is no child is not there.
    **{
        f"{method} /inventory/managedObjects/{{}}/{kind}/{{}}": {422}
        for method in ("GET", "DELETE")
        for kind in ("childDevices", "childAssets", "childAdditions")
    },
}
QUERY: dict[str, set[str]] = {
    # There are no tenants within tenants, and one way to log in.
    "GET /tenant/currentTenant": {"withParent"},
    "GET /tenant/loginOptions": {"management", "tenantId"},
    # Values are those of measurements.
    "GET /inventory/managedObjects/{}": {"withLatestValues"},
    **{
        f"GET /inventory/managedObjects/{{}}/{kind}": {"query", "withChildren", "withChildrenCount"}
        for kind in ("childDevices", "childAssets", "childAdditions")
    },
}
_LINKS = {"next", "prev"}
_PERSONAL = {"firstName", "lastName", "email", "phone", "devicePermissions", "lastPasswordChange"}
_PERSONAL |= {"shouldResetPassword", "twoFactorAuthenticationEnabled", "displayName", "passwordStrength"}
_SHOWN = {"c8y_DeviceTypes", "c8y_LatestMeasurements", "c8y_PreviousMeasurements", "c8y_SupportedOperations"}
_SHOWN |= {"c8y_Steam", "com_cumulocity_model_WebCamDevice"}
"""Fragments of the examples."""
_AT_TIMES = {"bulkOperationId", "failedParentId", "deviceExternalIDs", "failureReason"}
LEFT_OUT = _LINKS | _PERSONAL | _SHOWN | _AT_TIMES
TIME = "2026-01-02T03:04:05Z"


def served() -> list[Route]:
    return list(routes())


def name(route: Route) -> str:
    return f"{route.method} {place(route.path)}"


def ours(route: Route) -> set[int]:
    failures = {code_of(failure)[0] for failure in route.failures}
    refused = set() if route.public else {401, *([403] if route.roles else [])}
    return {route.success, *route.others, *failures, *refused}


def test_what_the_vendor_does_not_know_is_what_clients_use() -> None:
    assert {name(route) for route in served()} - VENDOR.keys() == OURS_ALONE


@pytest.mark.parametrize("route", served(), ids=name)
def test_statuses_and_query_parameters_are_the_vendors(route: Route) -> None:
    told = VENDOR.get(name(route), {"statuses": [], "query": []})
    assert set(told["statuses"]) - ours(route) == STATUSES.get(name(route), set())
    assert set(told["query"]) - {parameter.name for parameter in route.parameters} == QUERY.get(name(route), set())


def test_no_exception_is_left_over() -> None:
    known = {name(route) for route in served()}
    assert not (STATUSES.keys() | QUERY.keys()) - known


def asked(client: Client, names: dict[str, str]) -> dict[str, Any]:
    """Bodies by operation; those that read need none."""
    device, data = names["id"], {"type": "t", "text": "x", "time": TIME, "source": {"id": names["id"]}}
    reference = {"managedObject": {"id": client.made("/inventory/managedObjects", {"name": "below"})["id"]}}
    children = ("childDevices", "childAssets", "childAdditions")
    group = client.made("/inventory/managedObjects", {"name": "g", "c8y_IsDeviceGroup": {}})["id"]
    bulk = {"groupId": group, "startDate": "2099-01-01T00:00:00Z", "creationRamp": 1, "operationPrototype": {"x": {}}}
    return {
        "POST /tenant/options": {"category": "c", "key": "k", "value": "v"},
        "PUT /tenant/options/{}": {"k": "v"},
        "PUT /tenant/options/{}/{}": {"value": "v"},
        "POST /inventory/managedObjects": {"name": "made", "c8y_IsDevice": {}},
        "PUT /inventory/managedObjects/{}": {"name": "changed"},
        "PUT /inventory/managedObjects": {"managedObjects": [{"id": device, "x": 1}]},
        **{f"POST /inventory/managedObjects/{{}}/{kind}": reference for kind in children},
        "POST /identity/globalIds/{}/externalIds": {"type": "c8y_MAC", "externalId": "1"},
        "POST /identity/search": {"externalIds": []},
        "POST /measurement/measurements": {**data, "f": {"s": {"value": 1}}},
        "POST /event/events": data,
        "PUT /event/events/{}": {"text": "y"},
        "POST /alarm/alarms": {**data, "severity": "MAJOR"},
        "PUT /alarm/alarms/{}": {"status": "ACKNOWLEDGED"},
        "POST /alarm/alarms/upsert": {**data, "severity": "MINOR"},
        "POST /devicecontrol/operations": {"deviceId": device, "c8y_Restart": {}},
        "PUT /devicecontrol/operations/{}": {"status": "EXECUTING"},
        "POST /devicecontrol/bulkoperations": bulk,
        "PUT /devicecontrol/bulkoperations/{}": {"creationRamp": 2},
        "POST /devicecontrol/newDeviceRequests": {"id": "another"},
        "POST /audit/auditRecords": {**data, "activity": "done"},
        "POST /user/{}/users": {"userName": "another"},
        "PUT /user/{}/users/{}": {"firstName": "Another"},
        "POST /user/{}/users/{}/roles": {"role": {"id": "ROLE_ALARM_READ"}},
        "POST /user/{}/groups/{}/users": {"user": {"id": names["userId"]}},
    }


@pytest.fixture(scope="module")
def tenant() -> tuple[Client, dict[str, str], dict[str, Any]]:
    client = Client()
    names = furnish(client, "asecret")
    return client, names, asked(client, names)


QUERIES: dict[str, Any] = {"GET /measurement/measurements/series": {"dateFrom": "2020-01-01", "dateTo": "2030-01-01"}}
OTHERWISE = {
    # The bytes of a file, a number alone, or what can only be done once.
    *("GET /inventory/binaries/{}", "GET /event/events/{}/binaries", "GET /alarm/alarms/count"),
    *("POST /event/events/{}/binaries", "PUT /inventory/binaries/{}"),
    *("POST /devicecontrol/deviceCredentials", "PUT /devicecontrol/newDeviceRequests/{}"),
    *("GET /inventory/managedObjects/{}/user", "PUT /inventory/managedObjects/{}/user"),
    # For people, which who comes with a key is not.
    *("PUT /user/currentUser", "PUT /user/currentUser/password", "POST /user/logout"),
    "POST /tenant/oauth/token",
    # Values by whatever keys there are.
    *("GET /tenant/options/{}", "PUT /tenant/options/{}", "GET /tenant/system/options/{}/{}"),
    "PUT /alarm/alarms",
    # A list of messages.
    "POST /notification/realtime",
}


FILES = {
    "POST /inventory/binaries": b"x",
    "PUT /event/events/{}/binaries": b"x",
    "POST /devicecontrol/bulkNewDeviceRequests": b"ID;CREDENTIALS\nbulk;a password 1\nfails;\n",
}
"""What is uploaded, where it is a form."""


@pytest.mark.parametrize(
    "route",
    [one for one in served() if one.method != "DELETE" and name(one) not in OTHERWISE | OURS_ALONE],
    ids=name,
)
def test_an_answer_has_what_the_vendors_has(
    tenant: tuple[Client, dict[str, str], dict[str, Any]], route: Route
) -> None:
    client, names, bodies = tenant
    path = re.sub(r"{(\w+)}", lambda found: names[found[1]], route.path)
    query = QUERIES.get(name(route), {})
    if name(route).endswith("/series"):
        query = {**query, "source": names["id"]}
    content = FILES.get(name(route))
    form_ = content is not None
    raw = form(content, {"name": "a", "type": "text/plain"}) if content is not None else None
    headers = HEADERS if form_ else None
    body = None if form_ or route.method == "GET" else bodies[name(route)]
    reply = client.call(route.method, path, body, raw=raw, headers=headers, **query)
    assert reply.status in {route.success, *route.others}, reply.raw
    expected = {key.strip('"') for key in VENDOR[name(route)]["answer"]} - LEFT_OUT
    assert expected - reply.body.keys() == set()
