"""What a dialect brings to the one fleet: how its users and devices do what every dialect's can.

A later one adds a class here, and its line in `MEMBERS`; `tests/dialects/test_one_fleet.py` walks all pairs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chalicelib.dialects.ibm.identity import name_of
from chalicelib.fleet.access import tenants
from chalicelib.fleet.access.records import ApiKey, Tenant
from chalicelib.fleet.inventory import numbering
from chalicelib.fleet.ports import Outcome
from chalicelib.fleet.tenancy import settings
from tests.dialects.cumulocity.client import Client as Cumulocity
from tests.dialects.ibm.client import Client as Ibm
from tests.dialects.ibm.site import Site
from tests.dialects.live_objects.client import Client as LiveObjects
from tests.dialects.xyte.client import Client as Xyte
from tests.fakes import MemoryPorts

OPEN, DONE, FAILED = "open", "done", "failed"
VERB = "blink"


@dataclass
class Fleet:
    """One tenant that every dialect serves."""

    ports: MemoryPorts
    tenant: Tenant
    key: ApiKey
    secret: str

    @classmethod
    def made(cls, ports: MemoryPorts, name: str) -> "Fleet":
        tenant, key, secret = tenants.create(ports, name)
        numbering.enable(ports, tenant.id)
        settings.open_dialect(ports, tenant.id, "xyte")
        return cls(ports, tenant, key, secret)


class Member(Protocol):
    """`urn` is a device's id in the fleet."""

    def __init__(self, fleet: Fleet) -> None: ...
    def join(self, name: str) -> str:
        """A device of this dialect, ready for commands: its urn."""

    def speak(self, urn: str) -> None:
        """It says that something has 21 of something."""

    def obey(self, urn: str, *, well: bool) -> None:
        """It does what it was told to, or fails."""

    def lists(self, urn: str) -> bool:
        """Whether users of this dialect find that device."""

    def hears(self, urn: str) -> bool:
        """Whether they find what it has said."""

    def order(self, urn: str) -> str:
        """They have any device do something; what they call that."""

    def stands(self, urn: str, order: str) -> str | None:
        """How it stands in their words: OPEN, DONE, FAILED; None where this dialect does not tell."""

    def leave(self, urn: str) -> None:
        """They delete that device."""


class _OverMqtt:
    """Devices that the broker carries: what is acknowledged is done."""

    site: Site

    def obey(self, _urn: str, *, well: bool) -> None:
        ports = self.site.client.ports
        if not well:
            ports.delivery.outcomes.append(Outcome.REFUSED)
        ports.run_background()
        for route, command in ports.delivery.commands if well else ():
            self.answer(route.client, command.correlation)

    def answer(self, _client: str, _correlation: int) -> None:
        """What the device says of it, if that is not its acknowledgement alone."""


class LiveObjectsMember(_OverMqtt):
    _DEVICES = "/api/v1/deviceMgt/devices"
    _STATUSES: Mapping[str, str] = {"PROCESSED": DONE, "ERROR": FAILED, "CANCELED": FAILED, "EXPIRED": FAILED}

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.site = _site(fleet)
        self._api = LiveObjects.known(fleet.ports, fleet.tenant.id, fleet.secret, fleet.tenant.name)

    def join(self, name: str) -> str:
        urn = f"urn:lo:nsid:fleet:{name}"
        assert self.site.knock(urn, "json+device", self._fleet.secret)["isAuthenticated"]
        self.site.connect(urn)
        self.site.subscribe(urn, "dev/cmd")
        return urn

    def speak(self, urn: str) -> None:
        self.site.publish(urn, "dev/data", {"value": {"t": 21}, "model": "room"})

    def answer(self, client: str, correlation: int) -> None:
        self.site.publish(client, "dev/cmd/res", {"res": {"done": True}, "cid": correlation})

    def lists(self, urn: str) -> bool:
        return bool(self._api.get(f"{self._DEVICES}/{urn}").status == 200)

    def hears(self, urn: str) -> bool:
        device = self._fleet.ports.devices.get(self._fleet.tenant.id, urn)
        stream = device.data_stream if device is not None else urn
        return bool(self._api.get(f"/api/v0/data/streams/{stream}").body)

    def order(self, urn: str) -> str:
        return self.ask(urn, VERB, {"n": 1})

    def ask(self, urn: str, name: str, arg: Mapping[str, Any]) -> str:
        found = self._api.get(f"{self._DEVICES}/{urn}").body.get("interfaces")
        connector = found[0]["connector"] if found else "mqtt"
        # Devices of other vendors answer by no correlation id: what the broker acknowledges is done.
        policy = {"ackMode": "NETWORK"} if ":lamp:" in urn else {}
        body = {"request": {"connector": connector, "value": {"req": name, "arg": dict(arg)}}, "policy": policy}
        reply = self._api.call("POST", f"{self._DEVICES}/{urn}/commands", body, validate="false")
        assert reply.status == 201, reply.raw
        return str(reply.body["id"])

    def stands(self, _urn: str, order: str) -> str | None:
        return self._STATUSES.get(self._api.get(f"/api/v1/deviceMgt/commands/{order}").body["status"], OPEN)

    def leave(self, urn: str) -> None:
        assert self._api.call("DELETE", f"{self._DEVICES}/{urn}").status in (200, 204)


