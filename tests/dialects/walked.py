"""What each dialect brings for the tests that walk through all of them: isolation, fuzzing.

`tests/dialects/NAME/inhabitant.py` has the class `Inhabitant`; a dialect that is in the registry is walked.
"""

import base64
import importlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol, cast

from chalicelib.dialects import registry
from chalicelib.dialects.dialect import Part
from chalicelib.web.routes import Route
from tests.fakes import MemoryPorts

CLIENT = "{client}"
"""Where a topic has the id of the client."""
WORD = "any-word"
"""Where a good message has room for a word of whoever sends it."""


class Login(NamedTuple):
    username: str
    client: str
    password: str

    def knocking(self, client: str | None = None) -> dict[str, Any]:
        """What a broker asks the authorizer about it; under another client id than its own, if that is said."""
        password = base64.b64encode(self.password.encode()).decode()
        mqtt = {"username": self.username, "password": password, "clientId": client or self.client}
        return {"protocols": ["tls", "mqtt"], "protocolData": {"tls": {"serverName": "x"}, "mqtt": mqtt}}


class Reply(Protocol):
    @property
    def status(self) -> int: ...
    @property
    def raw(self) -> bytes: ...


class Client(Protocol):
    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> Reply: ...


class Inhabitant(Protocol):
    """A tenant of a dialect with a client of the REST API, and a device of each mode."""

    def __init__(self, ports: MemoryPorts, name: str) -> None: ...
    @property
    def client(self) -> Client: ...
    @property
    def tenant(self) -> str: ...
    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody else may ever see."""

    def furnish(self, word: str) -> dict[str, str]:
        """One of everything, with that word wherever there is room for one; what there is, by its path parameter."""

    @property
    def logins(self) -> Mapping[str, Login]:
        """How clients come in over MQTT, by mode."""

    @property
    def speaking(self) -> Mapping[str, str]:
        """The device that logs in as one, by the path parameters that name it."""

    def posing(self, mode: str, victim: Mapping[str, Login]) -> Login:
        """As the victim's client of that mode, with credentials of one's own."""


class Messages(Protocol):
    """`tests/dialects/NAME/messages.py`, of a dialect that speaks MQTT."""

    GOOD: Mapping[str, Any]
    """One for every topic that its clients publish on, by a filter as narrow as its message, and for some others."""
    KNOWN: Mapping[str, str]
    """Levels of these filters that may name anything, as they name what its inhabitant has; CLIENT is who publishes."""
    IGNORED: frozenset[str]
    """Where whatever is said means nothing, and is no mistake either."""
    ANSWERED: Mapping[str, tuple[str | None, str]]
    """By the filter of an answer: the device whose command it may be, None for the client's own, and its connector."""
    SAYING_AGAIN: frozenset[str]
    """Where a good message may be what was known already."""


def messages(dialect: str) -> Messages:
    return cast("Messages", importlib.import_module(f"tests.dialects.{dialect}.messages"))


def written(good: Any, word: str) -> bytes:
    """A good message with that word in it."""
    text = good if isinstance(good, str) else good.decode() if isinstance(good, bytes) else json.dumps(good)
    return text.replace(WORD, word).encode()


def inhabitant(dialect: str, ports: MemoryPorts, name: str) -> Inhabitant:
    module = importlib.import_module(f"tests.dialects.{dialect}.inhabitant")
    return cast("Inhabitant", module.Inhabitant(ports, name))


def dialects() -> tuple[str, ...]:
    """Those with a REST API."""
    return registry.having(Part.REST)


def routes() -> list[tuple[str, Route]]:
    return [(name, route) for name in dialects() for api in registry.rest(name).APIS for route in api.routes]
