"""What devices and applications of IBM let the functions do."""

import base64
from typing import Any

from bench.units.awaited import Device
from bench.units.cloud import Cloud
from bench.units.live_objects import COMMANDS, Bench
from chalicelib import wiring
from chalicelib.dialects.ibm.identity import api_key_name
from chalicelib.fleet.access import keys, tenants

_V1, _V2 = "/api/v0001", "/api/v0002"
_EVENTS, _STATUS = "iot-2/type/+/id/+/evt/+/fmt/+", "iot-2/type/+/id/+/mon"


class Organization:
    """The bench's tenant as IBM's clients know it."""

    def __init__(self, bench: Bench) -> None:
        key = keys.authenticate(wiring.ports(), bench.key)
        self.cloud: Cloud = bench.cloud
        self.id = bench.tenant
        self.credentials = api_key_name(bench.tenant, key.id), bench.key

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.cloud.request(method, path, "", body, credentials=self.credentials)

    def enter(self, client: Device, session: str, username: str, password: str) -> None:
        """CONNECT, and a SUBSCRIBE to all its filters."""
        secret = base64.b64encode(password.encode()).decode()
        mqtt = {"username": username, "password": secret, "clientId": client.client}
        if not self.cloud.invoke("authorizer", {"protocolData": {"mqtt": mqtt, "tls": {}}})["isAuthenticated"]:
            raise RuntimeError(f"{client.client} was refused")
        self.cloud.devices[client.client] = client
        self.cloud.lifecycle("presence", "connected", client, session)
        self.cloud.lifecycle("subscriptions", "subscribed", client, session, topics=list(client.filters))
        self.cloud.settle()

    def device(self, id_: str) -> Device:
        token = self.call("POST", f"{_V1}/devices", {"type": "pump", "id": id_})["password"]
        device = Device(f"d:{self.id}:pump:{id_}", filters=("iot-2/cmd/+/fmt/+",))
        self.enter(device, f"session of {id_}", "use-token-auth", token)
        return device

    def application(self, name: str) -> Device:
        application = Device(f"a:{self.id}:{name}", filters=(_EVENTS, _STATUS))
        self.enter(application, f"session of {name}", *self.credentials)
        return application


def _exchanged(bench: Bench) -> None:
    """Events and status to an application, of devices of every dialect, and commands back."""
    organization = Organization(bench)
    application, device = organization.application("panel"), organization.device("p1")
    organization.cloud.publish(device, "iot-2/evt/status/fmt/json", {"d": {"cpu": 1}})
    organization.cloud.settle()
    organization.cloud.publish(application, "iot-2/type/pump/id/p1/cmd/reboot/fmt/json", {"d": {}})
    organization.cloud.settle()
    organization.call("POST", f"{_V2}/application/types/pump/devices/p1/events/e", {"d": {}})
    bench.say({"temperature": 21})
    organization.cloud.settle()
    visitor = Device("urn:lo:nsid:bench:guest")
    bench.cloud.disconnect(visitor, bench.cloud.connect(visitor, bench.key, COMMANDS))
    organization.cloud.settle()


def _missed(bench: Bench) -> None:
    """A durable application misses an event and gets it when it is back; another is gone for good."""
    organization = Organization(bench)
    device, application = organization.device("p2"), organization.application("logger")
    del organization.cloud.devices[application.client]
    organization.cloud.publish(device, "iot-2/evt/status/fmt/json", {"d": {}})
    organization.cloud.settle()
    organization.enter(application, "second session", *organization.credentials)
    organization.cloud.disconnect(application, "second session")
    organization.cloud.settle()


def _managed(bench: Bench) -> None:
    """A device asks to be managed, is told to reboot, reports and is deleted; another gets its client id back."""
    organization = Organization(bench)
    device = organization.device("p3")
    supports = {"d": {"supports": {"deviceActions": True}}, "reqId": "1"}
    organization.cloud.publish(device, "iotdevice-1/mgmt/manage", supports)
    organization.cloud.settle()
    one = [{"typeId": "pump", "deviceId": "p3"}]
    asked = organization.call("POST", f"{_V2}/mgmt/requests", {"action": "device/reboot", "devices": one})
    organization.cloud.publish(device, "iotdevice-1/response", {"rc": 202, "reqId": asked["reqId"]})
    organization.cloud.publish(device, "iotdevice-1/mgmt/manage", supports)
    organization.cloud.settle()
    organization.call("DELETE", f"{_V1}/devices/pump/p3")
    thief = Device(f"d:{organization.id}:pump:p4")
    bench.cloud.connect(thief, tenants.create(wiring.ports(), "thief")[2])
    bench.cloud.settle()
    token = organization.call("POST", f"{_V1}/devices", {"type": "pump", "id": "p4"})["password"]
    bench.cloud.settle()
    bench.cloud.clock.at += wiring.ports().fence_rest
    organization.enter(thief, "its own session", "use-token-auth", token)


def _spoken_for(bench: Bench) -> None:
    """A gateway speaks for a device that nobody registered, gets its command when it is back, and leaves it alone."""
    organization = Organization(bench)
    cloud = organization.cloud
    organization.call("POST", f"{_V2}/device/types", {"id": "gateway", "classId": "Gateway"})
    organization.call("POST", f"{_V2}/device/types", {"id": "sensor"})
    made = organization.call("POST", f"{_V2}/device/types/gateway/devices", {"deviceId": "g1"})
    gateway = Device(f"g:{organization.id}:gateway:g1", filters=("iot-2/type/+/id/+/cmd/+/fmt/+",))
    organization.enter(gateway, "session of a gateway", "use-token-auth", made["authToken"])
    cloud.publish(gateway, "iot-2/type/sensor/id/s1/evt/status/fmt/json", {"d": {}})
    cloud.publish(gateway, "iot-2/type/unknown/id/s1/evt/status/fmt/json", {"d": {}})
    cloud.settle()
    cloud.disconnect(gateway, "session of a gateway")
    cloud.settle()
    organization.call("POST", f"{_V2}/application/types/sensor/devices/s1/commands/blink", {"d": {}})
    cloud.settle()
    organization.enter(gateway, "its second session", "use-token-auth", made["authToken"])
    supports = {"d": {"supports": {}}, "reqId": "1"}
    cloud.publish(gateway, "iotdevice-1/type/sensor/id/s1/mgmt/manage", supports)
    cloud.settle()
    token = organization.call("POST", f"{_V1}/devices", {"type": "sensor", "id": "s2"})["password"]
    cloud.publish(gateway, "iot-2/type/sensor/id/s2/evt/status/fmt/json", {"d": {}})
    cloud.settle()
    organization.enter(Device(f"d:{organization.id}:sensor:s2"), "on its own", "use-token-auth", token)


STEPS = (_exchanged, _missed, _managed, _spoken_for)
