"""What each device is to be set to."""

from typing import Protocol

from chalicelib.fleet.configuration.records import Configuration


class Configurations(Protocol):
    def get(self, tenant: str, device: str) -> Configuration | None: ...
    def replace(self, old: Configuration, new: Configuration) -> bool: ...


class ConfigurationPorts(Protocol):
    @property
    def configurations(self) -> Configurations: ...
