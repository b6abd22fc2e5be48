"""What each device is to be set to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.configuration.records import Configuration


class Configurations(Protocol):
    def get(self, tenant: str, device: str) -> Configuration | None: ...
    def replace(self, old: Configuration, new: Configuration) -> bool: ...


class ConfigurationPorts(Protocol):
    @property
    def configurations(self) -> Configurations: ...