class IbmMember(_OverMqtt):
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.site = _site(fleet)
        self._application = self.site.application("fleet")

    def join(self, name: str) -> str:
        client = self.site.device("lamp", name)
        self.site.subscribe(client, "iot-2/cmd/+/fmt/+")
        owner = self._fleet.ports.devices.owner(self._fleet.tenant.id, "mqtt", client)
        assert owner is not None
        return owner

    def speak(self, urn: str) -> None:
        type_, id_ = _named(urn)
        client = f"d:{self._fleet.tenant.id}:{type_}:{id_}"
        self.site.publish(client, "iot-2/evt/room/fmt/json", {"d": {"t": 21}})

    def lists(self, urn: str) -> bool:
        return bool(self.site.client.get(f"/api/v0001/devices/{'/'.join(_named(urn))}").status == 200)

    def hears(self, urn: str) -> bool:
        found = self.site.client.get(f"/api/v0001/historian/{'/'.join(_named(urn))}")
        return bool(found.status == 200 and found.body)

    def order(self, urn: str) -> str:
        type_, id_ = _named(urn)
        known = self._commands(urn)
        self.site.publish(self._application, f"iot-2/type/{type_}/id/{id_}/cmd/{VERB}/fmt/json", {"d": {"n": 1}})
        (made,) = self._commands(urn) - known
        return made

    def stands(self, _urn: str, _order: str) -> str | None:
        return None

    def leave(self, urn: str) -> None:
        assert self.site.client.call("DELETE", f"/api/v0001/devices/{'/'.join(_named(urn))}").status == 204

    def _commands(self, urn: str) -> set[str]:
        found = self._fleet.ports.commands.of_device(self._fleet.tenant.id, urn, start=None, end=None, descending=False)
        return {one.id for one in found}


class CumulocityMember:
    _OBJECTS, _OPERATIONS = "/inventory/managedObjects", "/devicecontrol/operations"
    _STATUSES: Mapping[str, str] = {"PENDING": OPEN, "EXECUTING": OPEN, "SUCCESSFUL": DONE, "FAILED": FAILED}

    def __init__(self, fleet: Fleet) -> None:
        self.api = Cumulocity(fleet.ports, _unused(fleet))
        self.api.tenant, self.api.key, self.api.secret = fleet.tenant, fleet.key, fleet.secret

    def join(self, name: str) -> str:
        body = {"name": name, "c8y_IsDevice": {}, "com_cumulocity_model_Agent": {}}
        return f"urn:lo:nsid:c8y:{self.api.made(self._OBJECTS, body)['id']}"

    def speak(self, urn: str) -> None:
        body = {"source": {"id": self._number(urn)}, "type": "room", "room": {"t": {"value": 21}}}
        self.api.made("/measurement/measurements", {**body, "time": "2027-01-15T07:00:00Z"})

    def obey(self, urn: str, *, well: bool) -> None:
        waiting = self.api.get(self._OPERATIONS, deviceId=self._number(urn), status="PENDING").body["operations"]
        for one in waiting:
            assert VERB in one or one["homeport_Command"] == {"req": VERB, "arg": {"n": 1}}, one
            for status in ("EXECUTING", "SUCCESSFUL" if well else "FAILED"):
                reply = self.api.call("PUT", f"{self._OPERATIONS}/{one['id']}", {"status": status})
                assert reply.status == 200, reply.raw

    def lists(self, urn: str) -> bool:
        number = self._number(urn)
        return number is not None and self.api.get(f"{self._OBJECTS}/{number}").status == 200

    def hears(self, urn: str) -> bool:
        number = self._number(urn)
        return number is not None and bool(
            self.api.get("/measurement/measurements", source=number).body.get("measurements")
        )

    def order(self, urn: str) -> str:
        return self.operation(urn, {VERB: {"n": 1}})

    def operation(self, urn: str, said: Mapping[str, Any]) -> str:
        return str(self.api.made(self._OPERATIONS, {"deviceId": self._number(urn), **said})["id"])

    def changed(self, urn: str, **fragments: Any) -> None:
        assert self.api.call("PUT", f"{self._OBJECTS}/{self._number(urn)}", fragments).status == 200

    def stands(self, _urn: str, order: str) -> str | None:
        return self._STATUSES[self.api.get(f"{self._OPERATIONS}/{order}").body["status"]]

    def leave(self, urn: str) -> None:
        assert self.api.call("DELETE", f"{self._OBJECTS}/{self._number(urn)}").status == 204

    def _number(self, urn: str) -> str | None:
        """The id of the object that the device is; of one that came in here also where it is not there for them."""
        own = urn.removeprefix("urn:lo:nsid:c8y:")
        if own != urn:
            return own
        found = self.api.get(f"/identity/externalIds/homeport_Urn/{urn}")
        return str(found.body["managedObject"]["id"]) if found.status == 200 else None


