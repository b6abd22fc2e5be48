"""Commands in the words of the dialect of their device, where those depend on what the device can do.

Only the description of each dialect is looked at for devices of any other one.
"""

from typing import Any

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.fleet import ids
from chalicelib.fleet.ports import Ports


class DialectWordings:
    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def of(self, tenant: str, device: str, request: Any) -> Any:
        named = ids.device_name(device)
        if named is None:
            return None
        for dialect in registry.having(Part.WORDING, registry.enabled()):
            if registry.described(dialect).namespace == named[0]:
                return registry.wording(dialect).word(self._ports, tenant, device, request)
        return None
