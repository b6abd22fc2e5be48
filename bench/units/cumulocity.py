"""What is counted of Cumulocity: what its clients do all day, over REST with one name and password for all of it."""

from collections.abc import Callable
from typing import Any

from bench.units.awaited import Device
from bench.units.cloud import Cloud
from chalicelib import wiring
from chalicelib.dialects.cumulocity import device_users
from chalicelib.fleet.access import tenants
from chalicelib.fleet.inventory import numbering

_MINUTE, _SECOND = 60_000, 1_000
_PASSWORD = "5" * 48
_OBJECTS = "/inventory/managedObjects"
_AGENT = {"c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}, "c8y_Hardware": {"model": "m1", "serialNumber": "1"}}


class Bench:
    """A tenant whose devices are objects: one agent with an external id, a child of it, and a group."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.numbered = 0
        tenant, _, secret = tenants.create(wiring.ports(), "objects")
        self.tenant = tenant.id
        self._credentials = (f"{tenant.id}/bench", secret)
        numbering.enable(wiring.ports(), tenant.id)
        self.agent = self.make({"name": "agent", "type": "c8y_Linux", **_AGENT})
        self.name(self.agent)
        self.child = self.make({"name": "child", "type": "c8y_Sensor"})
        self.link(self.agent, self.child)
        self.serials = 0
        self.pump = self.appear()

    def appear(self) -> Device:
        """A new device over MQTT, which has described itself."""
        self.serials += 1
        device = Device(f"pump-{self.serials}", filters=("s/ds", "s/e"))
        user = f"device_{device.client}"
        device_users.issue(wiring.ports(), self.tenant, user, _PASSWORD, self.cloud.clock.now())
        self.cloud.connect(device, _PASSWORD, *device.filters, username=f"{self.tenant}/{user}")
        self.cloud.settle()
        self.say(device, "100,Pump,c8y_Pump")
        self.say(device, "114,c8y_Restart,c8y_Command")
        return device

    def say(self, device: Device, rows: str, topic: str = "s/us") -> None:
        self.cloud.publish(device, topic, rows.encode())
        self.cloud.settle()

    def number(self, device: Device) -> str:
        found = self.request("GET", f"/identity/externalIds/c8y_Serial/{device.client}")
        return str(found["managedObject"]["id"])

    def warm(self) -> None:
        """The password, and who listens, were just looked at: that is remembered for a minute."""
        self.cloud.clock.at += 2 * _MINUTE - self.cloud.clock.at % _MINUTE - _SECOND
        # The message first: what a request has looked up anew is not over before the operation is.
        self.say(self.pump, "200,c8y_T,T,1")
        _measured(self, self.child)
        self.cloud.settle()

    def request(self, method: str, path: str, body: Any = None) -> Any:
        return self.cloud.request(method, path, "", body, credentials=self._credentials)

    def make(self, body: Any) -> str:
        return str(self.request("POST", _OBJECTS, body)["id"])

    def name(self, number: str) -> None:
        body = {"type": "c8y_Serial", "externalId": f"serial-{number}"}
        self.request("POST", f"/identity/globalIds/{number}/externalIds", body)

    def link(self, parent: str, child: str) -> None:
        self.request("POST", f"{_OBJECTS}/{parent}/childDevices", {"managedObject": {"id": child}})

    def alarm(self) -> str:
        body = {
            "source": {"id": self.agent},
            "type": "c8y_Hot",
            "text": "it is hot",
            "severity": "MAJOR",
            "time": "2027-01-15T08:00:00Z",
        }
        return str(self.request("POST", "/alarm/alarms", body)["id"])

    def change_alarm(self, number: str, status: str) -> None:
        if self.request("PUT", f"/alarm/alarms/{number}", {"status": status})["status"] != status:
            raise RuntimeError(f"the alarm is not {status}")

    def order(self, device: str = "") -> str:
        body = {"deviceId": device or self.agent, "c8y_Restart": {}}
        return str(self.request("POST", "/devicecontrol/operations", body)["id"])

    def report(self, operation: str, status: str) -> None:
        self.request("PUT", f"/devicecontrol/operations/{operation}", {"status": status})


def object_create(bench: Bench) -> int:
    """A device with a fragment of its own."""
    bench.make({"name": "new", "type": "c8y_Linux", **_AGENT})
    return 1


def object_create_asset(bench: Bench) -> int:
    """An object that is no device."""
    bench.make({"name": "building", "type": "c8y_Building", "c8y_IsAsset": {}})
    return 1


def object_change(bench: Bench) -> int:
    """Another value of a fragment that is there."""
    bench.numbered += 1
    hardware = {"model": "m1", "serialNumber": f"another {bench.numbered}"}
    bench.request("PUT", f"{_OBJECTS}/{bench.agent}", {"c8y_Hardware": hardware})
    return 1


def object_heartbeat(bench: Bench) -> int:
    """Nothing changes: the agent says that it is there."""
    bench.request("PUT", f"{_OBJECTS}/{bench.agent}", {})
    return 1


def object_get(bench: Bench) -> int:
    bench.request("GET", f"{_OBJECTS}/{bench.agent}")
    return 1


def identity_get(bench: Bench) -> int:
    bench.request("GET", f"/identity/externalIds/c8y_Serial/serial-{bench.agent}")
    return 1


def identity_create(bench: Bench) -> int:
    with bench.cloud.meter.paused():
        made = bench.make({"name": "named"})
    bench.name(made)
    return 1


def child_link(bench: Bench) -> int:
    with bench.cloud.meter.paused():
        made = bench.make({"name": "linked"})
    bench.link(bench.agent, made)
    return 1


def alarm_raise(bench: Bench) -> int:
    """After an earlier one was cleared."""
    with bench.cloud.meter.paused():
        bench.change_alarm(bench.alarm(), "CLEARED")
        bench.cloud.clock.at += _SECOND
    bench.alarm()
    return 1


def alarm_repeat(bench: Bench) -> int:
    with bench.cloud.meter.paused():
        bench.alarm()
        bench.cloud.clock.at += _SECOND
    bench.alarm()
    return 1


def alarm_acknowledge(bench: Bench) -> int:
    with bench.cloud.meter.paused():
        number = bench.alarm()
    bench.change_alarm(number, "ACKNOWLEDGED")
    return 1


def alarm_clear(bench: Bench) -> int:
    with bench.cloud.meter.paused():
        number = bench.alarm()
    bench.change_alarm(number, "CLEARED")
    return 1


def measurement_create(bench: Bench) -> int:
    _measured(bench, bench.agent)
    return 1


def _measured(bench: Bench, source: str) -> str:
    body = {
        "source": {"id": source},
        "type": "c8y_Temperature",
        "time": "2027-01-15T08:00:00Z",
        "c8y_Temperature": {"T": {"value": 21.5, "unit": "C"}},
    }
    return str(bench.request("POST", "/measurement/measurements", body)["id"])


def message_delete(bench: Bench) -> int:
    """A single one."""
    with bench.cloud.meter.paused():
        made = _measured(bench, bench.agent)
    bench.request("DELETE", f"/measurement/measurements/{made}")
    return 1


def messages_delete(bench: Bench) -> int:
    """All that one source has sent, ten measurements of a stream."""
    with bench.cloud.meter.paused():
        for _ in range(10):
            bench.cloud.clock.at += _SECOND
            measurement_create(bench)
        bench.cloud.clock.at += _SECOND
    bench.request("DELETE", f"/measurement/measurements?source={bench.agent}")
    return 1


def operation_polled(bench: Bench) -> int:
    """An operation from the order to its end: fetched, begun, done, each by a request."""
    made = bench.order()
    bench.cloud.settle()
    found = bench.request("GET", f"/devicecontrol/operations?agentId={bench.agent}&status=PENDING")["operations"]
    if [one["id"] for one in found] != [made]:
        raise RuntimeError(f"the agent was offered {found}")
    for status in ("EXECUTING", "SUCCESSFUL"):
        bench.report(made, status)
        bench.cloud.settle()
    return 1


def mqtt_appears(bench: Bench) -> int:
    """A device that nobody has heard of, from its CONNECT to what it says of itself."""
    bench.appear()
    return 1


def mqtt_measurement(bench: Bench) -> int:
    bench.say(bench.pump, "200,c8y_Temperature,T,21.5,C")
    return 1


def mqtt_ten_rows(bench: Bench) -> int:
    """In one message."""
    bench.say(bench.pump, "\n".join(f"200,c8y_Temperature,T{n},21.5,C" for n in range(10)))
    return 1


def mqtt_fragment(bench: Bench) -> int:
    bench.numbered += 1
    bench.say(bench.pump, f"115,firmware,{bench.numbered},")
    return 1


def mqtt_operation(bench: Bench) -> int:
    """An operation from the order to its end: delivered, begun, done."""
    with bench.cloud.meter.paused():
        number = bench.number(bench.pump)
    made = bench.order(number)
    bench.cloud.settle()
    for row in ("501,c8y_Restart", "503,c8y_Restart"):
        bench.say(bench.pump, row)
    with bench.cloud.meter.paused():
        found = bench.request("GET", f"/devicecontrol/operations/{made}")
    if found["status"] != "SUCCESSFUL":
        raise RuntimeError(f"the operation is {found['status']}")
    return 1


def notifications_idle(bench: Bench) -> int:
    """An agent polls once more for operations, and there are none."""
    with bench.cloud.meter.paused():
        client = _listening(bench)
        _polled(bench, client)
    _polled(bench, client)
    return 1


def _listening(bench: Bench) -> str:
    asked = {"channel": "/meta/handshake", "supportedConnectionTypes": ["long-polling"]}
    client = str(bench.request("POST", "/notification/operations", [asked])[0]["clientId"])
    asked = {"channel": "/meta/subscribe", "clientId": client, "subscription": f"/{bench.agent}"}
    bench.request("POST", "/notification/operations", [asked])
    return client


def _polled(bench: Bench, client: str) -> None:
    asked = {"channel": "/meta/connect", "clientId": client, "connectionType": "long-polling"}
    *_, reply = bench.request("POST", "/notification/operations", [asked])
    if not reply["successful"]:
        raise RuntimeError(f"the poll was answered {reply}")


OPERATIONS: tuple[Callable[[Bench], int], ...] = (
    object_create,
    object_create_asset,
    object_change,
    object_heartbeat,
    object_get,
    identity_create,
    identity_get,
    child_link,
    alarm_raise,
    alarm_repeat,
    alarm_acknowledge,
    alarm_clear,
    measurement_create,
    message_delete,
    messages_delete,
    operation_polled,
    notifications_idle,
    mqtt_appears,
    mqtt_measurement,
    mqtt_ten_rows,
    mqtt_fragment,
    mqtt_operation,
)
