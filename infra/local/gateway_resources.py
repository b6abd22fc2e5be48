"""The resources of a REST API, as API Gateway matches paths with them."""

import re
from collections.abc import Iterable


class Resources:
    def __init__(self, resources: Iterable[str]) -> None:
        """Paths with `{name}` for a segment and `{name+}` for all that is left."""
        # At each place a literal goes before a parameter, and that before the rest.
        ordered = sorted(resources, key=lambda path: [(_rank(part), part) for part in path.split("/")])
        self._patterns = [(_pattern(path.rstrip("/") or "/"), path) for path in ordered]

    def match(self, path: str) -> tuple[str, dict[str, str] | None] | None:
        """The resource and the path's parameters, both as they were sent: nothing is decoded."""
        # A slash at the end names the same resource, and is part of what a greedy parameter takes.
        for wanted in dict.fromkeys((path, path.rstrip("/") or "/")):
            for pattern, resource in self._patterns:
                if found := pattern.fullmatch(wanted):
                    return resource, found.groupdict() or None
        return None


def _rank(segment: str) -> int:
    return 0 if not segment.startswith("{") else 1 if not segment.endswith("+}") else 2


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile("/".join(_segment(segment) for segment in path.split("/")))


def _segment(segment: str) -> str:
    if segment.endswith("+}"):
        return f"(?P<{segment[1:-2]}>.+)"
    return f"(?P<{segment[1:-1]}>[^/]+)" if segment.startswith("{") else re.escape(segment)
