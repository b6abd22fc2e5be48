"""npm `@c8y/client` and PyPI `c8y-api`, told only where the platform is and who they are."""

from pathlib import Path

import pytest

from tests.conformance.cumulocity_programs import CLIENTS, ran, ran_by_node
from tests.conformance.environments import python_environment
from tests.local.running import RunningStack

pytestmark = [pytest.mark.conformance, pytest.mark.row("G5", "G9", "J1")]

PAGES = [2, 2, 2, 1]
UP, DOWN = list(range(7)), list(range(6, -1, -1))
UNKNOWN, UNTAKEN = [404, "general/notFound"], [405, "general/methodNotAllowed"]


def test_the_javascript_client(running_stack: RunningStack, tmp_path: Path) -> None:
    probes = [f"probe {n}" for n in range(1, 6)]
    assert ran_by_node(running_stack, tmp_path, "c8y_client.mjs") == {
        "tenant": running_stack.tenant,
        "authenticated": running_stack.tenant,
        "made": ["boiler", "js_Boiler", {"percent": 5}],
        "changed": {"percent": 7},
        "read": {"percent": 7},
        "children": probes,
        "paged": probes,
        "count": 5,
        "queried": probes[::-1],
        "devices": [True],
        "together": 2,
        "assets": 3,
        "left": 2,
        "parents": ["room"],
        "found": True,
        "names": ["js 1/a"],
        "gone": [404, "identity/notFound"],
        "asked": ["WAITING_FOR_CONNECTION", [404, "devicecontrol/Not Found"], "PENDING_ACCEPTANCE"],
        "accepted": "ACCEPTED",
        "given": [201, running_stack.tenant, "device_js 1/a"],
        "owner": "device_js 1/a",
        "reach": ["own"],
        "denied": [403, "security/Forbidden"],
        "roles": ["ROLE_DEVICE"],
        "registrations": 0,
        "file": ["js.txt", 6, "hello\n"],
        "files": ["js.txt"],
        "fileless": 404,
        "attached": [0, 255, 10, 13],
        "audited": ["js", True],
        "deleted": [404, "inventory/notFound"],
    }


@pytest.mark.parametrize("held", [False, True], ids=["polled", "held"])
def test_the_javascript_client_listens(running_stack: RunningStack, tmp_path: Path, held: bool) -> None:  # noqa: FBT001 - a case
    port = running_stack.realtime if held else None
    assert ran_by_node(running_stack, tmp_path, "c8y_realtime.mjs", port=port) == {
        "operation": [True, True, True],
        "alarm": [True, "js"],
    }


@pytest.mark.parametrize("transport", ["long-polling", "websocket"])
def test_cometd_listens(running_stack: RunningStack, tmp_path: Path, transport: str) -> None:
    packages = ("cometd@9.0.0", "cometd-nodejs-client@2.0.0")
    port = running_stack.realtime
    told = ran_by_node(running_stack, tmp_path, "cometd_9.mjs", packages, port, transport=transport)
    assert told == {"handshake": True, "subscribed": True, "told": True, "left": True}


def test_the_python_client(running_stack: RunningStack) -> None:
    python = python_environment("c8y-api", "c8y-api==3.7.3")
    probes = [f"probe {n}" for n in range(5)]
    assert ran(running_stack, str(python), str(CLIENTS / "c8y_api_373.py")) == {
        "made": ["boiler", "py_Boiler", 5, True],
        "changed": 7,
        "read": 7,
        "applied": 2,
        "paged": probes,
        "limited": 3,
        "count": 5,
        "queried": probes,
        "devices": [True],
        "nothing": [],
        "assets": ["boiler", "floor"],
        "parents": ["site"],
        "left": ["floor"],
        "child": ["probe 0"],
        "childless": [],
        "found": True,
        "names": ["py 1:a"],
        "waits": "PENDING_ACCEPTANCE",
        "registered": [True, "device_py-1"],
        "owner": "device_py-1",
        "reach": [True],
        "foreign": "AccessDeniedError",
        "file": ["py.bin", "application/x-py", 6, [0, 255, 13, 10, 45, 45]],
        "replaced": "new",
        "attached": "two",
        "detached": True,
    }


