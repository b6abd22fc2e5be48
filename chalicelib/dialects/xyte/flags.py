"""What the answer to telemetry says of what waits for a device (Send Telemetry, "Response").

It is made of the device's mailbox, which was read anyway, and of what is remembered for a minute.
"""

from typing import Any

from chalicelib.dialects.xyte import doing, files, licences
from chalicelib.dialects.xyte.identities import Identity
from chalicelib.fleet.configuration import fetching
from chalicelib.fleet.inventory.records import Device
from chalicelib.fleet.ports import Ports
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


def of(ports: Ports, found: Identity, mailbox: Mailbox, device: Device) -> dict[str, Any]:
    """Of an owner's device: with a head that was begun, too, or one that restarted would never end it."""
    firmware = files.newest_firmware(ports, found)
    return {
        **_NOTHING,
        "config_version": mailbox.version(fetching.OF),
        "command": doing.waits(mailbox),
        "info_version": found.about.info,
        "new_licenses": licences.wait(mailbox),
        "latest_fw_version": firmware.version.id if firmware is not None else None,
        "latest_fw_file_id": firmware.id if firmware is not None else None,
        "space_data_version": 1 + device.moves,
    }
