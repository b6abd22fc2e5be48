"""Alarms as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from chalicelib.fleet.ports.answers import Page

if TYPE_CHECKING:
    from chalicelib.fleet.data.alarm_records import Alarm, Seat


class Alarms(Protocol):
    """`replace` writes all but what raises count: `count`, `time`, `raised` and `seen`."""

    def get(self, tenant: str, alarm: str) -> Alarm | None: ...
    def some(self, tenant: str, alarms: Sequence[str]) -> list[Alarm]:
        """Those that are there, in the order they were asked for."""

    def create(self, alarm: Alarm, kept: int | None = None) -> bool:
        """One that has no seat, for `kept` seconds; False if the number is taken."""

    def void(self, tenant: str, alarm: str, until: int) -> bool:
        """Let nobody make it before `until` (s); False if it is there by now, True also where it was voided before."""

    def reopen(self, old: Alarm, new: Alarm, seat: Seat) -> bool:
        """As `replace`, and give it the seat, which was read so."""

    def repeat(self, seat: Seat, time: int, stamp: str) -> Alarm | None:
        """The alarm that has the seat, raised once more at `time`, at the latest so far, by the latest stamp so far.

        None where the alarm is not open, or this is not the latest.
        """

    def recount(self, old: Alarm, time: int, raised: str, stamp: str) -> Alarm | None:
        """As `repeat`, with what is the latest; None where the alarm is not as it was read, or not open."""

    def replace(self, old: Alarm, new: Alarm, *, kept: int | None = None, not_after: str | None = None) -> bool:
        """Kept for `kept` seconds from now on, None for ever; only if it was not raised after the stamp `not_after`."""

    def delete(self, tenant: str, alarm: str) -> None: ...
    def seat(self, tenant: str, source: str, type_: str) -> Seat:
        """Nobody's, of revision 0, where there is none."""

    def replace_seat(self, old: Seat, new: Seat) -> bool: ...
    def seated(self, tenant: str, source: str) -> list[str]:
        """The alarms that have seats of that source; some may not be open any more."""

    def of_source(self, tenant: str, source: str, *, before: str | None, limit: int) -> Page[Alarm]:
        """Newest first; a moment late, and a page may be short although there is a cursor."""

    def of_tenant(self, tenant: str, *, is_open: bool, before: str | None, limit: int) -> Page[Alarm]:
        """As `of_source`, of all sources."""
