"""The outline of the land, as a path of SVG, from a topology (TopoJSON 1.0) in degrees.

One unit is a degree, the origin 0° 0°, and north is up: what a map of some hundred pixels can show.
"""

import json
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

Point = tuple[int, int]
_FEWEST = 4
"""Points of a ring; what has less at this size is no land that is seen."""


def module(topology: bytes) -> bytes:
    """A module of JavaScript that exports it as LAND."""
    return f'export const LAND = "{"".join(map(_drawn, _rings(json.loads(topology))))}";\n'.encode()


def _rings(topology: dict[str, Any]) -> Iterator[list[Point]]:
    (scale_x, scale_y), (first_x, first_y) = topology["transform"]["scale"], topology["transform"]["translate"]
    arcs = []
    for steps in topology["arcs"]:
        places = accumulate(steps, lambda before, step: [before[0] + step[0], before[1] + step[1]])
        arcs.append([(round(x * scale_x + first_x), -round(y * scale_y + first_y)) for x, y in places])
    for shape in topology["objects"]["land"]["geometries"]:
        for polygon in shape["arcs"]:
            for ring in polygon:
                # An arc that is named by the complement of its number is walked backwards.
                joined = [point for arc in ring for point in (arcs[arc] if arc >= 0 else arcs[~arc][::-1])]
                points = [p for n, p in enumerate(joined) if n == 0 or p != joined[n - 1]]
                if len(points) >= _FEWEST:
                    yield points


def _drawn(points: list[Point]) -> str:
    x, y = points[0]
    path = f"M{x} {y}l"
    for n, (next_x, next_y) in enumerate(points[1:]):
        across, down = next_x - x, next_y - y
        path += f"{'' if across < 0 or n == 0 else ' '}{across}{'' if down < 0 else ' '}{down}"
        x, y = next_x, next_y
    return f"{path}z"
