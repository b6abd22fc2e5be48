"""What it takes to reach devices that have a model."""

from typing import Protocol


class CoapGateways(Protocol):
    """The processes that devices with a model are connected to; a principal is whoever a handshake proved.

    What is told is a hint: a process that misses it finds out by itself when the device speaks, or within a minute.
    """

    @property
    def uri(self) -> str:
        """Where devices register, `coaps://host:port`; empty where nothing serves them."""

    def wake(self, principal: str) -> None:
        """Something waits for the device."""

    def forget(self, principal: str) -> None:
        """Its secret is another or none: what it has open ends."""


class TwinPorts(Protocol):
    @property
    def coaps(self) -> CoapGateways: ...
