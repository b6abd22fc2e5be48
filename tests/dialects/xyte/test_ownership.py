"""Nothing of one owner reaches the next one of a device, by whatever it changes hands, nor what it says late."""

from collections.abc import Callable

import pytest

from tests.dialects.live_objects.client import DEVICES as LO
from tests.dialects.live_objects.client import Client as LiveObjects
from tests.dialects.xyte.client import Client, Device
from tests.dialects.xyte.furnished import furnish
from tests.fakes import MemoryPorts

DEVICES = "/core/v1/organization/devices"
PROOF = {"mac": "00:11:22:AA:bb:cc", "sn": "SN-1"}
OLD, NEW = "word-of-old", "word-of-new"
ASKED = ("", "/command", "/command/pending_commands", "/config", "/license", "/licenses", "/files", "/incidents")
MANAGED = ("", "/commands", "/dumps")
ORGANIZATION = (DEVICES, "/core/v1/organization/incidents", "/core/v1/organization/spaces", "/core/v1/models")
Way = Callable[[Client, Device], None]


def give_up(old: Client, device: Device) -> None:
    assert old.call("DELETE", f"{DEVICES}/{device.id}").status == 200


def delete(old: Client, device: Device) -> None:
    """By another API: it is found out when the device asks, or somebody claims it."""
    assert elsewhere(old).call("DELETE", f"{LO}/urn:lo:nsid:xyte:{device.id}").status == 204


def delete_and_ask(old: Client, device: Device) -> None:
    delete(old, device)
    assert device.call("POST", "/telemetry", {"status": "online", "telemetries": {"n": 1}}).status == 200


WAYS: dict[str, Way] = {"give up": give_up, "delete": delete, "delete and ask": delete_and_ask}


def elsewhere(client: Client) -> LiveObjects:
    return LiveObjects.known(client.ports, client.tenant.id, client.secret, client.name)


def kept(ports: MemoryPorts, tenant: str) -> list[str]:
    """All that is kept for a tenant, and what the directory has of the device."""
    tables = [rows for t in vars(ports).values() if hasattr(t, "__dict__") for rows in vars(t).values()]
    return [text for rows in tables if isinstance(rows, dict) for text in map(repr, rows.items()) if tenant in text]


def claim(client: Client) -> None:
    reply = client.call("POST", f"{DEVICES}/claim", PROOF)
    assert reply.status == 200, reply.raw


@pytest.fixture
def ports() -> MemoryPorts:
    return MemoryPorts()


@pytest.fixture
def old(ports: MemoryPorts) -> Client:
    return Client(ports, "old")


@pytest.fixture
def new(ports: MemoryPorts) -> Client:
    return Client(ports, "new")


@pytest.fixture
def device(ports: MemoryPorts) -> Device:
    maker = Client(ports, "maker")
    return maker.register(maker.model())


def say_late(device: Device, has: dict[str, str]) -> None:
    """What it had begun for its old owner, and says now."""
    device.call("POST", "/command", {"id": has["command_id"], "status": "done", "message": OLD})
    device.call("PUT", f"/dumps/{has['dump_id']}", raw=OLD.encode())
    device.call("DELETE", f"/incidents/{has['incident_id']}")
    device.call("GET", f"/files/{has['file_id']}")


