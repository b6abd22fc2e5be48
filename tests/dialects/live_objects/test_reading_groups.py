"""The group in what devices say (manual 6.5.5.1): its path follows from the tree when the message comes."""

import base64
import json
from dataclasses import replace

import pytest

from chalicelib.fleet.access import callers, tenants
from chalicelib.fleet.data import messages
from chalicelib.fleet.inventory import groups
from chalicelib.fleet.presence import admitting
from chalicelib.fleet.presence.admitting import Candidate
from chalicelib.triggers import uplink
from tests.fakes import MemoryPorts

DEVICE = "urn:lo:nsid:sensor:s1"


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def tenant(ports: MemoryPorts) -> str:
    tenant, key, _ = tenants.create(ports, "acme")
    admitting.admit(
        ports, callers.of_key(key), Candidate(DEVICE, "live_objects", "device", "mqtt", DEVICE, "json+device")
    )
    return tenant.id


def said(ports: MemoryPorts, tenant: str, event: str) -> object:
    payload = base64.b64encode(json.dumps({"value": {"n": 1}}).encode()).decode()
    at = ports.clock.advance(seconds=1)
    uplink.handle(ports, {"payload": payload, "client": DEVICE, "topic": "dev/data", "at": at, "id": event})
    return messages.read(ports, tenant, DEVICE)[0].metadata["group"]


def test_a_device_in_no_group_is_in_the_root(ports: MemoryPorts, tenant: str) -> None:
    assert said(ports, tenant, "e1") == {"id": "root", "path": "/"}


def test_a_renamed_group_changes_what_is_said_from_then_on(ports: MemoryPorts, tenant: str) -> None:
    france = groups.create(ports, tenant, "france", "root", None).id
    lyon = groups.create(ports, tenant, "lyon", france, None).id
    device = ports.devices.rows[tenant, DEVICE]
    assert ports.devices.replace(device, replace(device, group=lyon))
    assert said(ports, tenant, "e1") == {"id": lyon, "path": "/france/lyon"}
    groups.update(ports, tenant, france, lambda g: replace(g, name="gaul"))
    assert said(ports, tenant, "e2") == {"id": lyon, "path": "/gaul/lyon"}
