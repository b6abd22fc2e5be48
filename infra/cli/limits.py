"""Rates, counts and durations, as operators write them; `none` lifts what was set."""

import re
from datetime import timedelta
from typing import Final

import click

NONE: Final = "none"
UNLIMITED: Final = (0, 0)
UNCOUNTED: Final = -1
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


class Duration(click.ParamType):
    """A span such as 90m, 12h, 30d or 2w."""

    name = "duration"

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"(?P<count>[1-9]\d{0,5})(?P<unit>[mhdw])", value)
        if found is None:
            self.fail(f"{value!r} is no duration: give a number and m, h, d or w, such as 30d", param, ctx)
        return timedelta(**{_UNITS[found["unit"]]: int(found["count"])})


class Span(Duration):
    """A duration, or `none`, which is timedelta(0)."""

    def convert(self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        return timedelta(0) if value == NONE else super().convert(value, param, ctx)


class Rate(click.ParamType):
    """So many in so many seconds, such as 600/60, or `none`, which is UNLIMITED."""

    name = "rate"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        if isinstance(value, tuple):
            return value
        found = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,4})", value)
        if found is None and value != NONE:
            self.fail(f"{value!r} is no rate: give a number and seconds, such as 600/60, or none", param, ctx)
        return (int(found[1]), int(found[2])) if found else UNLIMITED


class Count(click.ParamType):
    """A whole number, or `none`, which is UNCOUNTED."""

    name = "count"

    def convert(self, value: str | int, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        if value == NONE:
            return UNCOUNTED
        if not re.fullmatch(r"\d{1,15}", value):
            self.fail(f"{value!r} is no count: give a whole number, or none", param, ctx)
        return int(value)