@pytest.mark.row("A1", "I4")
@pytest.mark.parametrize("way", WAYS)
def test_nothing_of_one_owner_reaches_the_next(old: Client, new: Client, device: Device, way: str) -> None:
    ports, managed = old.ports, f"{DEVICES}/{device.id}"
    claim(old)
    has = furnish(old, device, OLD)
    assert old.call("PATCH", managed, {"name": OLD, "config": {"wifi": OLD}}).status == 200
    WAYS[way](old, device)
    claim(new)
    ports.run_background()
    assert [path for path in ASKED if OLD.encode() in device.call("GET", path).raw] == []
    assert [path for path in MANAGED if OLD.encode() in new.call("GET", managed + path).raw] == []
    assert [path for path in ORGANIZATION if OLD.encode() in new.call("GET", path).raw] == []
    say_late(device, has)
    assert [text for text in kept(ports, new.tenant.id) if OLD in text] == []
    furnish(new, device, NEW)
    new.call("PATCH", managed, {"name": NEW})
    assert [text for text in kept(ports, old.tenant.id) if NEW in text] == []
    refused = [("GET", path, None) for path in MANAGED]
    refused += [("DELETE", "", None), ("DELETE", f"/commands/{has['command_id']}", None)]
    assert {old.call(method, managed + path, body).status for method, path, body in refused} == {404}
    assert old.call("PATCH", managed, {"name": OLD}).status == 404
    assert device.call("GET").body["name"] == NEW


@pytest.mark.parametrize("way", WAYS)
def test_a_name_that_its_owner_gave_it_goes_with_the_owner(old: Client, new: Client, device: Device, way: str) -> None:
    assert device.call("PUT", body={"name": "Pump 7"}).status == 200
    claim(old)
    assert old.call("PATCH", f"{DEVICES}/{device.id}", {"name": OLD}).status == 200
    # As firmware does that writes back what it has read.
    assert device.call("PUT", body={"name": OLD}).body["name"] == OLD
    heard = device.call("POST", "/telemetry", {"status": "online", "telemetries": {"n": 1}}).body["info_version"]
    WAYS[way](old, device)
    claim(new)
    assert device.call("GET").body["name"] == "Pump 7"
    assert device.call("POST", "/telemetry", {"status": "online", "telemetries": {"n": 1}}).body["info_version"] > heard


def test_a_name_that_another_api_gave_it_is_not_the_devices_own(old: Client, new: Client, device: Device) -> None:
    claim(old)
    path = f"{LO}/urn:lo:nsid:xyte:{device.id}"
    assert elsewhere(old).call("PATCH", path, {"id": path.rpartition("/")[2], "name": OLD}).status == 200
    assert device.call("PUT", body={"name": OLD, "details": {"n": 1}}).body["details"] == {"n": 1}
    give_up(old, device)
    claim(new)
    assert device.call("GET").body["name"] is None


def test_what_a_device_calls_itself_its_owner_sees(old: Client, new: Client, device: Device) -> None:
    claim(old)
    old.call("PATCH", f"{DEVICES}/{device.id}", {"name": OLD})
    assert device.call("PUT", body={"name": "Pump 8"}).body["name"] == "Pump 8"
    assert old.call("GET", f"{DEVICES}/{device.id}").body["name"] == "Pump 8"
    give_up(old, device)
    claim(new)
    assert new.call("GET", f"{DEVICES}/{device.id}").body["name"] == "Pump 8"


@pytest.mark.parametrize("way", WAYS)
def test_a_device_that_writes_back_what_an_earlier_owner_called_it_tells_the_next_nothing(
    old: Client, new: Client, device: Device, way: str
) -> None:
    claim(old)
    assert old.call("PATCH", f"{DEVICES}/{device.id}", {"name": OLD}).status == 200
    read = device.call("GET").body["name"]
    WAYS[way](old, device)
    assert device.call("PUT", body={"name": read, "details": {"n": 1}}).body["details"] == {"n": 1}
    claim(new)
    assert device.call("PUT", body={"name": read, "details": {"n": 2}}).body["name"] is None
    assert OLD.encode() not in new.call("GET", f"{DEVICES}/{device.id}").raw
    assert device.call("PUT", body={"name": "Pump"}).body["name"] == "Pump"


def test_a_name_that_another_api_gave_it_is_forgotten_as_well(old: Client, new: Client, device: Device) -> None:
    claim(old)
    path = f"{LO}/urn:lo:nsid:xyte:{device.id}"
    assert elsewhere(old).call("PATCH", path, {"id": path.rpartition("/")[2], "name": OLD}).status == 200
    give_up(old, device)
    claim(new)
    assert device.call("PUT", body={"name": OLD}).body["name"] is None
