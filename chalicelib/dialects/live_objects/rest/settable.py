"""Devices of other dialects, some of which have neither parameters nor resources to be set (manual 8.2, 9.7)."""

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Settable
from chalicelib.fleet import ids
from chalicelib.fleet.errors import Conflict
from chalicelib.fleet.ports import Ports


def ensure(ports: Ports, tenant: str, device: str, what: Settable) -> None:
    """Errors: Conflict (nobody would ever tell the device).

    Only of devices whose id is of a dialect's own is looked which dialects they speak.
    """
    named = ids.device_name(device)
    owner = next((d for d in registry.NAMES if named and registry.described(d).namespace == named[0]), None)
    if owner is None or what in registry.described(owner).settable:
        return
    found = ports.devices.get(tenant, device)
    spoken = {interface.dialect for interface in found.interfaces} if found is not None else set()
    if found is not None and not any(what in registry.described(dialect).settable for dialect in spoken):
        raise Conflict(f"device {device} speaks {owner}, which knows no {what} to set: send it a command")
