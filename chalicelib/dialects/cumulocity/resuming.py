"""What was put off for a moment: rows of a device that had to wait for each other."""

from collections.abc import Mapping
from typing import Any

from chalicelib.dialects.cumulocity.smartrest import reporting
from chalicelib.fleet.ports import Ports


def resume(ports: Ports, matter: Mapping[str, Any]) -> None:
    if matter["kind"] == "inbox":
        reporting.resume(ports, str(matter["tenant"]), str(matter["device"]))
