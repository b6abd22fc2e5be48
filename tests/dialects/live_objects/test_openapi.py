"""Our OpenAPI document against the facts of the vendor's (of 2020), which `vendor_operations.json` holds as a table.

By operation: the statuses that it answers, its query parameters with their values, bounds and defaults, the required
fields of its body and how long its texts may be, and whether it is replaced. Names of path parameters are our own.
"""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from jsonschema import Draft202012Validator

from chalicelib.dialects.ibm.rest import V1, V2
from chalicelib.dialects.live_objects.rest import API
from chalicelib.web import describing
from chalicelib.web.openapi import document
from tests.dialects.served import Raw, Served
from tests.fakes import MemoryPorts

VENDOR: dict[str, Any] = json.loads(Path(__file__).with_name("vendor_operations.json").read_text())
DOCUMENT = document((API,), MemoryPorts(), "1")

OF_OPERATORS = {"tenantId"}
"""Query parameters for keys that see several tenants, of which there are none here."""
UNANSWERED = {
    "GET /api/v0/apiKeys/current_key": {404},  # the key that asks is there
    "GET /api/v0/tenants/me": {403},  # any key may ask for its own tenant
    "GET /api/v0/users/me": {403},  # who is logged in may ask
    "GET /api/v0/users/me/portaldata": {403},
    "PUT /api/v0/users/me/portaldata": {403},
    "GET /api/v0/users": {404},  # an empty list
    "POST /api/v0/users": {404},  # the tenant is that of the key
    "POST /api/v0/users/{}/password": {409},  # no captcha that was used before
    "PATCH /api/v1/deviceMgt/devices/{}/interfaces/{}": {409},  # moving keeps connector and node, which are unique
    "PATCH /api/v1/deviceMgt/connectors/{}/nodes/{}": {409},
    "POST /api/v1/deviceMgt/devices/{}/firmwares/{}": {204},  # as with resources
    "POST /api/v1/deviceMgt/devices/{}/config": {404},  # the manual: an unknown device is registered
    "POST /api/v1/deviceMgt/devices/{}/resources/{}": {204},  # beside 200, for a version that the device has
}
NOT_TAKEN = {
    "GET /api/v0/auditlog/messages": {"@any", "filters"},
    "GET /api/v0/users": {"externalId", "externalLogin", "externalProvider", "roles not in "},
    "GET /api/v0/assets": {"property.{filterName}"},
    "GET /api/v1/deviceMgt/devices": {"property.{filterName}"},  # a family of names, taken without being declared
}
NOT_HAPPENING = {
    "GET /api/v1/event2action/actionPolicies": {"deviceActivity", "loraNetwork", "matchingFired", "stateChange"}
}
"""Events of services that are not there."""
REQUIRED = {
    # What the vendor requires by its schema and, by its manual, has a default.
    "POST /api/v0/decoders/binary": {"encoding", "format"},
    "POST /api/v0/decoders/csv": {"columns", "encoding"},
    "PUT /api/v0/decoders/binary/{}": {"encoding", "format"},
    "PUT /api/v0/decoders/csv/{}": {"columns", "encoding"},
    "POST /api/v0/rm": {"resourceId"},
    "PUT /api/v0/rm/{}": set(),
    "POST /api/v0/rm/{}/version": {"checksum", "resourceVersionId"},  # the file may be uploaded afterwards
    "PUT /api/v1/deviceMgt/groups/{}": set(),  # the manual: optional
    "POST /api/v0/users/{}/password": {"newPassword"},  # there is no captcha
    # What makes no sense without, whatever the schema says.
    "POST /api/v0/data/bulk": {"streamId", "value"},
    "POST /api/v1/deviceMgt/devices/{}/config": {"parameters"},
    "POST /api/v1/deviceMgt/devices/{}/interfaces": {"connector"},
    "POST /api/v1/deviceMgt/devices/{}/firmwares/{}": {"version"},
    "POST /api/v1/deviceMgt/devices/{}/resources/{}": {"version"},
    "POST /api/v0/event2action/test/http-push": {"webhookUrl"},
    "POST /api/v1/event2action/test/http-push": {"webhookUrl"},
}
OURS = {
    "GET /api/v1/event2action/diagnostics/actionPolicies",
    "GET /api/v1/event2action/diagnostics/actionPolicies/{}",
    "GET /api/v1/event2action/diagnostics/actionPolicies/{}/actions/{}",
    "PUT /api/v1/event2action/diagnostics/actionPolicies/{}/actions/{}/suspended",
    "DELETE /api/v1/deviceMgt/devices/{}/resources/{}/requested",
    "GET /api/v1/deviceMgt/devicesCount",
    "GET /api/v1/event2action/fifos",
    "GET /api/v1/event2action/fifos/{}",
    "POST /api/v0/decoders/javascript",
    "POST /api/v1/deviceMgt/devices/{}/resources/updates/{}/status",
    "POST /api/v1/deviceMgt/devices/{}/resources/{}/updates",
    "POST /api/v1/event2action/test/fifo",
    "PUT /api/v1/event2action/actionPolicies/{}/enabled",
    "POST /api/v1/bootstrap/lwm2m/configs",
    "GET /api/v1/bootstrap/lwm2m/configs",
    "GET /api/v1/bootstrap/lwm2m/configs/{}",
    "PUT /api/v1/bootstrap/lwm2m/configs/{}",
    "DELETE /api/v1/bootstrap/lwm2m/configs/{}",
    "POST /api/v1/bootstrap/lwm2m/entries",
    "GET /api/v1/bootstrap/lwm2m/entries",
    "GET /api/v1/bootstrap/lwm2m/entries/{}",
    "PUT /api/v1/bootstrap/lwm2m/entries/{}",
    "DELETE /api/v1/bootstrap/lwm2m/entries/{}",
    "PUT /api/v1/bootstrap/lwm2m/entries/{}/definition/bootstrapConfigId",
    "GET /api/v1/deviceMgt/devices/{}/twin/supported-objects",
    "GET /api/v1/deviceMgt/devices/{}/twin/objects",
    "GET /api/v1/deviceMgt/devices/{}/twin/objects/{}",
    "GET /api/v1/deviceMgt/devices/{}/twin/objects/{}/{}",
    "POST /api/v1/deviceMgt/devices/{}/twin/operations",
    "GET /api/v1/deviceMgt/devices/{}/twin/operations",
    "GET /api/v1/deviceMgt/devices/{}/twin/operations/{}",
    "PUT /api/v1/deviceMgt/devices/{}/twin/operations/{}/status",
    "POST /api/v1/deviceMgt/devices/{}/twin/observations",
    "GET /api/v1/deviceMgt/devices/{}/twin/observations",
    "GET /api/v1/deviceMgt/devices/{}/twin/observations/{}",
    "DELETE /api/v1/deviceMgt/devices/{}/twin/observations/{}",
    "GET /api/v1/deviceMgt/twin/model/object-definitions/{}",
    "POST /api/v1/deviceMgt/twin/model/object-definitions",
    "DELETE /api/v1/deviceMgt/twin/model/object-definitions/{}",
    "POST /api/v1/deviceMgt/twin/data/rules",
    "GET /api/v1/deviceMgt/twin/data/rules",
    "GET /api/v1/deviceMgt/twin/data/rules/{}",
    "PUT /api/v1/deviceMgt/twin/data/rules/{}",
    "DELETE /api/v1/deviceMgt/twin/data/rules/{}",
}
"""Operations that the document of 2020 does not have: newer ones, those of the manual alone, and counting."""


