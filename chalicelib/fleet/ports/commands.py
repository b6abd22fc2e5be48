"""Commands, and when they are looked at again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.commands.records import Command, Terms


class Commands(Protocol):
    def create(self, command: Command) -> None:
        """Errors: CommandDuplicate."""

    def get(self, tenant: str, command: str) -> Command | None: ...
    def replace(self, old: Command, new: Command) -> bool: ...
    def delete(self, tenant: str, command: str) -> None: ...
    def of_device(
        self, tenant: str, device: str, *, start: int | None, end: int | None, descending: bool
    ) -> Iterator[Command]:
        """In order of creation; lazily, so that a page costs a page."""

    def count(self, tenant: str, device: str, *, start: int | None, end: int | None) -> int: ...
    def due(self, *, after: int, until: int) -> Iterator[tuple[str, str, str]]:
        """(tenant, device, command) of all with after < check_at <= until, nearest first within a shard."""


class RouteTerms(Protocol):
    def of(self, dialect: str, connector: str) -> Terms:
        """What an interface of that dialect and connector grants every command."""


class Wordings(Protocol):
    def of(self, tenant: str, device: str, request: Any) -> Any:
        """How the device's dialect puts a request into words, as of now; None where it is read off the request."""


class Deadlines(Protocol):
    def start(self, name: str, due: int, subject: dict[str, Any]) -> bool:
        """Whether it runs, now or already; starting the same twice starts one."""

    def stop(self, name: str) -> None: ...


class CommandPorts(Protocol):
    @property
    def commands(self) -> Commands: ...
    @property
    def terms(self) -> RouteTerms: ...
    @property
    def wordings(self) -> Wordings: ...
    @property
    def deadlines(self) -> Deadlines: ...
