"""Who devices are before they are somebody's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from chalicelib.fleet.access.directory import Entry


class Directory(Protocol):
    def create(self, entry: Entry) -> bool:
        """All or nothing; False if its id or one of its names is taken."""

    def get(self, entry: str) -> Entry | None:
        """As it was a minute ago at most."""

    def current(self, entry: str) -> Entry | None: ...
    def named(self, name: str) -> str | None:
        """The id of the entry that has this name."""

    def sharing(self, proof: str) -> list[str]:
        """The ids of all entries that have this proof, in no order."""

    def replace(self, old: Entry, new: Entry) -> bool:
        """Its id, maker, names and proofs stay. What was noted of it goes where its owner is another."""

    def delete(self, old: Entry) -> bool:
        """With its names and proofs; False if it has changed since it was read."""

    def note(self, entry: Entry, last: Mapping[str, Any]) -> bool:
        """What it said last, in place of what it said before; False where its owner has changed, or it is gone."""

    def noted(self, entry: str) -> Mapping[str, Any] | None: ...


class DirectoryPorts(Protocol):
    @property
    def directory(self) -> Directory: ...
