"""The dialects, each imported when it is first spoken."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from chalicelib.dialects.dialect import Dialect, Part
from chalicelib.fleet.errors import Invalid

if TYPE_CHECKING:
    from chalicelib.dialects.topics import Downlink, Topic, Uplink
    from chalicelib.fleet.access.callers import Caller
    from chalicelib.fleet.access.doors import Door
    from chalicelib.fleet.commands.records import Command, Terms
    from chalicelib.fleet.configuration.records import Update
    from chalicelib.fleet.due import Keeper
    from chalicelib.fleet.events.events import Event
    from chalicelib.fleet.ports import Ports
    from chalicelib.fleet.presence.admitting import Candidate
    from chalicelib.fleet.presence.claims import Claim
    from chalicelib.fleet.presence.records import Route
    from chalicelib.fleet.queues.records import QueuedMessage
    from chalicelib.fleet.resources.updates import Offer
    from chalicelib.web.routes import Api

NAMES = (
    "live_objects",
    "ibm",
    "cumulocity",
    "lwm2m",
    "xyte",
)
"""Every dialect there is; each says in its own package what it has."""

SETTING = "HOMEPORT_DIALECTS"
"""Those that a stage speaks, by commas; all where nothing is said."""


class Refused(Exception):
    """A client may not come in. `caller` is who it is, as far as that is known; `code` what the vendor would answer."""

    def __init__(self, reason: str, code: int, caller: Caller | None = None) -> None:
        super().__init__(reason)
        self.code = code
        self.caller = caller


class Malformed(Invalid):
    """A message that cannot be understood; the sentence goes to the audit log, about `speaker` if there is one."""

    def __init__(self, reason: str, speaker: Claim | None = None) -> None:
        super().__init__(reason)
        self.speaker = speaker


class Topics(Protocol):
    TOPICS: tuple[Topic, ...]
    ROOTS: tuple[str, ...]
    WILLS: bool
    DOORS: Mapping[str, Door]
    """What each mode needs of a caller."""
    ANSWERS: tuple[str, ...]


class Login(Protocol):
    KEEPS_SESSIONS: bool
    """Whether the original platform goes on with an earlier session of a client that asks for it."""

    def recognises(self, username: str, client: str) -> bool: ...
    def ignores_client_id(self, username: str) -> bool:
        """Whether clients of that user name may call themselves what they like, also all the same."""

    def authenticate(
        self,
        ports: Ports,
        *,
        username: str,
        password: str,
        client: str,
        server_name: str | None,
        secured: bool = True,
        address: str = "",
    ) -> tuple[Caller, Candidate]:
        """`secured` says whether TLS protects the connection, `address` where it comes from, if that is known.

        Errors: Refused.
        """


class Receiver(Protocol):
    def receive(self, ports: Ports, claim: Claim, uplink: Uplink) -> Claim | None:
        """Who spoke, where that is not the client itself but a node behind it. Errors: Malformed."""


class Observer(Protocol):
    def observe(self, ports: Ports, claim: Claim, event: Mapping[str, Any]) -> None:
        """A lifecycle event of a client, after the fleet has written down what it means."""

    def fenced(self, ports: Ports, claim: Claim, at: int) -> None:
        """The client id has been taken from who held that claim."""


D_co = TypeVar("D_co", covariant=True)


class Codec(Protocol[D_co]):
    """Writes downlinks in the form that one transport carries."""

    def command(self, command: Command, route: Route) -> D_co: ...
    def configuration(self, update: Update, route: Route) -> D_co: ...
    def resource(self, offer: Offer, route: Route) -> D_co: ...


class MqttCodec(Protocol):
    def command(self, command: Command, route: Route) -> Downlink | None:
        """None where the client listens to nothing that could carry it."""

    def configuration(self, update: Update, route: Route) -> Downlink: ...
    def resource(self, offer: Offer, route: Route) -> Downlink: ...
    def queued(self, message: QueuedMessage) -> Downlink:
        """A message of a queue, for an application."""


class Writer(Protocol):
    def command(self, ports: Ports, command: Command, route: Route) -> Downlink | None:
        """As the codec, with what has to be looked up for it."""


class Wording(Protocol):
    def word(self, ports: Ports, tenant: str, device: str, request: Any) -> Any:
        """What a device of this dialect is asked by a request; None where the request says so itself."""


class Granting(Protocol):
    TERMS: Mapping[str, Terms]
    """By connector; under "" for every other one."""


class Events(Protocol):
    def render(self, event: Event) -> bytes: ...
    def is_queue(self, kind: str) -> bool:
        """Whether a destination of that kind is a queue."""


class Listener(Protocol):
    def hear(self, ports: Ports, event: Event) -> None:
        """An event of the fleet that one of this dialect's own policies asks for."""