def test_every_service_of_the_javascript_client(running_stack: RunningStack, tmp_path: Path) -> None:
    refused = [401, "security/Unauthorized"]
    services = "applications certificates crl loginOption ofUser security support smartRules tenants"
    assert ran_by_node(running_stack, tmp_path, "c8y_client_services.mjs") == {
        "keys": refused,
        "bearer": [3, 200, "js-admin"],
        "signed": [True, 200],
        "wrongPassword": refused,
        "wrongToken": refused,
        "cookies": UNKNOWN,
        **{kind: [f"{kind} 0", True, 5, PAGES, 7, 6] for kind in ("Additions", "Assets", "Devices")},
        "pages": [4, 2, True, 1],
        "elements": 7,
        "smart": ["type eq js_Kiln", "cold", True],
        "notOfObjects": [UNKNOWN] * 3,
        "measurements": [PAGES, DOWN],
        "measurement": ["js_Heat", {"value": 6, "unit": "C"}],
        "series": [[{"type": "js_Heat", "name": "T", "unit": "C"}], UP, False],
        "aggregated": [0, 6],
        "csv": [200, 8],
        "noMeasurement": [404, "measurement/notFound"],
        "events": [PAGES, [f"told {n}" for n in DOWN]],
        "event": "told again",
        "told": "told again",
        "noEvent": [404, "event/notFound"],
        "noFile": UNKNOWN,
        "alarms": [PAGES, "ACKNOWLEDGED", 7, 1, 3],
        "cleared": [200, 0, 6],
        "alarm": "MINOR",
        "operations": [PAGES, UP, "EXECUTING", "FAILED", "js"],
        "pending": 6,
        "audits": PAGES,
        "users": [PAGES, "Ann", "ann@example.com"],
        "current": ["js-ann", True],
        "hasRole": [True, False],
        "updated": "Lee",
        "again": "Lee",
        "given": True,
        "groups": 0,
        "role": ["ROLE_INVENTORY_READ", True],
        "noUser": [404, "user/notFound"],
        "notOfUsers": [UNKNOWN, UNTAKEN, UNTAKEN, UNKNOWN, UNKNOWN],
        "option": "1",
        "options": ["2", "2"],
        "optionPages": 7,
        "noOption": UNKNOWN,
        "system": True,
        "login": ["BASIC"],
        "loginHere": 1,
        "kind": [True, "REGULAR"],
        "bulk": [2, 0],
        "device": "bulk 1",
        "waiting": 7,
        "limit": ["self", "limit", "waiting"],
        "acceptedAll": 200,
        "noRegistration": [404, "devicecontrol/Not Found"],
        # Feature toggles are below no root of the platform.
        "notServed": {**dict.fromkeys(services.split(), UNKNOWN), "features": [404, None]},
    }


def test_every_resource_of_the_python_client(running_stack: RunningStack) -> None:
    python = python_environment("c8y-api", "c8y-api==3.7.3")
    kilns, told = [f"kiln {n}" for n in UP], [f"told {n}" for n in DOWN]
    resources = ("applications", "application", "inventory roles")
    assert ran(running_stack, str(python), str(CLIENTS / "c8y_api_resources.py")) == {
        "token": ["py-admin", True, True],
        "bearer": ["py-admin", "py-admin", True],
        "parsed": True,
        "wrong": "UnauthorizedError",
        "cookies": "HttpError",
        "devices": [kilns, 7],
        "second page": kilns[3:6],
        "tuples": kilns[:2],
        "noted": 7,
        "one": "kiln 3",
        "in hall": 7,
        "rooms": [f"room {n}" for n in UP],
        "halls": ["hall"],
        "groups": 7,
        "addition": ["note"],
        "names": [f"py kiln {n}" for n in UP],
        "by name": "kiln 0",
        "not of objects": ["KeyError"] * 3,
        "measurements": [DOWN, 7],
        "last": 6,
        "measurement": ["py_Heat.T"],
        "series": [False, ["py_Heat.T"], UP],
        "deleted": "KeyError",
        "events": [told, 7],
        "last event": "told 6",
        "event": ["all", "one"],
        "no events": 0,
        "alarms": [7, "ACKNOWLEDGED", 6],
        "cleared": 6,
        "alarm": "MAJOR",
        "alarms left": 1,
        "operations": [UP, "EXECUTING"],
        "pending": 6,
        "last operation": 6,
        "operation": "do 0",
        "operations left": 1,
        "audits": [7, "py"],
        "files": [7, "application/x-py"],
        "counted": 7,
        "kilns left": 0,
        "users": [*(f"py-{n}" for n in UP), "py-admin"],
        "user": "Bob",
        "roles": ["business"],
        "granted": True,
        "in role": ["py-0"],
        "current": ["Lee", True],
        "again": "py-0",
        "no roles": [],
        "all roles": ["admins", "business", "devices", "readers"],
        "no user": "KeyError",
        "options": {f"key{n}": "abc3456"[n] for n in UP},
        "option": "a",
        "paged options": 7,
        "no option": "KeyError",
        "accepted early": "nothing",
        "not served": dict.fromkeys((*resources, "subscriptions", "tenants", "two factors"), "KeyError"),
    }
