"""What a whole fleet may do at once, how many of it a second, and what the busiest keys of the tables take of that."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.scale.quotas import Quotas

FIRST, RECONNECT, TELEMETRY = "first connection", "reconnect", "telemetry"
IMPORT, COMMAND = "import", "command"
EVENTS = (FIRST, TELEMETRY, RECONNECT, IMPORT, COMMAND)
USUAL_INTERVAL = 300
"""Seconds between two messages of a usual device."""
WARM = 4_000
"""Writes a second that a new table or index takes at once."""


@dataclass(frozen=True, slots=True)
class Load:
    """Of one device in an event: write units in a table or index, and those of its key that takes most."""

    path: str
    writes: float
    hottest: float


@dataclass(frozen=True, slots=True)
class Hot:
    """Writes a second: of the whole table or index, and of its busiest key."""

    path: str
    writes: float
    key: float


@dataclass(frozen=True, slots=True)
class Pace:
    """So many devices a second, and the key that lets no more through; None where something else is the limit."""

    event: str
    devices: float
    bound: str | None


def offered(event: str, devices: int, quotas: Quotas) -> float:
    """Devices a second that the rest of AWS lets through."""
    if event == TELEMETRY:
        return min(devices / USUAL_INTERVAL, quotas.publishes)
    if event == IMPORT:
        return quotas.api_requests
    if event == COMMAND:
        # A delivery waits a third of a second for a device's acknowledgement.
        return min(quotas.reserved_for_delivery / 0.35, quotas.api_requests)
    return quotas.connects


def hot(loads: Sequence[Load], rate: float) -> list[Hot]:
    """The busiest first."""
    found = [Hot(load.path, load.writes * rate, load.hottest * rate) for load in loads if load.writes]
    return sorted(found, key=lambda each: -each.key)


def pace(event: str, loads: Sequence[Load], devices: int, quotas: Quotas) -> Pace:
    """What goes beyond it is refused: firmware and clients come again."""
    rate = offered(event, devices, quotas)
    busiest = max(loads, key=lambda load: load.hottest)
    most = quotas.key_writes / busiest.hottest if busiest.hottest else rate
    return Pace(event, rate, None) if most >= rate else Pace(event, most, busiest.path)


def table(loads: Mapping[str, Sequence[Load]], devices: int, quotas: Quotas) -> str:
    lines = []
    for event, each in loads.items():
        found = pace(event, each, devices, quotas)
        limit = f"bounded by a key of {found.bound}" if found.bound else "no key is the limit"
        lines.append(f"\n{event}: {found.devices:,.0f} devices a second, {limit}")
        lines += [
            f"  {one.path:32}{one.writes:>9,.0f} writes/s{one.key:>8,.0f} into one key"
            for one in hot(each, found.devices)
        ]
        still = [load.path for load in each if not load.writes]
        lines.append(f"  none: {', '.join(still)}")
    return "\n".join(lines)
