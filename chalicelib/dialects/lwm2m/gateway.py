"""What the CoAP gateway asks: whose an identity is, what to answer a device, and what to ask it next.

The gateway decides nothing. Every event carries the principal that a handshake proved; what was changed about it since
is seen here, and the gateway told to close what it has open.
"""

import base64
import logging
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dialects.lwm2m import auditing, bootstrap, foreseeing, registration, requesting, uplinks, wire, working
from chalicelib.dialects.lwm2m.modelled import model_of
from chalicelib.dialects.lwm2m.refusals import RefusedError
from chalicelib.dialects.lwm2m.uplinks import Notification
from chalicelib.dialects.lwm2m.wire import Answered, Heard, Said
from chalicelib.fleet.ports import Ports
from chalicelib.fleet.tenancy.records import Limit, Use
from chalicelib.fleet.twin import bootstrap as bootstrap_entries
from chalicelib.fleet.twin import identities, observing
from chalicelib.fleet.twin.bootstrap import BootstrapSpeaker
from chalicelib.fleet.twin.identities import Speaker

log = logging.getLogger(__name__)

Event = Mapping[str, Any]
_MOST, _WINDOW_S = 100, 10
_MOST_BOOTSTRAPS, _BOOTSTRAPS_S = 20, 60
_FORGET = {"forget": True}


def handle(ports: Ports, event: Event) -> dict[str, Any]:
    return HANDLERS[event["kind"]](ports, event)


def _identity(ports: Ports, event: Event) -> dict[str, Any]:
    """`{identity, serverName?}` to `{key, principal}`; empty for one that nobody has."""
    presented = base64.b64decode(event["identity"])
    found = _DOORS[event["door"]](ports, presented)
    if found is None:
        return {}
    speaker, secret = found
    return {"key": base64.b64encode(secret).decode(), "principal": speaker.credential.principal}


def _request(ports: Ports, event: Event) -> dict[str, Any]:
    if event["door"] == wire.BOOTSTRAP:
        return _bootstrap_request(ports, event)
    heard = Heard.of(event)
    known = identities.reporter if heard.path[:1] == (uplinks.DP,) else identities.speaker
    speaker = known(ports, event["principal"])
    if speaker is None:
        return {**Said(wire.FORBIDDEN).told(), **_FORGET}
    try:
        _spend(ports, speaker)
        return _served(ports, speaker, heard).told()
    except RefusedError as error:
        auditing.refuse(
            ports, speaker, heard.event, str(error), {"path": "/".join(heard.path)[:256], "code": error.code}
        )
        return Said(error.code, max_age=_WINDOW_S if error.code == wire.BUSY else None).told()


def _bootstrap_request(ports: Ports, event: Event) -> dict[str, Any]:
    speaker = bootstrap_entries.speaker_of(ports, event["principal"])
    if speaker is None:
        return {**Said(wire.FORBIDDEN).told(), **_FORGET}
    try:
        _spend_bootstrap(ports, speaker)
        return bootstrap.request(ports, speaker, Heard.of(event)).told()
    except RefusedError as error:
        bootstrap.refuse(ports, speaker, str(event["id"]), str(error))
        return Said(error.code, max_age=_BOOTSTRAPS_S if error.code == wire.BUSY else None).told()


def _served(ports: Ports, speaker: Speaker, heard: Heard) -> Said:
    match heard.path[:1]:
        case (registration.RD,):
            return registration.serve(ports, speaker, heard)
        case (uplinks.DP,):
            return uplinks.sent(ports, speaker, heard)
    raise RefusedError(wire.NOT_FOUND, "there is nothing at this path")


def _notification(ports: Ports, event: Event) -> dict[str, Any]:
    """An answer of a device that nobody asked for just now, `{token, newest, at}` beside it; to `{accepted}`."""
    speaker = identities.reporter(ports, event["principal"])
    if speaker is None:
        return {"accepted": False, **_FORGET}
    told = Notification(
        str(event["token"]), Answered.of(event), str(event["id"]), int(event["at"]), bool(event["newest"])
    )
    try:
        _spend(ports, speaker)
    except RefusedError as error:
        auditing.refuse(ports, speaker, told.event, str(error))
        raise
    accepted, awake = uplinks.notified(ports, speaker, told)
    return {"accepted": accepted, "awaited": awake}


def _observation(ports: Ports, event: Event) -> dict[str, Any]:
    """`{token}` to `{request}`: what began the observation that a notification in blocks is of."""
    speaker = identities.speaker(ports, event["principal"])
    if speaker is None:
        return {}
    found = observing.notified(ports, speaker.tenant, speaker.device.id, str(event["token"]))
    if found is None:
        return {}
    asked = requesting.observation(model_of(ports, speaker), found.paths, found.token)
    return {"request": asked.told()}