class XyteMember:
    _DEVICES = "/core/v1/organization/devices"
    _STATUSES: Mapping[str, str] = {"done": DONE, "failed": FAILED, "canceled": FAILED}

    def __init__(self, fleet: Fleet) -> None:
        self._api = Xyte(fleet.ports, _unused(fleet), enabled=False)
        self._api.tenant, self._api.key, self._api.secret = fleet.tenant, fleet.key, fleet.secret
        self._devices: dict[str, Any] = {}

    def join(self, name: str) -> str:
        number = sum(name.encode()) % 256
        model = self._api.model(name=f"Lamp {name}", claim="automatic")
        device = self._api.register(model, name=name, sn=name, mac=f"00:11:22:33:44:{number:02x}")
        urn = f"urn:lo:nsid:xyte:{device.id}"
        self._devices[urn] = device
        return urn

    def speak(self, urn: str) -> None:
        sent = {"status": "online", "telemetries": {"t": 21}}
        assert self._devices[urn].call("POST", "/telemetry", sent).status == 200

    def obey(self, urn: str, *, well: bool) -> None:
        device = self._devices[urn]
        while "id" in (shown := device.call("GET", "/command").body):
            assert shown["name"] == VERB
            for status in ("in_progress", "done" if well else "failed"):
                assert device.call("POST", "/command", {"id": shown["id"], "status": status}).status == 200

    def lists(self, urn: str) -> bool:
        return self._name(urn) in [one["id"] for one in self._api.call("GET", self._DEVICES).body["items"]]

    def hears(self, urn: str) -> bool:
        """Its API tells organizations of no data; that of others goes to webhooks."""
        return self.lists(urn)

    def order(self, urn: str) -> str:
        return self.told(urn, VERB, {"n": 1})

    def told(self, urn: str, name: str, parameters: Mapping[str, Any]) -> str:
        path = f"{self._DEVICES}/{self._name(urn)}/commands"
        return str(self._api.made(path, {"name": name, "extra_params": dict(parameters)})["id"])

    def head(self, urn: str) -> dict[str, Any]:
        """The command that the device finds."""
        found: dict[str, Any] = self._devices[urn].call("GET", "/command").body
        return found

    def stands(self, urn: str, order: str) -> str | None:
        items = self._api.call("GET", f"{self._DEVICES}/{self._name(urn)}/commands", per_page=5).body["items"]
        return self._STATUSES.get(next(one["status"] for one in items if one["id"] == order), OPEN)

    def leave(self, urn: str) -> None:
        assert self._api.call("DELETE", f"{self._DEVICES}/{self._name(urn)}").status == 200

    def _name(self, urn: str) -> str:
        return urn.removeprefix("urn:lo:nsid:xyte:")


MEMBERS: Mapping[str, type[Member]] = {
    "live_objects": LiveObjectsMember,
    "ibm": IbmMember,
    "cumulocity": CumulocityMember,
    "xyte": XyteMember,
}
WITHOUT_COMMANDS = {"lwm2m"}
"""Devices with a model are told to read, write or execute: `tests/dialects/lwm2m` has what others may have them do."""


def _unused(fleet: Fleet) -> str:
    """A name for the tenant that each client makes, and that is not asked."""
    return f"unused {fleet.ports.chance(8).hex()}"


def _site(fleet: Fleet) -> Site:
    made = Ibm(fleet.ports, _unused(fleet))
    made.org, made.key, made.token = fleet.tenant.id, fleet.key, fleet.secret
    made.host = f"{made.org}.internetofthings.ibmcloud.com"
    return Site(made)


def _named(urn: str) -> tuple[str, str]:
    name = name_of(urn)
    assert name is not None
    return name.type, name.id
