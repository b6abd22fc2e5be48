"""What the gateway tells and is told, as JSON: requests of devices and their answers, and what devices are to be asked.

Codes are text as the standard writes them (`4.04`), methods their names, payloads base64.
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.fleet.frozen import dataclass

CREATED, DELETED, CHANGED, CONTENT = "2.01", "2.02", "2.04", "2.05"
BAD_REQUEST, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED = "4.00", "4.03", "4.04", "4.05"
PRECONDITION_FAILED, UNSUPPORTED_FORMAT, BUSY = "4.12", "4.15", "5.03"

RUN, BOOTSTRAP = "run", "bootstrap"
"""The doors: one port each."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A request of a device. `event` names it, `query` as it came, `address` and `port` are where from."""

    event: str
    method: str
    path: tuple[str, ...]
    query: tuple[str, ...] = ()
    format: int | None = None
    payload: bytes = b""
    address: str | None = None
    port: int | None = None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Heard":
        return cls(
            str(told["id"]),
            str(told["method"]),
            tuple(told["path"]),
            tuple(told.get("query", ())),
            told.get("format"),
            payload_of(told),
            told.get("address"),
            told.get("port"),
        )

    def argument(self, name: str) -> str | None:
        """The value of the first `name=…` of the query; empty where there is no `=`."""
        for each in self.query:
            found, _, value = each.partition("=")
            if found == name:
                return value
        return None


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to a device. `idle` is after how many seconds of silence its association may end.

    `awaited` says that the device has just shown up: what waits for it may be sent now.
    """

    code: str
    location: Sequence[str] = ()
    max_age: int | None = None
    idle: int | None = None
    awaited: bool = False

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {"code": self.code}
        if self.location:
            told["location"] = list(self.location)
        if self.max_age is not None:
            told["maxAge"] = self.max_age
        if self.idle is not None:
            told["idle"] = self.idle
        return {**told, "awaited": True} if self.awaited else told


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to a device. `observe` 0 begins an observation and 1 ends it, under `token`; `answer` in seconds."""

    method: str
    path: tuple[str, ...]
    payload: bytes = b""
    format: int | None = None
    accept: int | None = None
    query: tuple[str, ...] = ()
    observe: int | None = None
    token: str | None = None
    answer: int | None = None

    def told(self) -> dict[str, Any]:
        told: dict[str, Any] = {"method": self.method, "path": list(self.path)}
        if self.payload:
            told["payload"] = base64.b64encode(self.payload).decode()
        optional = {
            "format": self.format,
            "accept": self.accept,
            "observe": self.observe,
            "token": self.token,
            "answer": self.answer,
        }
        told |= {name: value for name, value in optional.items() if value is not None}
        return {**told, "query": list(self.query)} if self.query else told


@dataclass(frozen=True, slots=True)
class Answered:
    """What a device answered; `observing` says whether it will notify."""

    code: str
    format: int | None = None
    payload: bytes = b""
    observing: bool = False

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Answered":
        return cls(str(told["code"]), told.get("format"), payload_of(told), bool(told.get("observing")))

    @property
    def succeeded(self) -> bool:
        return self.code.startswith("2.")

    @property
    def number(self) -> int:
        """As HTTP writes such codes: 404."""
        kind, _, detail = self.code.partition(".")
        return int(kind) * 100 + int(detail)

    @property
    def reason(self) -> str:
        words = _REASONS.get(self.number)
        return f"{self.number} {words}" if words else str(self.number)


_REASONS = {
    400: "bad request",
    401: "unauthorized",
    402: "bad option",
    403: "forbidden",
    404: "not found",
    405: "method not allowed",
    406: "not acceptable",
    408: "request entity incomplete",
    409: "conflict",
    412: "precondition failed",
    413: "request entity too large",
    415: "unsupported content format",
    422: "unprocessable entity",
    500: "internal server error",
    501: "not implemented",
    502: "bad gateway",
    503: "service unavailable",
    504: "gateway timeout",
    505: "proxying not supported",
}


def payload_of(told: Mapping[str, Any]) -> bytes:
    return base64.b64decode(told.get("payload", ""))
