"""A request as handlers see it, and what they answer."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from chalicelib.fleet.access.callers import Caller
from chalicelib.fleet.frozen import dataclass


class Headers(Mapping[str, str]):
    """Header fields; names in any case (RFC 9110 5.1)."""

    def __init__(self, fields: Mapping[str, str] | None = None) -> None:
        self._fields = {name.lower(): value for name, value in (fields or {}).items()}

    def __getitem__(self, name: str) -> str:
        return self._fields[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)


class Query(Mapping[str, str]):
    """Query parameters. Reading one gives the last value sent under that name; `every` gives all of them."""

    def __init__(self, values: Mapping[str, Sequence[str]] | None = None) -> None:
        self._values = {name: list(sent) for name, sent in (values or {}).items() if sent}

    def __getitem__(self, name: str) -> str:
        return self._values[name][-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def sent(self, name: str) -> list[str]:
        """The values as they came, one for each time that the name did."""
        return self._values.get(name, [])

    def every(self, name: str) -> list[str]:
        """All values, whether they came repeated or separated by commas."""
        return [part.strip() for value in self._values.get(name, ()) for part in value.split(",") if part.strip()]


@dataclass(frozen=True, slots=True)
class Request:
    """What a handler is given.

    `path` holds the path parameters, percent-decoded once; `asked` the declared parameters, checked and typed; `body`
    the parsed JSON of a route that takes one; `raw` the bytes as they came; `offered` which of the route's offers the
    client wants; `trace` is the gateway's id of the request, `address` where it came from as far as the gateway tells.
    `base` is what the client has to put before every path, as the name of a stage at API Gateway's own host.
    """

    method: str = "GET"
    path: Mapping[str, str] = field(default_factory=dict)
    query: Query = field(default_factory=Query)
    headers: Headers = field(default_factory=Headers)
    raw: bytes = b""
    caller: Caller | None = None
    asked: Mapping[str, Any] = field(default_factory=dict)
    body: Any = None
    offered: str = ""
    trace: str | None = None
    address: str = ""
    base: str = ""

    @property
    def by(self) -> Caller:
        """Who asks; only routes open to all are called without one."""
        if self.caller is None:
            raise RuntimeError("this route is open to all and has no caller")
        return self.caller

    @property
    def tenant(self) -> str:
        return self.by.tenant


@dataclass(frozen=True, slots=True)
class Raw:
    """A body that goes as it is, and its content type."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is `Raw` or becomes JSON, None is no body at all; `status` None means the route's own."""

    body: Any = None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
