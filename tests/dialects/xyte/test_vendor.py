"""Every endpoint of the vendor's own list is answered as expected, and JSON whatever it is."""

import json
from typing import Any

import pytest

from tests.dialects.xyte.client import Client, Device, Reply
from tests.dialects.xyte.furnished import furnish
from tests.dialects.xyte.vendor_table import DEVICE, ORGANIZATION

ROOT = "/core/v1/organization"


def world() -> tuple[Client, Device, dict[str, str]]:
    organization = Client()
    model = organization.model(name="Pump", claim="automatic")
    device = organization.register(model)
    made = furnish(organization, device, "word")
    licence = organization.made(f"{ROOT}/devices/{device.id}/licenses", {"data": {"seats": 5}})["id"]
    space = str(organization.made(f"{ROOT}/spaces", {"name": "Room 7"})["id"])
    names = {"id": device.id, "model": model, "command": made["command_id"], "dump": made["dump_id"], "space": space}
    return organization, device, {**names, "incident": made["incident_id"], "file": made["file_id"], "license": licence}


def filled(value: Any, names: dict[str, str]) -> Any:
    text = json.dumps(value)
    for name, meant in names.items():
        text = text.replace(f"{{{name}}}", meant)
    return json.loads(text)


def answered(reply: Reply, status: int) -> None:
    assert reply.status == status, reply.raw
    assert status < 400 or list(reply.body) == ["error"]


@pytest.mark.parametrize(("method", "path", "body", "status"), DEVICE, ids=lambda v: v if isinstance(v, str) else "")
def test_every_endpoint_of_devices(method: str, path: str, body: Any, status: int) -> None:
    organization, device, names = world()
    path, body = filled([path, body], names)
    if "{" not in path and device.id in path:
        answered(device.call(method, path.removeprefix(f"/{device.id}"), body), status)
    else:
        answered(organization.call(method, f"/v1/devices{path}", body), status)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"), ORGANIZATION, ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_endpoint_of_organizations(method: str, path: str, body: Any, status: int) -> None:
    organization, _, names = world()
    path, body = filled([path, body], names)
    answered(organization.call(method, ROOT + path, body), status)


def test_the_lists_are_as_long_as_the_vendor_s() -> None:
    assert (len(DEVICE), len(ORGANIZATION)) == (28, 22)


def test_a_device_sees_its_space_and_goes_to_another() -> None:
    organization, device, names = world()
    assert device.call("GET", "/space").body["full_path"] == "/"
    before = device.call("POST", "/telemetry", {"status": "online"}).body["space_data_version"]
    moved = device.call("PUT", "/space/move", {"space_id": int(names["space"])})
    assert (moved.status, moved.body["name"], moved.body["device_id"]) == (200, "Room 7", device.id)
    assert device.call("GET", "/space").body == moved.body
    assert device.call("POST", "/telemetry", {"status": "online"}).body["space_data_version"] == before + 1
    assert device.call("PUT", "/space/move", {"space_id": 999}).status == 422
    unclaimed = organization.register(organization.model(), mac="00:00:00:00:00:09", sn="SN-9")
    assert unclaimed.call("GET", "/space").body == {}
    assert unclaimed.call("PUT", "/space/move", {"space_id": 1}).status == 422


def test_a_path_below_a_space_is_found_once_it_was_made() -> None:
    organization, _, names = world()
    body = {"name": "Desk/Lamp", "parent_id": int(names["space"])}
    made = organization.call("POST", f"{ROOT}/spaces/find_or_create", body)
    assert (made.status, made.body["full_path"]) == (201, "/Room 7/Desk/Lamp")
    found = organization.call("POST", f"{ROOT}/spaces/find_or_create", body)
    assert (found.status, found.body) == (200, made.body)