def operations() -> dict[str, Any]:
    return {
        f"{method.upper()} {re.sub(r'{[^}]+}', '{}', path)}": operation
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }


MINE = operations()


def query(operation: Any) -> dict[str, Any]:
    return {p["name"]: p["schema"] for p in operation.get("parameters", ()) if p["in"] == "query"}


def test_every_operation_is_the_vendors_or_known_to_be_ours() -> None:
    assert set(MINE) - set(VENDOR) == OURS
    assert set(VENDOR) <= set(MINE)


@pytest.mark.parametrize("name", sorted(VENDOR))
def test_an_operation_answers_the_vendors_statuses(name: str) -> None:
    assert set(VENDOR[name]["statuses"]) - {int(s) for s in MINE[name]["responses"]} == UNANSWERED.get(name, set())


@pytest.mark.parametrize("name", sorted(VENDOR))
def test_an_operation_takes_the_vendors_parameters(name: str) -> None:
    left = set(VENDOR[name]["query"]) - set(query(MINE[name])) - OF_OPERATORS
    assert left == NOT_TAKEN.get(name, set())


@pytest.mark.parametrize("name", sorted(VENDOR))
def test_a_body_requires_what_the_vendors_requires(name: str) -> None:
    content = MINE[name].get("requestBody", {"content": {}})["content"]
    schema = content.get("application/json", {}).get("schema", {})
    required = set(schema.get("items", schema).get("required", ()))
    assert required == REQUIRED.get(name, set(VENDOR[name]["required"]))


