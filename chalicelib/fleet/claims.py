"""Claims: which tenant, device and mode an MQTT client id belongs to.

A broker knows one connection per client id for the whole account, so an id belongs to whoever connected with it first,
until it is released with its device or by an operator.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.fleet.devices import Interface


@dataclass(frozen=True, slots=True)
class Claim:
    """`device` is None for clients that are not devices; `key` is the id of the key of the last accepted connection.

    `seen` is the day (ms) of that connection, kept for clients that are not devices: their ids are often made up for
    one run of a program, and are forgotten in time.
    """

    client: str
    tenant: str
    dialect: str
    mode: str
    key: str
    created: int
    device: str | None = None
    connector: str = ""
    username: str = ""
    enabled: bool = True
    keep_alive: int | None = None
    server_name: str | None = None
    certificate: bool = False
    secured: bool = True
    seen: int | None = None

    def holds(self, tenant: str, interface: "Interface") -> bool:
        """Whether this is the claim of that interface of that tenant."""
        return self.tenant == tenant and self.connector == interface.connector and self.client == interface.node