def _next(ports: Ports, event: Event) -> dict[str, Any]:
    """`{holder, awaited, done?, leaving?}`: what came of the last request; to the next, as `working.next_of` tells.

    Whoever is `leaving` is given nothing more.
    """
    if event["door"] == wire.BOOTSTRAP:
        return _next_of_bootstrap(ports, event)
    speaker = identities.speaker(ports, event["principal"])
    if speaker is None:
        return dict(_FORGET)
    if "done" in event:
        working.done(ports, speaker, event["done"])
    if event.get("leaving"):
        return {}
    return working.next_of(ports, speaker, str(event["holder"]), awaited=bool(event["awaited"]))


def _next_of_bootstrap(ports: Ports, event: Event) -> dict[str, Any]:
    speaker = bootstrap_entries.speaker_of(ports, event["principal"])
    if speaker is None:
        return dict(_FORGET)
    if "done" in event:
        bootstrap.done(ports, speaker, event["done"])
    if event.get("leaving"):
        return {}
    return bootstrap.next_of(ports, speaker, str(event["holder"]))


def _refused(ports: Ports, event: Event) -> dict[str, Any]:
    """`{why, identity, address}`: a handshake that came to nothing; of an unknown identity only the log can tell."""
    presented, reason = base64.b64decode(event["identity"]), f"a handshake was refused: {event['why']}"
    if event["door"] == wire.BOOTSTRAP:
        known = bootstrap_entries.look_up(ports, presented)
        if known is not None:
            bootstrap.refuse(ports, known[0], str(event["id"]), reason)
            return {}
    found = identities.look_up(ports, presented) if event["door"] == wire.RUN else None
    if found is None:
        log.warning("a handshake with an identity that nobody has came from %s", event.get("address"))
        return {}
    content = {"address": str(event.get("address")), "identity": found[0].credential.identity}
    auditing.refuse(ports, found[0], str(event["id"]), reason, content)
    return {}


def _malformed(ports: Ports, event: Event) -> dict[str, Any]:
    speaker = identities.speaker(ports, event["principal"]) if event["door"] == wire.RUN else None
    if speaker is not None:
        auditing.refuse(ports, speaker, str(event["id"]), f"no CoAP message: {event['why']}")
    return {}


def _batch(ports: Ports, event: Event) -> dict[str, Any]:
    """`{events}` that came within one moment, to `{answers}` in their order; `{failed}` for one that was not kept.

    One that fails holds up no other, and is told apart: its device gets no acknowledgement and repeats it.
    """
    with foreseeing.foreseen(ports, event["events"]):
        return {"answers": [_of_batch(ports, each) for each in event["events"]]}


def _of_batch(ports: Ports, event: Event) -> dict[str, Any]:
    try:
        return HANDLERS[event["kind"]](ports, event)
    except Exception as error:  # the others of the batch are answered all the same
        log.exception("an event of a batch failed")
        return {"failed": type(error).__name__}


def _ping(_ports: Ports, _event: Event) -> dict[str, Any]:
    """Whether anybody answers."""
    return {}


def _spend(ports: Ports, speaker: Speaker) -> None:
    """Raises RefusedError where the device, or its tenant, has said too much."""
    tenants = [one for one in ports.tenants.settings(speaker.tenant).limits if one.use is Use.MESSAGES]
    own = Limit(Use.MESSAGES, _MOST, _WINDOW_S, f"device {speaker.device.id}")
    if ports.windows.spend(speaker.tenant, [own, *tenants], ports.clock.now()) is not None:
        raise RefusedError(wire.BUSY, "more messages than the device, or its tenant, may send")


def _spend_bootstrap(ports: Ports, speaker: BootstrapSpeaker) -> None:
    """Raises RefusedError: each may write new credentials."""
    own = Limit(Use.MESSAGES, _MOST_BOOTSTRAPS, _BOOTSTRAPS_S, f"bootstrap {speaker.entry.endpoint}")
    if ports.windows.spend(speaker.tenant, [own], ports.clock.now()) is not None:
        raise RefusedError(wire.BUSY, "more bootstraps than a device may ask for")


_DOORS: dict[str, Callable[[Ports, bytes], tuple[Speaker | BootstrapSpeaker, bytes] | None]] = {
    wire.RUN: identities.look_up,
    wire.BOOTSTRAP: bootstrap_entries.look_up,
}
HANDLERS: dict[str, Callable[[Ports, Event], dict[str, Any]]] = {
    "identity": _identity,
    "request": _request,
    "notification": _notification,
    "observation": _observation,
    "next": _next,
    "refused": _refused,
    "malformed": _malformed,
    "batch": _batch,
    "ping": _ping,
}
