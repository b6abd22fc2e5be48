"""What the answer to telemetry says of what waits for a device (Send Telemetry, "Response").

It is made of the device's mailbox, which was read anyway, and of what is remembered for a minute.
"""

from typing import Any

from chalicelib.dialects.xyte.identities import CONNECTOR, Identity
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.presence.mailbox import Mailbox

_NOTHING = {
    "config_version": 0,
    "command": False,
    "info_version": 0,
    "new_licenses": False,
    "latest_fw_version": None,
    "latest_fw_file_id": None,
    "space_data_version": 0,
    "success": True,
}


def unclaimed() -> dict[str, Any]:
    """Nothing waits for a device that nobody has; space 0 says that."""
    return dict(_NOTHING)


def of(found: Identity, mailbox: Mailbox, device: Device) -> dict[str, Any]:
    """Of an owner's device: with a head that was begun, too, or one that restarted would never end it."""
    return {
        **_NOTHING,
        "config_version": mailbox.version("configuration"),
        "command": mailbox.length(CONNECTOR) > 0,
        "info_version": found.about.info,
        "space_data_version": 1 + device.moves,
    }
