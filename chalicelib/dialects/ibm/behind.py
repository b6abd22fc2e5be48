"""Devices behind gateways: who speaks for them, and how they come to be there.

A gateway is a device with the client id `g:org:type:id`. It publishes for itself and for other devices of its
organization; one that nobody registered is registered with its first message, if its type is there. Whoever spoke for a
device last gets its commands, until the device connects by itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.dialects.ibm import inventory, payload, times, topics, types
from chalicelib.dialects.ibm.identity import DIALECT, Name, name_of
from chalicelib.dialects.ibm.inventory import Registration
from chalicelib.dialects.registry import Malformed
from chalicelib.dialects.topics import Uplink
from chalicelib.fleet.access import callers
from chalicelib.fleet.access.roles import Role
from chalicelib.fleet.errors import Conflict, DeviceDuplicate, FleetError, Forbidden, Invalid, NotFound
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.presence import nodes
from chalicelib.fleet.presence.claims import Claim
from chalicelib.fleet.presence.nodes import NodeStatus
from chalicelib.fleet.presence.records import MQTT, Capability, Route

PATIENCE = 5
GATEWAY = "g"
_REACHED = {Capability.COMMAND: True}
_ROLES = frozenset({Role.DEVICE_ACCESS})
_STATUS = ((NotFound, 404), (Invalid, 400), (Forbidden, 403), (Conflict, 409), (FleetError, 429))


def is_gateway(client: str) -> bool:
    return client.startswith(f"{GATEWAY}:")


def speaker_of(device: Device) -> str:
    """The client id that a message to the device goes to: its gateway's, or its own."""
    above = gateway_of(device)
    return above.client(device.tenant, GATEWAY) if above else inventory.client_of(device)


def gateway_of(device: Device) -> Name | None:
    """The gateway that spoke for the device last."""
    kept = inventory.own(device).get("gateway")
    return Name(kept["typeId"], kept["deviceId"]) if isinstance(kept, Mapping) else None


def spoken_for(ports: Ports, claim: Claim, uplink: Uplink, type_: str, id_: str) -> Device:
    """The device that the gateway speaks for. What is wrong is told to the gateway, and Malformed raised."""
    try:
        device = _found(ports, claim, inventory.checked_name(type_, id_))
        above = name_of(claim.device or "")
        if above is None or device.id == claim.device:
            return device
        return joined(ports, device, above, uplink.at)
    except FleetError as error:
        _notify(ports, claim, uplink, Name(type_, id_), error)
        raise Malformed(f"a gateway spoke for {type_}:{id_}: {error}") from error


def joined(ports: Ports, device: Device, above: Name, at: int) -> Device:
    """The device, for which that gateway speaks from now on. Again changes nothing."""
    if gateway_of(device) == above:
        return device
    client, status = inventory.client_of(device), NodeStatus(online=True, at=at, able=_REACHED)
    itself = Claim(client, device.tenant, DIALECT, topics.GATEWAY, None, at, device.id, MQTT)
    # First where its commands go: what is noted beside the device says that this was done.
    nodes.state(ports, itself, above.client(device.tenant, GATEWAY), status)
    reference = {"typeId": above.type, "deviceId": above.id}
    return inventory.change_own(ports, device.tenant, device.id, lambda own: {**own, "gateway": reference})


def node(claim: Claim, device: Device) -> Claim:
    """The device as if it spoke itself."""
    return replace(claim, client=inventory.client_of(device), device=device.id)


def alone(ports: Ports, claim: Claim) -> None:
    """The device has connected by itself: no gateway speaks for it any more."""
    device = ports.devices.get(claim.tenant, claim.device or "")
    if device is not None and gateway_of(device) is not None:
        inventory.change_own(
            ports, claim.tenant, device.id, lambda own: {k: v for k, v in own.items() if k != "gateway"}
        )


def _found(ports: Ports, claim: Claim, name: Name) -> Device:
    device = ports.devices.get(claim.tenant, name.fleet_id)
    if device is None:
        return _registered(ports, claim, name)
    if not any(i.dialect == DIALECT for i in device.interfaces):
        raise Forbidden("it came in through another dialect")
    if device.id != claim.device and is_gateway(inventory.client_of(device)):
        raise Forbidden("it is a gateway itself")
    return device


def _registered(ports: Ports, claim: Claim, name: Name) -> Device:
    """Errors: NotFound (type), Forbidden."""
    if types.is_gateway(ports, claim.tenant, name.type):
        raise Forbidden("a gateway has to be registered")
    types.get(ports, claim.tenant, name.type)
    by = callers.of_gateway(claim.tenant, claim.device or claim.client, _ROLES, claim.client)
    try:
        return inventory.register(ports, by, Registration(name))[0]
    except DeviceDuplicate:
        # Two first messages at once: one of them registered it.
        found = ports.devices.get(claim.tenant, name.fleet_id)
        if found is None:
            raise
        return found


def _notify(ports: Ports, claim: Claim, uplink: Uplink, about: Name, error: FleetError) -> None:
    own = name_of(claim.device or "")
    if own is None:
        return
    body: dict[str, Any] = {
        "Request": "Publish",
        "Time": times.render(uplink.at),
        "Topic": uplink.topic,
        "Type": about.type,
        "Id": about.id,
        "Client": claim.client,
        "RC": next(code for kind, code in _STATUS if isinstance(error, kind)),
        "Message": str(error),
    }
    route = Route(DIALECT, claim.client, MQTT, claim.client, "")
    ports.delivery.message(route, topics.notification(own.type, own.id), payload.compact(body), PATIENCE)