class Resumer(Protocol):
    def resume(self, ports: Ports, matter: Mapping[str, Any]) -> None:
        """Look again at what the dialect has put off; perhaps twice."""


class Keeping(Protocol):
    KEEPERS: Mapping[str, Keeper]
    """Who keeps what falls due of this dialect's own documents, by their kind."""


class Rest(Protocol):
    APIS: tuple[Api, ...]


def enabled() -> tuple[str, ...]:
    """Those that this stage speaks. ValueError where its setting names one that is not there."""
    return chosen(os.environ.get(SETTING, ""))


def chosen(text: str) -> tuple[str, ...]:
    """Names by commas; none is all. Errors: ValueError."""
    wanted = {name.strip() for name in text.split(",")} - {""}
    if unknown := sorted(wanted - set(NAMES)):
        raise ValueError(f"there is no dialect {unknown[0]}; there are {', '.join(NAMES)}")
    return tuple(name for name in NAMES if name in wanted or not wanted)


def having(part: Part, names: Iterable[str] = NAMES) -> tuple[str, ...]:
    """Which of these dialects are there and have that part."""
    return tuple(name for name in names if name in NAMES and part in described(name).parts)


def described(dialect: str) -> Dialect:
    if dialect not in NAMES:
        raise ValueError(f"there is no dialect {dialect}")
    return cast("Dialect", importlib.import_module(f"chalicelib.dialects.{dialect}").DIALECT)


def topics(dialect: str) -> Topics:
    return cast("Topics", _module(dialect, Part.TOPICS))


def login(dialect: str) -> Login:
    return cast("Login", _module(dialect, Part.LOGIN))


def receiver(dialect: str) -> Receiver:
    return cast("Receiver", _module(dialect, Part.MQTT))


def prepare(dialect: str, part: Part) -> None:
    """Import a part before it is asked for."""
    _module(dialect, part)


def observer(dialect: str) -> Observer | None:
    """Who wants to see the lifecycle events themselves; most dialects do not."""
    return cast("Observer", _module(dialect, Part.LIFECYCLE)) if dialect in having(Part.LIFECYCLE) else None


def codec(dialect: str) -> MqttCodec:
    return cast("MqttCodec", _module(dialect, Part.CODEC))


def writer(dialect: str) -> Writer | None:
    """Who writes commands with what is looked up; most dialects need nothing for that."""
    return cast("Writer", _module(dialect, Part.WRITING)) if Part.WRITING in described(dialect).parts else None


def wording(dialect: str) -> Wording:
    return cast("Wording", _module(dialect, Part.WORDING))


def terms(dialect: str) -> Granting:
    return cast("Granting", _module(dialect, Part.TERMS))


def events(dialect: str) -> Events:
    return cast("Events", _module(dialect, Part.EVENTS))


def listener(dialect: str) -> Listener:
    return cast("Listener", _module(dialect, Part.LISTENING))


def resumer(dialect: str) -> Resumer:
    return cast("Resumer", _module(dialect, Part.RESUMING))


def keepers() -> dict[str, Keeper]:
    """Those of all dialects that this stage speaks."""
    named = having(Part.KEEPERS, enabled())
    every = [cast("Keeping", _module(name, Part.KEEPERS)).KEEPERS for name in named]
    return {kind: keeper for several in every for kind, keeper in several.items()}


def rest(dialect: str) -> Rest:
    return cast("Rest", _module(dialect, Part.REST))


def _module(dialect: str, part: Part) -> Any:
    if part not in described(dialect).parts:
        raise ValueError(f"the dialect {dialect} has no {part}")
    return importlib.import_module(f"chalicelib.dialects.{dialect}.{part}")
