"""Which names an expression of a binary description may use."""

from dataclasses import dataclass, field

from chalicelib.fleet.data.decoding.layout import REFERABLE


@dataclass(slots=True)
class Scope:
    """The names declared so far, by their path from the root; names are compared in lower case."""

    _open: list[str] = field(default_factory=list)
    _types: dict[str, str] = field(default_factory=dict)
    _repeated: set[str] = field(default_factory=set)
    _unnamed: int = 0

    @property
    def depth(self) -> int:
        return len(self._open)

    def path(self, name: str) -> str:
        return ".".join([*self._open[-1:], name])

    def declare(self, name: str, type_name: str, *, repeated: bool) -> str | None:
        """Make `name` known in the innermost structure and return its path; None if it is known already."""
        path = self.path(name)
        if path in self._types:
            return None
        self._types[path] = type_name
        if repeated:
            self._repeated.add(path)
        return path

    def enter(self, path: str) -> None:
        """Go into a structure; one without a name gets one that no expression can spell."""
        if not path:
            self._unnamed += 1
            path = self.path(f"#{self._unnamed}")
        self._open.append(path)

    def leave(self) -> None:
        self._open.pop()

    def resolve(self, name: str) -> str | None:
        """The path that `name` means here: the innermost structure that knows it wins."""
        candidates = (f"{prefix}.{name}" if prefix else name for prefix in [*reversed(self._open), ""])
        return next((path for path in candidates if path in self._types), None)

    def objection(self, path: str) -> str | None:
        """Why the value at a known `path` is not usable in an expression here; None if it is."""
        if self._types[path] not in REFERABLE:
            return "is not an integer"
        parts = path.split(".")
        outer = {".".join(parts[:length]) for length in range(1, len(parts))}
        if path in self._repeated or outer & self._repeated - set(self._open):
            return "has more than one value"
        return None
