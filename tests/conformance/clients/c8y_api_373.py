"""PyPI `c8y-api`: inventory, groups, children and identity; the results are printed as JSON."""

# Runs in an environment of its own, where the library is: nothing of the project can be imported here.
# mypy: ignore-errors
import io
import json
import os

from c8y_api import CumulocityApi, CumulocityDeviceRegistry
from c8y_api.model import Device, DeviceGroup, Event, ManagedObject

told = json.loads(os.environ["HOMEPORT_CONFORMANCE"])
c8y = CumulocityApi(told["url"], told["tenant"], told["user"], told["password"])
results = {}

boiler = Device(c8y, name="boiler", type="py_Boiler", level={"percent": 5}).create()
results["made"] = [boiler.name, boiler.type, boiler.level.percent, boiler.is_device]
boiler.level.percent = 7
results["changed"] = boiler.update().level.percent
results["read"] = c8y.inventory.get(boiler.id).level.percent
c8y.inventory.apply_to({"room": {"floor": 2}}, boiler.id)
results["applied"] = c8y.inventory.get(boiler.id).room.floor

c8y.inventory.create(*[ManagedObject(c8y, name=f"probe {n}", type="py_Probe") for n in range(5)])
results["paged"] = [one.name for one in c8y.inventory.select(type="py_Probe", page_size=2)]
results["limited"] = len(c8y.inventory.get_all(type="py_Probe", page_size=2, limit=3))
results["count"] = c8y.inventory.get_count(type="py_Probe")
results["queried"] = [one.name for one in c8y.inventory.select(query="name eq 'probe*' and type eq 'py_Probe'")]
results["devices"] = [one.id == boiler.id for one in c8y.device_inventory.select(type="py_Boiler")]
results["nothing"] = c8y.inventory.get_all(type="py_Nothing")

site = DeviceGroup(c8y, root=True, name="site").create()
floor = site.create_child("floor")
boiler = c8y.device_inventory.get(boiler.id)
site.add_child_asset(boiler)
results["assets"] = sorted(one.name for one in c8y.inventory.get(site.id).child_assets)
results["parents"] = [one.name for one in c8y.inventory.get(boiler.id, with_parents=True).parent_assets]
c8y.group_inventory.unassign_children(site.id, boiler.id)
results["left"] = [one.name for one in c8y.inventory.get(site.id).child_assets]
probe = c8y.inventory.get_all(type="py_Probe", limit=1)[0]
boiler.add_child_device(probe)
results["child"] = [one.name for one in c8y.inventory.get(boiler.id).child_devices]
boiler.unassign_child_device(probe)
results["childless"] = c8y.inventory.get(boiler.id).child_devices

c8y.identity.create("py 1:a", "c8y_Serial", boiler.id)
results["found"] = c8y.identity.get_id("py 1:a", "c8y_Serial") == boiler.id
results["names"] = [one.external_id for one in c8y.identity.get_all(boiler.id)]
c8y.identity.delete("py 1:a", "c8y_Serial")

# A device that registers: somebody lets it, it asks, somebody accepts it, and it is given its credentials.
tenant, _, user = told["bootstrap"]["user"].partition("/")
registry = CumulocityDeviceRegistry(told["url"], tenant, user, told["bootstrap"]["password"])
c8y.post("/devicecontrol/newDeviceRequests", {"id": "py-1"})
try:
    registry.await_credentials("py-1", timeout="1s", pause="1s")
except TimeoutError:
    results["waits"] = c8y.get("/devicecontrol/newDeviceRequests/py-1")["status"]
c8y.put("/devicecontrol/newDeviceRequests/py-1", {"status": "ACCEPTED"})
connection = registry.await_connection("py-1", timeout="60s", pause="1s")
results["registered"] = [connection.tenant_id == c8y.tenant_id, connection.username]
own = Device(connection, name="py-1", type="py_Registered").create()
results["owner"] = connection.inventory.get(own.id).owner
results["reach"] = [one.id == own.id for one in connection.inventory.get_all()]
try:
    connection.inventory.get(boiler.id)
except Exception as error:  # noqa: BLE001 - what the library makes of a 403 is told
    results["foreign"] = type(error).__name__
c8y.inventory.delete(own.id)

upload = c8y.binaries.upload(io.BytesIO(b"\0\xff\r\n--"), "py.bin", "application/x-py")
results["file"] = [upload.name, upload.content_type, upload.length, list(c8y.binaries.read_file(upload.id))]
c8y.binaries.update(upload.id, io.BytesIO(b"new"), "text/plain")
results["replaced"] = c8y.binaries.read_file(upload.id).decode()
c8y.inventory.delete(upload.id)
event = Event(c8y, type="py_Log", time="now", source=boiler.id, text="a log").create()
event.create_attachment(io.BytesIO(b"one"), "text/plain")
event.update_attachment(io.BytesIO(b"two"), "text/plain")
results["attached"] = event.download_attachment().decode()
event.delete_attachment()
try:
    event.download_attachment()
except KeyError:
    results["detached"] = True

c8y.group_inventory.delete_trees(site.id)
c8y.inventory.delete(boiler.id)
for number in (boiler.id, site.id, floor.id):
    try:
        c8y.inventory.get(number)
    except KeyError:
        continue
    results["there"] = number
print(json.dumps(results))
