"""What devices of Xyte let the functions do: they come, are claimed, fall silent, and are heard again."""

import hashlib

from bench.units.awaited import Device
from bench.units.live_objects import Bench
from bench.units.xyte import Bench as Organization
from chalicelib import wiring
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.resources import catalog
from chalicelib.fleet.resources.records import Resource, ResourceVersion
from tests.infra.scheduled import SCHEDULED

_SILENT = 5 * 60_000
_HEARD = ("command", "command/children", "config", "license", "incidents", "firmware")


def _silent(bench: Bench) -> None:
    organization = Organization(bench.cloud)
    organization.device.say()
    bench.cloud.clock.at += 100_000
    organization.device.say()
    for _ in range(2):
        # First it is found that it spoke meanwhile, then that it did not.
        bench.cloud.clock.at += 60_000
        bench.cloud.invoke("sweep", SCHEDULED)
    bench.cloud.clock.at += _SILENT
    bench.cloud.invoke("sweep", SCHEDULED)
    organization.device.say()
    organization.device.ask("DELETE")
    bench.cloud.clock.at += _SILENT
    bench.cloud.invoke("sweep", SCHEDULED)


def _over_mqtt(bench: Bench) -> None:
    """A device is told what waits as it subscribes, and says what it did; so does one that nobody owns."""
    organization = Organization(bench.cloud, "organization over MQTT")
    path, cloud = f"/core/v1/organization/devices/{organization.device.id}", organization.cloud
    organization.ask("POST", f"{path}/commands", {"name": "reboot"})
    licence = organization.ask("POST", f"{path}/licenses", {"data": {"seats": 5}})["id"]
    fetching.want(wiring.ports(), organization.tenant, f"urn:lo:nsid:xyte:{organization.device.id}", {"input": "hdmi"})
    organization.device.ask("POST", "/incidents", {"title": "Too hot"})
    child = organization.device.ask("POST", "/children", {"sn": "child", "firmware_version": "1.0.0"})["id"]
    of_child = f"/core/v1/organization/devices/{child}/commands"
    order = organization.ask("POST", of_child, {"name": "reboot"})["id"]
    _firmware(organization)
    for asking in (organization.device, organization.nobodys):
        topics = [f"v1/device/{asking.id}/{name}" for name in _HEARD]
        device = Device(asking.id, filters=tuple(topics))
        cloud.connect(device, asking.key, *topics, username=asking.id)
        cloud.settle()
        for name, body in (
            ("telemetry", {"status": "online", "telemetries": {"a": 1}}),
            ("license/update", {"id": licence, "state": "inuse"}),
            ("config/update", {"version": 1, "input": "hdmi"}),
            ("command/update", {"id": order, "status": "done"}),
            ("nowhere", {}),
        ):
            cloud.publish(device, f"v1/device/{asking.id}/{name}", body)
            cloud.settle()
    # It is silent, and heard again, while it listens.
    cloud.clock.at += 2 * _SILENT
    cloud.invoke("sweep", SCHEDULED)
    organization.device.say()
    organization.ask("POST", of_child, {"name": "reboot"})
    organization.claim(organization.nobodys)
    organization.ask("DELETE", path)
    cloud.settle()


def _firmware(organization: Organization) -> None:
    ports, now = wiring.ports(), organization.cloud.clock.at
    md5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    metadata = {"models": organization.hardware_key}
    catalog.create(ports, Resource(organization.tenant, "fw", now, now, metadata=metadata))
    catalog.add_version(ports, ResourceVersion(organization.tenant, "fw", "9.0.0", now, now, md5, 0, "fw"), b"x")


STEPS = (_silent, _over_mqtt)