@pytest.mark.parametrize("name", sorted(n for n in VENDOR if VENDOR[n]["enumerations"]))
def test_a_parameter_takes_the_vendors_values(name: str) -> None:
    for parameter, values in VENDOR[name]["enumerations"].items():
        if parameter in query(MINE[name]):
            schema = query(MINE[name])[parameter]
            allowed = schema.get("items", schema).get("enum")
            assert allowed is None or set(values) - set(allowed) == NOT_HAPPENING.get(name, set()), parameter


@pytest.mark.parametrize("name", sorted(n for n in VENDOR if VENDOR[n].get("bounds")))
def test_a_parameter_takes_as_much_as_the_vendors(name: str) -> None:
    for parameter, most in VENDOR[name]["bounds"].items():
        schema = query(MINE[name]).get(parameter, {})
        taken = schema.get("items", schema)
        assert taken.get("maxLength", taken.get("maximum", most)) >= most, parameter


@pytest.mark.parametrize("name", sorted(n for n in VENDOR if VENDOR[n].get("defaults")))
def test_a_parameter_has_the_vendors_default(name: str) -> None:
    shown = {p["name"]: p["schema"] for p in MINE[name].get("parameters", ())}
    for parameter, default in VENDOR[name]["defaults"].items():
        if parameter in shown:
            assert shown[parameter].get("default") == default, parameter


@pytest.mark.parametrize("name", sorted(n for n in VENDOR if VENDOR[n].get("body")))
def test_a_body_takes_as_long_texts_as_the_vendors(name: str) -> None:
    content = MINE[name]["requestBody"]["content"]["application/json"]["schema"]
    for field, most in VENDOR[name]["body"].items():
        described = content.get("properties", {}).get(field, {})
        assert described.get("maxLength", most) >= most, field


def test_what_the_vendor_has_replaced_is_marked_so() -> None:
    assert {name for name, found in VENDOR.items() if found.get("deprecated")} == {
        name for name, operation in MINE.items() if operation.get("deprecated")
    }


def test_every_body_is_described_by_a_valid_schema() -> None:
    for operation in MINE.values():
        if "requestBody" in operation:
            Draft202012Validator.check_schema(operation["requestBody"]["content"]["application/json"]["schema"])


def test_an_operation_tells_the_codes_of_its_failures_each_once() -> None:
    responses = DOCUMENT["paths"]["/api/v0/groups/{group_id}"]["delete"]["responses"]
    assert {status: told.get("x-codes") for status, told in responses.items()} == {
        "204": None,
        "400": ["GENERIC_INVALID_PARAMETER_ERROR"],
        "401": ["UNAUTHORIZED"],
        "403": ["DM_GROUP_UNDELETABLE", "GENERIC_ACTION_FORBIDDEN_ERROR"],
        "404": ["DM_GROUP_NOT_FOUND"],
        "429": ["GENERIC_RATE_LIMIT_ERROR"],
    }


def test_operations_have_names_of_their_own() -> None:
    whole = document((API, V1, V2), MemoryPorts(), "1")
    names = [op["operationId"] for methods in whole["paths"].values() for op in methods.values()]
    assert len(names) == len(set(names))


@pytest.fixture(scope="module")
def served() -> Served:
    return Served([describing.api((API, V1, V2))])


def got(served: Served, path: str) -> Raw:
    return served.send(MemoryPorts(), "GET", path, {}, b"", query="", safe="/")


def test_the_document_is_served(served: Served) -> None:
    answer = got(served, "/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(answer.body)["openapi"] == "3.1.0"


@pytest.mark.parametrize("page", ["/docs", "/docs/"])
def test_the_page_needs_nothing_from_anywhere_else(served: Served, page: str) -> None:
    """With a slash at its end or without, all that it names is there; nothing in it is run but its own files."""
    answer = got(served, page)
    policy = answer.headers["Content-Security-Policy"]
    assert answer.status == 200
    assert ("default-src 'none'" in policy, "unsafe" in policy) == (True, False)
    named = re.findall(r"""(?:src|href)="([^"]+)\"""", answer.body.decode())
    beside = [name for name in named if not name.startswith("data:")]
    assert beside == ["docs/page.css", "docs/page.js", "openapi.json"]
    found = [got(served, urljoin(page, name)) for name in beside]
    assert [each.status for each in found] == [200, 200, 200]
    assert not re.search(r"https?:|//[a-z]", "".join(each.body.decode() for each in found[:2]))


def test_the_page_has_one_main_and_no_code_of_its_own(served: Served) -> None:
    page = got(served, "/docs").body.decode()
    assert (page.count("<main>"), page.count("<style"), re.findall(r"<script[^>]*>\s*[^<\s]", page)) == (1, 0, [])
